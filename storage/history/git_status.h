// The border with libgit2: its start, its errors and its ids. For this room's sources only.
#pragma once

#include <git2.h>

#include <string_view>

#include "absl/status/status.h"
#include "schema/base/ids.h"

namespace mreg::history {

// Starts libgit2 for this process, once, in a way that no configuration of the user or the system
// changes what it does. Call it before anything else of libgit2. Thread-safe.
void StartLibgit2();

// The Status for libgit2's negative return `code` while doing `action`, e.g. "read commit abc".
// An object or file that libgit2 cannot make sense of is DataLoss.
absl::Status GitStatus(int code, std::string_view action);

// A callback that libgit2 made on this thread failed with `status`: returns the code that the
// callback has to return, upon which GitStatus gives `status` again.
int FailCallback(absl::Status status);

git_oid ToOid(const ObjectId& id);
git_oid ToOid(const CommitId& id);
ObjectId ToObjectId(const git_oid& oid);
CommitId ToCommitId(const git_oid& oid);

}  // namespace mreg::history
