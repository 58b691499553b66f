#include "cli/workspace/ignore.h"

#include <utility>

namespace mreg::workspace {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Trailing spaces do not count, unless the last that does is escaped.
std::string_view WithoutTrailingSpaces(std::string_view line) {
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

}  // namespace

IgnoreRules::IgnoreRules(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) AddLine(TakeLine(text));
}

void IgnoreRules::AddLine(std::string_view line) {
  if (line.starts_with('#')) return;
  line = WithoutTrailingSpaces(line);
  const bool ignores = !line.starts_with('!');
  if (!ignores) line.remove_prefix(1);
  const bool only_folders = line.ends_with('/');
  if (only_folders) line.remove_suffix(1);
  const bool whole_path = line.find('/') != line.npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  if (line.empty()) return;
  rules_.push_back({Glob(line), ignores, only_folders, whole_path});
}

std::optional<bool> IgnoreRules::Decide(std::string_view path, bool is_folder) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->only_folders && !is_folder) continue;
    if (rule->glob.Matches(rule->whole_path ? path : name)) return rule->ignores;
  }
  return std::nullopt;
}

IgnoreScope::IgnoreScope(Pointer above, std::string_view folder, std::optional<IgnoreRules> rules)
    : above_(std::move(above)),
      prefix_(folder.empty() ? 0 : folder.size() + 1),
      rules_(std::move(rules)) {}

bool IgnoreScope::IsIgnored(std::string_view path, bool is_folder) const {
  for (const IgnoreScope* scope = this; scope != nullptr; scope = scope->above_.get()) {
    if (!scope->rules_) continue;
    const auto decision = scope->rules_->Decide(path.substr(scope->prefix_), is_folder);
    if (decision) return *decision;
  }
  return false;
}

}  // namespace mreg::workspace
