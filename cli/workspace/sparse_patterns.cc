#include "cli/workspace/sparse_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/workspace/ignore.h"
#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::workspace {
namespace {

absl::Status CheckPattern(const std::string& pattern) {
  const bool has_line_end = pattern.find_first_of(std::string_view("\r\n\0", 3)) != pattern.npos;
  if (!pattern.empty() && pattern[0] != '!' && pattern[0] != '#' && !has_line_end) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("'{}' is no pattern for paths: '!' and '#' at its start need a '\\' before them",
                  EscapeForDisplay(pattern)));
}

}  // namespace

SparsePatterns::SparsePatterns(std::string text)
    : text_(std::move(text)), rules_(std::make_shared<const IgnoreRules>(text_)) {}

absl::StatusOr<SparsePatterns> SparsePatterns::Make(std::span<const std::string> include,
                                                    std::span<const std::string> exclude) {
  std::string text;
  for (const std::string& pattern : include) {
    MREG_RETURN_IF_ERROR(CheckPattern(pattern));
    text += pattern + "\n";
  }
  if (include.empty()) text += "/*\n";
  for (const std::string& pattern : exclude) {
    MREG_RETURN_IF_ERROR(CheckPattern(pattern));
    text += fmt::format("!{}\n", pattern);
  }
  const bool is_all = exclude.empty() && (include.empty() || std::ranges::count(include, "*") > 0);
  return is_all ? SparsePatterns() : SparsePatterns(std::move(text));
}

std::vector<std::string> SparsePatterns::Patterns() const {
  std::vector<std::string> patterns;
  std::string_view rest = text_;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.empty() && line[0] != '#') patterns.emplace_back(line);
  }
  return patterns;
}

bool SparsePatterns::Includes(std::string_view path) const {
  if (includes_all()) return true;
  std::optional<bool> decision = rules_->Decide(path, /*is_folder=*/false);
  while (!decision && path.find('/') != path.npos) {
    path = path.substr(0, path.rfind('/'));
    decision = rules_->Decide(path, /*is_folder=*/true);
  }
  return decision.value_or(false);
}

}  // namespace mreg::workspace
