// The git-lfs pointer: the text that stands for an artifact in git's history.
// Source of the format: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schema/base/bytes.h"
#include "schema/base/ids.h"

namespace mreg::history {

struct LfsPointer {
  ArtifactId artifact;
  uint64_t size = 0;  // bytes
  friend bool operator==(const LfsPointer&, const LfsPointer&) = default;
};

// The canonical text: three lines, version first.
std::string FormatLfsPointer(const LfsPointer& pointer);

// Nothing if `text` is not a pointer in its canonical form. Extensions are not pointers to us:
// their content is a text file like any other.
std::optional<LfsPointer> ParseLfsPointer(ByteView text);

}  // namespace mreg::history
