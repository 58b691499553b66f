// Walks a file from front to back through a small window. Internal to schema/formats/inspection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

// Where a method returns false, the file has ended, or status() says why it could not be read.
// Not thread-safe.
class ByteCursor {
 public:
  // The whole of `file`, which outlives it.
  explicit ByteCursor(const ReadableFile& file);

  uint64_t position() const { return position_; }  // from the file's start
  const absl::Status& status() const { return status_; }

  bool Next(uint8_t& byte);
  // What comes next, as much as there is in the window, at least one byte.
  bool NextRun(ByteView& run);
  // All of `length` bytes; `length` should be small.
  bool Read(size_t length, Bytes& bytes);
  bool Skip(uint64_t length);
  // Up to a line feed, which is taken and left out. Of a longer line its first `limit` bytes.
  bool Line(size_t limit, std::string& line);

 private:
  bool Fill();

  const ReadableFile& file_;
  uint64_t position_ = 0;
  uint64_t end_ = 0;
  absl::Status status_;
  std::vector<char> window_;
  ByteView rest_;  // of the window
};

}  // namespace mreg::formats
