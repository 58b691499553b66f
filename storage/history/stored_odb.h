// StoredObjects as an object database of libgit2, read only: objects are added through
// StoredObjects itself. For this room's sources only.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "storage/history/git_handle.h"
#include "storage/history/stored_objects.h"

namespace mreg::history {

absl::StatusOr<OdbHandle> MakeOdb(std::shared_ptr<const StoredObjects> objects);

}  // namespace mreg::history
