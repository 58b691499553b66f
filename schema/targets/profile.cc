#include "schema/targets/profile.h"

#include <absl/strings/numbers.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "schema/base/fields.h"
#include "schema/base/status.h"

namespace mreg::targets {
namespace {

constexpr size_t kMaxTypeSets = 10'000;
constexpr size_t kMaxKernels = 50'000;
constexpr size_t kMaxFieldBytes = 64 << 10;

std::optional<int64_t> ToNumber(std::string_view text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number)) return std::nullopt;
  if (number < 0) return std::nullopt;
  return number;
}

bool IsPlain(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter != 0x7f; });
}

// One line's texts by the member that takes them.
struct TextField {
  std::string_view name;
  std::string Profile::*member;
};

constexpr std::array<TextField, 7> kTextFields = {{
    {"title", &Profile::title},
    {"source", &Profile::source},
    {"base", &Profile::base},
    {"fallback", &Profile::fallback},
    {"provider", &Profile::provider},
    {"library", &Profile::library},
    {"name", &Profile::name},
}};

class Parser {
 public:
  explicit Parser(bool with_kernels) : with_kernels_(with_kernels) {}

  absl::StatusOr<Profile> Parse(std::string_view text) {
    if (text.size() > kMaxProfileBytes) return absl::InvalidArgumentError("it is too large");
    if (!text.starts_with("mreg-target\t1\n")) {
      return absl::InvalidArgumentError("it does not begin with \"mreg-target\", a tab and \"1\"");
    }
    int number = 0;
    for (const std::string_view line : Split(text, '\n')) {
      ++number;
      if (number == 1 || line.empty() || line.starts_with('#')) continue;
      if (const absl::Status status = TakeLine(line); !status.ok()) {
        return Annotate(status, fmt::format("line {}", number));
      }
      if (!with_kernels_ && line.starts_with("types\t")) break;
    }
    if (!IsProfileName(profile_.name)) {
      return absl::InvalidArgumentError(
          "it has no valid name: a line \"name\", a tab, and 1 to 64 of a-z, 0-9, '.', '_', '-'");
    }
    return std::move(profile_);
  }

 private:
  absl::Status TakeLine(std::string_view line) {
    const Fields fields = Split(line, '\t');
    if (fields[0] == "op") return with_kernels_ ? TakeKernel(fields) : absl::OkStatus();
    if (fields[0] == "types") return with_kernels_ ? TakeTypes(fields) : absl::OkStatus();
    if (!IsPlain(fields.back()) || line.size() > kMaxFieldBytes) return Malformed(fields[0]);
    for (const TextField& field : kTextFields) {
      if (fields[0] != field.name) continue;
      if (fields.size() != 2) return Malformed(fields[0]);
      profile_.*field.member = fields[1];
      return absl::OkStatus();
    }
    return TakeLimit(fields);
  }

  absl::Status TakeLimit(const Fields& fields) {
    const std::string_view what = fields[0];
    if (what == "runtime" && fields.size() == 3) {
      profile_.runtime = fields[1];
      profile_.runtime_version = fields[2];
      return IsPlain(fields[1]) ? absl::OkStatus() : Malformed(what);
    }
    if (what == "operators" && fields.size() == 2 && (fields[1] == "open" || fields[1] == "all")) {
      profile_.is_open = fields[1] == "open";
      return absl::OkStatus();
    }
    if (what == "opset" && fields.size() == 4) {
      const auto first = ToNumber(fields[2]);
      const auto last = ToNumber(fields[3]);
      if (!first || !last || *first > *last || !IsPlain(fields[1])) return Malformed(what);
      profile_.opsets[std::string(fields[1])] = {*first, *last};
      return absl::OkStatus();
    }
    const auto number = fields.size() == 2 ? ToNumber(fields[1]) : std::nullopt;
    if (number && what == "memory") {
      profile_.memory = static_cast<uint64_t>(*number);
    } else if (number && what == "ir") {
      profile_.max_ir = *number;
    } else {
      return Malformed(what);
    }
    return absl::OkStatus();
  }

