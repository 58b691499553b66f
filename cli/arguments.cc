#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "cli/help.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

// Goes through the words once, as getopt_long does: options and others may stand in any order,
// letters may be bundled ("-am TEXT"), "--" ends options.
class Parser {
 public:
  Parser(const Command& command, std::span<const std::string> words)
      : command_(command), options_(AllOptions(command)), words_(words) {}

  absl::StatusOr<Arguments> Run() {
    while (next_ < words_.size()) {
      const std::string_view word = words_[next_++];
      MREG_RETURN_IF_ERROR(Take(word));
      if (arguments_.wants_help()) return arguments_;
    }
    MREG_RETURN_IF_ERROR(NamePositionals());
    return arguments_;
  }

 private:
  absl::Status Take(std::string_view word) {
    if (is_only_positionals_ || !word.starts_with('-') || word == "-") {
      positionals_.emplace_back(word);
      return absl::OkStatus();
    }
    if (word == "--") {
      is_only_positionals_ = true;
      return absl::OkStatus();
    }
    return word.starts_with("--") ? TakeLong(word.substr(2)) : TakeLetters(word.substr(1));
  }

  absl::Status TakeLong(std::string_view word) {
    const size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto option = std::find_if(options_.begin(), options_.end(),
                                     [&](const Option& known) { return known.name == name; });
    if (option == options_.end()) return Unknown(fmt::format("--{}", name));
    if (equals == std::string_view::npos) return TakeOption(*option, std::nullopt);
    return TakeOption(*option, word.substr(equals + 1));
  }

  absl::Status TakeLetters(std::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters.front();
      letters.remove_prefix(1);
      const auto option = std::find_if(options_.begin(), options_.end(), [&](const Option& known) {
        return known.letter == letter && letter != 0;
      });
      if (option == options_.end()) return Unknown(fmt::format("-{}", letter));
      if (option->value.empty()) {
        arguments_.Add(option->name, "");
        continue;
      }
      return letters.empty() ? TakeOption(*option, std::nullopt) : TakeOption(*option, letters);
    }
    return absl::OkStatus();
  }

  // `value` is what is written in the same word.
  absl::Status TakeOption(const Option& option, std::optional<std::string_view> value) {
    const bool is_switch = option.value.empty();
    if (is_switch && value) {
      return absl::InvalidArgumentError(fmt::format("--{} takes no value", option.name));
    }
    if (!is_switch && !value) {
      if (next_ == words_.size()) {
        return absl::InvalidArgumentError(fmt::format("--{} needs {}", option.name, option.value));
      }
      value = words_[next_++];
    }
    if (!is_switch && !option.repeats && arguments_.Has(option.name)) {
      return absl::InvalidArgumentError(fmt::format("--{} is given twice", option.name));
    }
    arguments_.Add(option.name, std::string(value.value_or("")));
    return absl::OkStatus();
  }

  absl::Status NamePositionals() {
    size_t used = 0;
    for (const Positional& positional : command_.positionals) {
      const bool is_many = positional.count == Count::kSome || positional.count == Count::kAny;
      const bool is_needed = positional.count == Count::kSome || positional.count == Count::kOne;
      if (is_needed && used == positionals_.size()) {
        return absl::InvalidArgumentError(fmt::format("{} is missing", positional.name));
      }
      const size_t end = is_many ? positionals_.size() : std::min(used + 1, positionals_.size());
      for (; used < end; ++used) arguments_.Add(positional.name, positionals_[used]);
    }
    if (used == positionals_.size()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("'{}' is too much", EscapeForDisplay(positionals_[used])));
  }

  static absl::Status Unknown(std::string_view option) {
    return absl::InvalidArgumentError(
        fmt::format("there is no option {}", EscapeForDisplay(option)));
  }

  const Command& command_;
  const std::vector<Option> options_;
  const std::span<const std::string> words_;
  size_t next_ = 0;  // of words_
  bool is_only_positionals_ = false;
  std::vector<std::string> positionals_;
  Arguments arguments_;
};

}  // namespace

std::string Arguments::Get(std::string_view name, std::string_view otherwise) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::All(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

absl::StatusOr<uint64_t> Arguments::Number(std::string_view name, uint64_t otherwise,
                                           uint64_t least) const {
  if (!Has(name)) return otherwise;
  const std::string text = Get(name);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least) {
    return absl::InvalidArgumentError(fmt::format(
        "--{} takes a whole number of at least {}, not '{}'", name, least, EscapeForDisplay(text)));
  }
  return number;
}

absl::StatusOr<Arguments> ParseArguments(const Command& command,
                                         std::span<const std::string> words) {
  return Parser(command, words).Run();
}

}  // namespace mreg::cli
