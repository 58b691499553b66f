// Unpacks what compressors made, up to a limit. Internal to schema/formats/inspection, and the only
// one who knows the libraries.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

enum class Compression { kDeflate, kZlib, kGzip, kBzip2, kXz, kLzma, kLz4, kZstd };

// By the bytes that a file begins with; two bytes tell a zlib stream, so many files seem to be one.
std::optional<Compression> CompressionOf(ByteView head);

enum class InflateEnd {
  kWhole,   // the stream ended
  kLimit,   // there is more than the limit
  kBroken,  // the stream is damaged or cut: `bytes` is what came before
};

struct Inflated {
  Bytes bytes;
  InflateEnd end = InflateEnd::kWhole;
  uint64_t consumed = 0;  // bytes of the file, from `offset`; at least what the stream took
};

// Unpacks what begins at `offset`; of gzip, bzip2, xz, lz4 and zstd also the streams that follow.
// Memory: `limit` and what the format's window needs, at most 64 MiB. Reading errors are passed on.
absl::StatusOr<Inflated> Inflate(const ReadableFile& file, uint64_t offset, Compression compression,
                                 uint64_t limit);

// CRC-32 as in gzip and zip, of `bytes` after those that gave `crc`.
uint32_t Crc32(uint32_t crc, ByteView bytes);

}  // namespace mreg::formats
