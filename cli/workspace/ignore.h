// Which files of a work tree are not part of the model: .mregignore files, in gitignore's syntax
// (https://git-scm.com/docs/gitignore), at the root and in any folder below.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/workspace/glob.h"

namespace mreg::workspace {

inline constexpr char kIgnoreFile[] = ".mregignore";

// The rules of one file.
class IgnoreRules {
 public:
  explicit IgnoreRules(std::string_view text);

  // Whether `path`, relative to the file's folder, is ignored; nothing if no rule speaks of it.
  // The last rule that fits decides.
  std::optional<bool> Decide(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    Glob glob;
    bool ignores;       // false for a rule with '!'
    bool only_folders;  // it ended in '/'
    bool whole_path;    // it has a '/' within: fits the path, not just the last part of it
  };

  void AddLine(std::string_view line);

  std::vector<Rule> rules_;
};

// The rules that hold in one folder: its own, and those of the folders above it. Immutable.
class IgnoreScope {
 public:
  using Pointer = std::shared_ptr<const IgnoreScope>;

  // `folder` is relative to the root, "" for the root itself; `rules` those of its own file. Above
  // the root there is none.
  IgnoreScope(Pointer above, std::string_view folder, std::optional<IgnoreRules> rules);

  // `path` is relative to the root, and in this folder. Rules of the innermost file that speaks
  // of it decide. A path below an ignored folder is ignored too: that is for the caller to know.
  bool IsIgnored(std::string_view path, bool is_folder) const;

 private:
  const Pointer above_;
  const size_t prefix_;  // of paths in this folder: its name and '/'
  const std::optional<IgnoreRules> rules_;
};

}  // namespace mreg::workspace
