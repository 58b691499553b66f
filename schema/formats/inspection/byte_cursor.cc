#include "schema/formats/inspection/byte_cursor.h"

#include <algorithm>

namespace mreg::formats {
namespace {

// Most files are told by their first bytes; those that are walked get larger windows then.
constexpr size_t kFirstWindow = 512;
constexpr size_t kWindow = 256 << 10;

}  // namespace

// A length within the file may be any number: what lies beyond the end is never asked for, since no
// file system takes every offset.
ByteCursor::ByteCursor(const ReadableFile& file) : file_(file) {
  const absl::StatusOr<uint64_t> size = file.Size();
  status_ = size.status();
  if (size.ok()) end_ = *size;
}

bool ByteCursor::Fill() {
  if (!rest_.empty()) return true;
  if (!status_.ok() || position_ >= end_) return false;
  const uint64_t wanted = window_.empty() ? kFirstWindow : kWindow;
  window_.resize(std::min(wanted, end_ - position_));
  const absl::StatusOr<size_t> got = file_.ReadAt(position_, window_);
  status_ = got.status();
  if (!got.ok()) return false;
  rest_ = ByteView(window_.data(), *got);
  return *got > 0;
}

bool ByteCursor::Next(uint8_t& byte) {
  if (!Fill()) return false;
  byte = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  ++position_;
  return true;
}

bool ByteCursor::NextRun(ByteView& run) {
  if (!Fill()) return false;
  run = rest_;
  position_ += rest_.size();
  rest_ = {};
  return true;
}

bool ByteCursor::Read(size_t length, Bytes& bytes) {
  bytes.clear();
  while (bytes.size() < length) {
    if (!Fill()) return false;
    const size_t part = std::min(length - bytes.size(), rest_.size());
    bytes += rest_.substr(0, part);
    rest_.remove_prefix(part);
    position_ += part;
  }
  return true;
}

bool ByteCursor::Skip(uint64_t length) {
  if (length > end_ - std::min(position_, end_)) return false;
  rest_.remove_prefix(std::min<uint64_t>(length, rest_.size()));
  position_ += length;
  return length == 0 || position_ == end_ || Fill();
}

bool ByteCursor::Line(size_t limit, std::string& line) {
  line.clear();
  while (Fill()) {
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    line += rest_.substr(0, std::min(end, limit - line.size()));
    const bool is_whole = end < rest_.size();
    rest_.remove_prefix(is_whole ? end + 1 : end);
    position_ += is_whole ? end + 1 : end;
    if (is_whole) return true;
  }
  return false;
}

}  // namespace mreg::formats
