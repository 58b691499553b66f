// Which files of a version a clone is to have in its work tree, as git's sparse checkout has it:
// https://git-scm.com/docs/git-sparse-checkout
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mreg::workspace {

class IgnoreRules;

// Patterns in gitignore's syntax; the last that fits a path decides, or else the last that fits the
// folder above it, and so on. What no pattern fits is left out. A value type.
class SparsePatterns {
 public:
  // All files.
  SparsePatterns() = default;
  // The text of git's file info/sparse-checkout.
  explicit SparsePatterns(std::string text);
  // What fits one of `include` (empty: everything), but none of `exclude`. InvalidArgument for a
  // pattern that is empty, begins with '!' or '#', or has a line's end or a zero byte.
  static absl::StatusOr<SparsePatterns> Make(std::span<const std::string> include,
                                             std::span<const std::string> exclude);

  bool includes_all() const { return rules_ == nullptr; }
  const std::string& text() const { return text_; }
  // Those of the text, without comments.
  std::vector<std::string> Patterns() const;

  bool Includes(std::string_view path) const;

 private:
  std::string text_;
  std::shared_ptr<const IgnoreRules> rules_;
};

}  // namespace mreg::workspace
