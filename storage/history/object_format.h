// The bytes of git's commits, tags and trees. Source of the formats: git's
// Documentation/technical and the object model chapter of "Pro Git".
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "storage/history/repository.h"

namespace mreg::history {

// Names and addresses lose the blanks and punctuation at their ends, as in git. InvalidArgument
// for what would change the object's meaning: a line break or angle bracket in a name, a zero byte
// in a message, a time before 1970; and for a name of which nothing is left.
absl::StatusOr<Bytes> FormatCommit(const Commit& commit);
absl::StatusOr<Bytes> FormatTag(const AnnotatedTag& tag, ObjectType target_type);

// Appends an entry; git wants them ordered by name, a folder's name with '/' behind.
void AppendTreeEntry(Bytes& tree, uint32_t mode, std::string_view name, const ObjectId& id);

inline constexpr uint32_t kFolderMode = 0040000;

std::string_view ObjectTypeName(ObjectType type);

}  // namespace mreg::history
