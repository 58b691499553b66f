#include "storage/registry/content_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

constexpr size_t kShownNames = 5;

struct Row {
  ContentRule rule;
  std::string_view name;
  ContentAnswer usual;
};

constexpr std::array<Row, 4> kRows{{
    {ContentRule::kUnknownBinary, "unknown_binary", ContentAnswer::kRefuse},
    {ContentRule::kCustomDomains, "custom_domains", ContentAnswer::kAllow},
    {ContentRule::kExternalEscape, "external_escape", ContentAnswer::kRefuse},
    {ContentRule::kEpContext, "ep_context", ContentAnswer::kAllow},
}};

const Row& RowOf(ContentRule rule) {
  for (const Row& row : kRows) {
    if (row.rule == rule) return row;
  }
  return kRows.front();
}

// "a, b and 7 more".
std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < kShownNames; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", EscapeForDisplay(names[i]));
  }
  if (names.size() > kShownNames) text += fmt::format(" and {} more", names.size() - kShownNames);
  return text;
}

std::vector<std::string> EscapingLocations(const formats::OnnxFindings& findings) {
  std::vector<std::string> locations;
  for (const formats::ExternalFile& file : findings.external) {
    if (!formats::StaysBelowModel(file.location)) locations.push_back(file.location);
  }
  return locations;
}

}  // namespace

std::optional<ContentRule> ContentRuleOf(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.rule;
  }
  return std::nullopt;
}

std::string_view NameOf(ContentRule rule) { return RowOf(rule).name; }

ContentRules ContentRules::OfFolder() {
  ContentRules rules;
  rules.Set("", ContentRule::kUnknownBinary, ContentAnswer::kAllow);
  return rules;
}

void ContentRules::Set(const std::string& space, ContentRule rule, ContentAnswer answer) {
  answers_[{space, rule}] = answer;
}

bool ContentRules::Refuses(const std::string& space, ContentRule rule) const {
  for (const std::string& asked : {space, std::string()}) {
    const auto found = answers_.find({asked, rule});
    if (found != answers_.end()) return found->second == ContentAnswer::kRefuse;
  }
  return RowOf(rule).usual == ContentAnswer::kRefuse;
}

absl::Status RefuseUnsafe(std::string_view path, const formats::ContentVerdict& verdict) {
  if (verdict.kind != formats::ContentKind::kUnsafe) return absl::OkStatus();
  const std::string where =
      verdict.member.empty() ? "" : fmt::format(", in {}", EscapeForDisplay(verdict.member));
  const std::string from =
      verdict.framework.empty() ? "" : fmt::format(" It was saved by {}.", verdict.framework);
  return absl::InvalidArgumentError(
      fmt::format("{} holds {} (at byte {}{})\n"
                  "Loading such a file can run any program, so no registry takes it, whatever its "
                  "name.{}\n{}",
                  EscapeForDisplay(path), EscapeForDisplay(verdict.description), verdict.offset,
                  where, from, verdict.advice));
}

std::vector<std::string> NotesOn(const formats::ContentVerdict& verdict) {
  std::vector<std::string> notes;
  const formats::OnnxFindings& onnx = verdict.onnx;
  if (verdict.kind == formats::ContentKind::kUnknown) {
    notes.push_back(fmt::format("{}: registries take it only where their rules allow unknown files",
                                EscapeForDisplay(verdict.description)));
  }
  if (!onnx.custom_domains.empty()) {
    notes.push_back(
        fmt::format("needs operators of {}, which no runtime brings", Listed(onnx.custom_domains)));
  }
  if (const auto escaping = EscapingLocations(onnx); !escaping.empty()) {
    notes.push_back(
        fmt::format("has external data outside its folder, which most registries refuse: {}",
                    Listed(escaping)));
  }
  if (onnx.ep_context_nodes > 0) {
    notes.push_back(fmt::format("holds what was compiled for one device (EPContext){}{}",
                                onnx.ep_context_paths.empty() ? "" : ", in ",
                                Listed(onnx.ep_context_paths)));
  }
  return notes;
}

}  // namespace mreg::registry
