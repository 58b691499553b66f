// Runs of byte symbols, each stored in the form that is smallest: docs/formats/encodings.md.
// The one place that knows the entropy coders (zstd, htscodecs).
#pragma once

#include <span>

#include "absl/status/status.h"
#include "schema/base/bytes.h"

namespace mreg::encoding {

// The number of bytes that an ideal coder without context needs for symbols with these counts.
double EntropyBytes(std::span<const uint32_t, 256> counts);
void CountSymbols(ByteView symbols, std::span<uint32_t, 256> counts);

// Appends `symbols` as a frame. Symbols that nothing shortens cost a look at their counts and a
// small sample.
void AppendFrame(ByteView symbols, Bytes& out);

// Fills `symbols` from the frame at the front of `in`, which is taken off. DataLoss if it does not
// hold exactly that many.
absl::Status TakeFrame(ByteView& in, std::span<char> symbols);

// zstd, at the level that pays for models. Empty if the result is not smaller by 1/32.
Bytes CompressZstd(ByteView plain);
// DataLoss unless `in` decompresses to exactly `plain.size()` bytes.
absl::Status DecompressZstd(ByteView in, std::span<char> plain);

}  // namespace mreg::encoding
