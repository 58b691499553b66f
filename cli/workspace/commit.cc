#include "cli/workspace/commit.h"

#include <fmt/format.h>

#include <utility>

#include "cli/workspace/status.h"
#include "schema/base/status.h"
#include "storage/registry/path_rules.h"

namespace mreg::workspace {
namespace {

constexpr std::string_view kSpace = " \t\r\v\f";

std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line.substr(0, line.find_last_not_of(kSpace) + 1);
}

}  // namespace

absl::StatusOr<std::string> CleanMessage(std::string_view message) {
  if (message.find('\0') != message.npos) {
    return absl::InvalidArgumentError("the commit message has a zero byte");
  }
  std::string clean;
  for (bool after_gap = false; !message.empty();) {
    const std::string_view line = TakeLine(message);
    if (line.empty()) {
      after_gap = true;
      continue;
    }
    if (after_gap && !clean.empty()) clean += '\n';
    clean += fmt::format("{}\n", line);
    after_gap = false;
  }
  if (clean.empty()) return absl::InvalidArgumentError("the commit message is empty");
  return clean;
}

std::string ReasonOf(std::string_view what, std::string_view message) {
  return fmt::format("{}: {}", what, message.substr(0, message.find('\n')));
}

absl::StatusOr<CommitId> WriteVersion(Clone& clone, const std::vector<history::TreeEntry>& files,
                                      std::vector<CommitId> parents, std::string_view message,
                                      const history::Signature& author) {
  MREG_RETURN_IF_ERROR(registry::CheckFiles(files));
  history::Commit draft;
  MREG_ASSIGN_OR_RETURN(draft.message, CleanMessage(message));
  MREG_ASSIGN_OR_RETURN(draft.tree, clone.history().WriteTree(files));
  draft.parents = std::move(parents);
  draft.author = draft.committer = author;
  MREG_ASSIGN_OR_RETURN(const CommitId commit, clone.history().WriteCommit(draft));
  MREG_RETURN_IF_ERROR(clone.history().Flush());
  return commit;
}

absl::StatusOr<CommitId> CommitStaged(Clone& clone, const std::string& message,
                                      const history::Signature& author,
                                      std::span<const CommitId> more_parents) {
  MREG_ASSIGN_OR_RETURN(const std::string clean, CleanMessage(message));
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  MREG_ASSIGN_OR_RETURN(const Head head, clone.ReadHead());
  MREG_ASSIGN_OR_RETURN(const auto committed, clone.FilesOf(head.commit));
  const std::vector<history::TreeEntry> files = EntriesOf(*index);
  if (files == committed && more_parents.empty()) {
    return absl::FailedPreconditionError("nothing is staged: the commit would change nothing");
  }
  std::vector<CommitId> parents;
  if (head.commit) parents.push_back(*head.commit);
  parents.insert(parents.end(), more_parents.begin(), more_parents.end());
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        WriteVersion(clone, files, std::move(parents), clean, author));
  MREG_RETURN_IF_ERROR(clone.MoveHead(head, commit, author, ReasonOf("commit", clean)));
  return commit;
}

}  // namespace mreg::workspace
