// Internal to schema/formats/inspection.
#pragma once

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

// Whether the whole of `file` is UTF-8 without NUL. Reads up to the first byte that is not. Reading
// errors are passed on.
absl::StatusOr<bool> IsTextFile(const ReadableFile& file);

}  // namespace mreg::formats