  absl::Status TakeTypes(const Fields& fields) {
    if (fields.size() != 3 || ToNumber(fields[1]) != static_cast<int64_t>(type_sets_.size()) ||
        type_sets_.size() >= kMaxTypeSets || !IsPlain(fields[2])) {
      return Malformed("types");
    }
    std::vector<std::string>& types = type_sets_.emplace_back();
    for (const std::string_view type : Split(fields[2], ' ')) types.emplace_back(type);
    std::ranges::sort(types);
    return absl::OkStatus();
  }

  absl::Status TakeKernel(const Fields& fields) {
    if (fields.size() < 6 || fields.size() > 7 || ++kernels_ > kMaxKernels || !IsPlain(fields[1]) ||
        !IsPlain(fields[2])) {
      return Malformed("op");
    }
    const auto first = ToNumber(fields[3]);
    const auto last = ToNumber(fields[4]);
    if (!first || !last || *first > *last) return Malformed("op");
    Kernel kernel{*first, *last, fields[5] != "?", {}, {}};
    if (kernel.has_types) {
      for (const std::string_view item : Split(fields[5], '|')) {
        MREG_RETURN_IF_ERROR(TakeLimits(item, kernel.either.emplace_back()));
      }
    }
    if (fields.size() == 7) MREG_RETURN_IF_ERROR(TakeRefused(fields[6], kernel));
    profile_.kernels[{std::string(fields[1]), std::string(fields[2])}].push_back(std::move(kernel));
    return absl::OkStatus();
  }

  static absl::Status TakeRefused(std::string_view text, Kernel& kernel) {
    for (const std::string_view item : Split(text, ';')) {
      const size_t equals = item.find('=');
      if (equals == std::string_view::npos || !IsPlain(item)) return Malformed("op");
      kernel.refused.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    }
    return absl::OkStatus();
  }

  absl::Status TakeLimits(std::string_view text, TypeLimits& limits) {
    if (text == "-") return absl::OkStatus();
    for (const std::string_view item : Split(text, ';')) {
      const size_t equals = item.find('=');
      const auto number =
          equals == std::string_view::npos ? std::nullopt : ToNumber(item.substr(equals + 1));
      if (!number || static_cast<size_t>(*number) >= type_sets_.size()) return Malformed("op");
      if ((type_limit_bytes_ += type_sets_[static_cast<size_t>(*number)].size()) > kMaxTypes) {
        return absl::InvalidArgumentError("it lists too many types");
      }
      limits.limits.emplace_back(item.substr(0, equals), type_sets_[static_cast<size_t>(*number)]);
    }
    return absl::OkStatus();
  }

  static absl::Status Malformed(std::string_view what) {
    constexpr size_t kShown = 20;
    const bool is_shown = IsPlain(what) && what.size() <= kShown;
    return absl::InvalidArgumentError(
        fmt::format("malformed or unknown \"{}\"", is_shown ? what : "?"));
  }

  static constexpr size_t kMaxTypes = 2'000'000;

  const bool with_kernels_;
  Profile profile_;
  std::vector<std::vector<std::string>> type_sets_;
  size_t kernels_ = 0;
  size_t type_limit_bytes_ = 0;
};

// Numbers the sets of types that a profile's kernels use.
class TypeSets {
 public:
  size_t NumberOf(const std::vector<std::string>& types) {
    const std::string key = fmt::format("{}", fmt::join(types, " "));
    const auto [found, is_new] = numbers_.emplace(key, sets_.size());
    if (is_new) sets_.push_back(key);
    return found->second;
  }
  const std::vector<std::string>& sets() const { return sets_; }

 private:
  std::map<std::string, size_t> numbers_;
  std::vector<std::string> sets_;
};

