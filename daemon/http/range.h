// Byte ranges (RFC 9110, 14).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mreg::http {

struct ByteRange {
  uint64_t first = 0;
  uint64_t length = 0;
};

enum class RangeKind {
  kWhole,          // no range, or one to ignore: malformed, another unit, several: 200
  kPart,           // 206, `range` is not empty and lies within the size
  kUnsatisfiable,  // 416, with UnsatisfiedContentRange
};

struct RangeAnswer {
  RangeKind kind = RangeKind::kWhole;
  ByteRange range;  // for kWhole everything, for kUnsatisfiable nothing
};

// What a Range header of value `header` ("" if there is none) asks of something of `size` bytes.
// Several ranges are ignored, which the RFC allows, and which spares multipart answers.
RangeAnswer ParseRange(std::string_view header, uint64_t size);

// The Content-Range of a 206: "bytes 0-499/1234".
std::string ContentRange(const ByteRange& range, uint64_t size);
// The Content-Range of a 416: "bytes */1234".
std::string UnsatisfiedContentRange(uint64_t size);

}  // namespace mreg::http
