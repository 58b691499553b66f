#include "schema/formats/inspection/text.h"

#include <algorithm>

#include "schema/base/status.h"
#include "schema/formats/inspection/byte_cursor.h"

namespace mreg::formats {
namespace {

// Takes UTF-8 as it comes, in pieces: Unicode 15, table 3-7.
class Utf8 {
 public:
  bool Take(ByteView run) {
    return std::ranges::all_of(run, [this](char c) { return Step(c); });
  }
  bool IsWhole() const { return missing_ == 0; }

 private:
  bool Step(char c) {
    const auto byte = static_cast<uint8_t>(c);
    if (missing_ == 0) return Begin(byte);
    if (byte < lowest_ || byte > highest_) return false;
    --missing_;
    lowest_ = 0x80;
    highest_ = 0xbf;
    return true;
  }

  bool Begin(uint8_t byte) {
    if (byte < 0x80) return byte != 0;
    if (byte < 0xc2 || byte > 0xf4) return false;
    missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    lowest_ = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
    highest_ = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
    return true;
  }

  int missing_ = 0;  // bytes of the character that has begun
  uint8_t lowest_ = 0x80, highest_ = 0xbf;
};

}  // namespace

absl::StatusOr<bool> IsTextFile(const ReadableFile& file) {
  ByteCursor cursor(file);
  Utf8 text;
  for (ByteView run; cursor.NextRun(run);) {
    if (!text.Take(run)) return false;
  }
  MREG_RETURN_IF_ERROR(cursor.status());
  return text.IsWhole();
}

}  // namespace mreg::formats
