// What a version was made from, as people declare it: trailers of a commit's message, and the
// version itself for who looks for bases. docs/formats/derivation.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/workspace/workspace.h"

namespace mreg::cli {

struct Source {
  CommitId commit;
  std::string name;  // as it was typed
};

// The version that `text` means: a revision of this clone, or NAMESPACE/NAME@REVISION of a
// repository that one of its remotes is and whose history was fetched. NotFound, with the advice
// what to fetch, if it is not here.
absl::StatusOr<Source> ResolveSource(workspace::Workspace& workspace, std::string_view text);
absl::StatusOr<std::vector<Source>> ResolveSources(workspace::Workspace& workspace,
                                                   std::span<const std::string> texts);

std::vector<CommitId> CommitsOf(std::span<const Source> sources);

// `message` with the trailers that declare how a version was made from `sources`.
// InvalidArgument for a `how` that is not known, and for one of them without the other.
absl::StatusOr<std::string> WithDerivation(std::string_view message,
                                           std::span<const Source> sources, std::string_view how);

}  // namespace mreg::cli
