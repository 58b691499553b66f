// Recognises Python pickles of all protocols by walking their opcodes. Nothing is loaded.
// Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py
// Internal to schema/formats/inspection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

struct Pickle {
  uint64_t offset = 0;                // of the opcode that settled it
  bool runs_code = false;             // false: numbers, texts and containers only, as far as seen
  std::vector<std::string> imports;   // "os.system"; the first few that differ
  std::vector<std::string> packages;  // "torch", "numpy": the first parts of all imports, the same
};

// The pickle that `file` begins with, if it does. A pickle that says so itself (protocols 2 to 5)
// counts when it is whole, or when it imports anything before it breaks: loading it would do that
// too. One without a header (protocols 0 and 1, and any whose header was left off) counts when it
// calls what it imported, or when it and those stacked behind it are all of the file. Linear in
// the file's size; a file that is no pickle is told in a few bytes. Reading errors are passed on.
absl::StatusOr<std::optional<Pickle>> FindPickle(const ReadableFile& file);

}  // namespace mreg::formats
