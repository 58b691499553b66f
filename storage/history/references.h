// Names that move: branches and tags of one repository.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/clock.h"
#include "schema/base/ids.h"

namespace mreg::history {

// `name` is full, as in git: "refs/heads/main", "refs/tags/v1", "refs/remotes/origin/main".
// `target` is a commit, or an annotated tag object.
struct Reference {
  std::string name;
  ObjectId target;
  friend bool operator==(const Reference&, const Reference&) = default;
};

// From `expected` (nothing: it does not exist) to `target` (nothing: it is removed).
struct ReferenceMove {
  std::string name;
  std::optional<ObjectId> expected;
  std::optional<ObjectId> target;
};

// Who moved references, when and why: git's reflog entry, the journal's event.
struct MoveRecord {
  std::string actor;  // "alice", or "Alice <alice@example.org>" in a clone
  TimePoint when;
  std::string reason;  // one line: "push", "commit: silero v5"
};

// Thread-safe.
class References {
 public:
  virtual ~References() = default;

  // Those whose name begins with `prefix`, by name.
  virtual absl::StatusOr<std::vector<Reference>> List(std::string_view prefix) const = 0;

  // Nothing if there is none of that name.
  virtual absl::StatusOr<std::optional<ObjectId>> Read(std::string_view name) const = 0;

  // Moves all or none, durably; in git's on-disk form, where each reference is a file of its own,
  // a crash in the middle may leave only some moved. Aborted if one is not where it is expected:
  // the message names it. InvalidArgument for a name that git would not accept,
  // FailedPrecondition for a new one that would be a folder of another or have one for its folder.
  // Unavailable if another process keeps git's lock for some seconds.
  virtual absl::Status Move(std::span<const ReferenceMove> moves, const MoveRecord& record) = 0;
};

// As git-check-ref-format has it, below refs/, and short enough for a file system: at most 250
// bytes in a part and 1024 in all.
bool IsValidReferenceName(std::string_view name);

}  // namespace mreg::history
