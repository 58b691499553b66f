// Reads protobuf's wire format from a file in small windows, so that payloads are stepped over
// without being read. Never by mapping the file: one cut short while mapped kills the process.
// Wire format: https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg::onnx {

// Groups (3 and 4) are refused by the reader.
enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Bytes of the file, from `begin` up to, not including, `end`.
struct WireRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - begin; }
};

struct WireField {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t varint = 0;  // the value of a kVarint
  WireRange range;      // where the value lies; of kBytes the payload, without its length
};

// Where a method returns false, status() is the reason; from then on every method returns false.
// Not thread-safe.
class WireReader {
 public:
  // `file` has `size` bytes and outlives the reader.
  WireReader(const ReadableFile& file, uint64_t size);

  // Takes the field at the start of `rest` off it. The field's range lies within `rest`. False at
  // the end of `rest`, where status() stays OK, and on failure.
  bool Next(WireRange& rest, WireField& field);

  // Takes the varint at the start of `rest` off it.
  bool Varint(WireRange& rest, uint64_t& value);

  // Fails if the range is longer than `limit`.
  bool Read(const WireRange& range, uint64_t limit, std::string& content);

  // Fails with InvalidArgument unless `field` has that type; `what` names it in the message.
  bool Expect(const WireField& field, WireType type, std::string_view what);

  // Fails with InvalidArgument: "at byte `offset`: `reason`". Always false. The first failure is
  // the one that is kept.
  bool Fail(uint64_t offset, std::string_view reason);

  const absl::Status& status() const { return status_; }

 private:
  ByteView Window(uint64_t offset, uint64_t wanted);
  bool Load(uint64_t offset, std::span<char> buffer);
  bool TakeTag(WireRange& rest, WireField& field);
  bool TakeValue(WireRange& rest, WireField& field);

  const ReadableFile& file_;
  const uint64_t size_;
  absl::Status status_;
  std::vector<char> window_;
  uint64_t window_offset_ = 0;
  uint64_t window_length_ = 0;
};

}  // namespace mreg::onnx