std::string FormatLimits(const TypeLimits& limits, TypeSets& sets) {
  if (limits.limits.empty()) return "-";
  std::vector<std::string> items;
  for (const auto& [name, types] : limits.limits) {
    items.push_back(fmt::format("{}={}", name, sets.NumberOf(types)));
  }
  return fmt::format("{}", fmt::join(items, ";"));
}

std::string FormatTypes(const Kernel& kernel, TypeSets& sets) {
  if (!kernel.has_types) return "?";
  std::vector<std::string> items;
  for (const TypeLimits& limits : kernel.either) items.push_back(FormatLimits(limits, sets));
  return fmt::format("{}", fmt::join(items, "|"));
}

std::string FormatRefused(const Kernel& kernel) {
  std::string text;
  for (const auto& [name, value] : kernel.refused) {
    text += fmt::format("{}{}={}", text.empty() ? "\t" : ";", name, value);
  }
  return text;
}

void AddText(std::string& to, std::string_view name, const std::string& value) {
  if (!value.empty()) to += fmt::format("{}\t{}\n", name, value);
}

}  // namespace

bool IsProfileName(std::string_view name) {
  constexpr size_t kMaxBytes = 64;
  if (name.empty() || name.size() > kMaxBytes || name[0] == '.' || name[0] == '-') return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") ==
         std::string_view::npos;
}

absl::StatusOr<Profile> ParseProfile(std::string_view text) { return Parser(true).Parse(text); }

absl::StatusOr<Profile> ParseProfileHead(std::string_view text) {
  return Parser(false).Parse(text);
}

std::string FormatProfile(const Profile& profile) {
  std::string text = fmt::format("mreg-target\t1\nname\t{}\n", profile.name);
  AddText(text, "title", profile.title);
  AddText(text, "source", profile.source);
  AddText(text, "base", profile.base);
  AddText(text, "fallback", profile.fallback);
  if (!profile.runtime.empty()) {
    text += fmt::format("runtime\t{}\t{}\n", profile.runtime, profile.runtime_version);
  }
  AddText(text, "provider", profile.provider);
  AddText(text, "library", profile.library);
  if (profile.memory > 0) text += fmt::format("memory\t{}\n", profile.memory);
  if (profile.max_ir > 0) text += fmt::format("ir\t{}\n", profile.max_ir);
  for (const auto& [domain, range] : profile.opsets) {
    text += fmt::format("opset\t{}\t{}\t{}\n", domain, range.first, range.last);
  }
  if (profile.is_open) text += "operators\topen\n";
  TypeSets sets;
  std::string operators;
  for (const auto& [name, kernels] : profile.kernels) {
    for (const Kernel& kernel : kernels) {
      operators += fmt::format("op\t{}\t{}\t{}\t{}\t{}{}\n", name.first, name.second, kernel.first,
                               kernel.last, FormatTypes(kernel, sets), FormatRefused(kernel));
    }
  }
  for (size_t i = 0; i < sets.sets().size(); ++i) {
    text += fmt::format("types\t{}\t{}\n", i, sets.sets()[i]);
  }
  return text + operators;
}

Profile Refine(const Profile& base, Profile profile) {
  Profile refined = base;
  refined.name = profile.name;
  refined.base = profile.base;
  for (const TextField& field : kTextFields) {
    if (!(profile.*field.member).empty()) refined.*field.member = profile.*field.member;
  }
  if (!profile.runtime.empty()) {
    refined.runtime = profile.runtime;
    refined.runtime_version = profile.runtime_version;
  }
  if (profile.memory > 0) refined.memory = profile.memory;
  if (profile.max_ir > 0) refined.max_ir = profile.max_ir;
  refined.is_open |= profile.is_open;
  for (const auto& [domain, range] : profile.opsets) refined.opsets[domain] = range;
  for (auto& [name, kernels] : profile.kernels) refined.kernels[name] = std::move(kernels);
  return refined;
}

}  // namespace mreg::targets
