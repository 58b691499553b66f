// Makes a commit of what is staged. Internal to cli/workspace; the caller holds the clone's lock.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/workspace/clone.h"
#include "storage/history/repository.h"

namespace mreg::workspace {

// The message as it is kept: without trailing space, empty lines at either end, and more than one
// empty line in a row; ends in a line end. InvalidArgument if nothing is left, or if it has a zero
// byte.
absl::StatusOr<std::string> CleanMessage(std::string_view message);

// Writes a commit of `files`, durably, without moving a reference to it. InvalidArgument for
// files that a version may not have.
absl::StatusOr<CommitId> WriteVersion(Clone& clone, const std::vector<history::TreeEntry>& files,
                                      std::vector<CommitId> parents, std::string_view message,
                                      const history::Signature& author);

// "commit: the message's first line", for the reflog.
std::string ReasonOf(std::string_view what, std::string_view message);

// As Workspace::Commit.
absl::StatusOr<CommitId> CommitStaged(Clone& clone, const std::string& message,
                                      const history::Signature& author,
                                      std::span<const CommitId> more_parents);

}  // namespace mreg::workspace
