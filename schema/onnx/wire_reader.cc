#include "schema/onnx/wire_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mreg::onnx {
namespace {

// Large enough to walk a skeleton in few reads, small enough that the reads between the payloads
// of a model with hundreds of tensors stay a small part of it.
constexpr uint64_t kWindowBytes = 16 << 10;
constexpr uint64_t kMaxVarintBytes = 10;

}  // namespace

WireReader::WireReader(const ReadableFile& file, uint64_t size)
    : file_(file), size_(size), window_(std::min(kWindowBytes, size)) {}

bool WireReader::Fail(uint64_t offset, std::string_view reason) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(fmt::format("at byte {}: {}", offset, reason));
  }
  return false;
}

bool WireReader::Load(uint64_t offset, std::span<char> buffer) {
  if (buffer.empty()) return true;
  const auto got = file_.ReadAt(offset, buffer);
  if (!got.ok()) {
    status_ = got.status();
  } else if (*got < buffer.size()) {
    status_ = absl::AbortedError(
        fmt::format("the file ended at byte {} of {} while it was read", offset + *got, size_));
  }
  return status_.ok();
}

// The file's bytes from `offset`: `wanted` of them, or as many as there are before its end. Empty
// on failure.
ByteView WireReader::Window(uint64_t offset, uint64_t wanted) {
  wanted = std::min(wanted, size_ - offset);
  if (offset < window_offset_ || offset + wanted > window_offset_ + window_length_) {
    window_offset_ = offset;
    window_length_ = std::min<uint64_t>(window_.size(), size_ - offset);
    if (!Load(offset, std::span(window_).first(window_length_))) window_length_ = 0;
    if (!status_.ok()) return {};
  }
  return ByteView(window_.data() + (offset - window_offset_), wanted);
}

bool WireReader::Varint(WireRange& rest, uint64_t& value) {
  if (!status_.ok()) return false;
  const ByteView bytes = Window(rest.begin, std::min(kMaxVarintBytes, rest.size()));
  value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (i + 1 == kMaxVarintBytes && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      rest.begin += i + 1;
      return true;
    }
  }
  return Fail(rest.begin, rest.size() < kMaxVarintBytes ? "a varint runs beyond its message"
                                                        : "a varint of more than 64 bits");
}

bool WireReader::Next(WireRange& rest, WireField& field) {
  if (!status_.ok() || rest.begin == rest.end) return false;
  return TakeTag(rest, field) && TakeValue(rest, field);
}

bool WireReader::TakeTag(WireRange& rest, WireField& field) {
  const uint64_t at = rest.begin;
  uint64_t tag = 0;
  if (!Varint(rest, tag)) return false;
  if (tag > std::numeric_limits<uint32_t>::max()) return Fail(at, "a tag of more than 32 bits");
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  return field.number != 0 || Fail(at, "field number 0");
}

bool WireReader::TakeValue(WireRange& rest, WireField& field) {
  const uint64_t at = rest.begin;
  uint64_t length = 0;
  switch (field.type) {
    case WireType::kVarint:
      field.range.begin = at;
      if (!Varint(rest, field.varint)) return false;
      field.range.end = rest.begin;
      return true;
    case WireType::kFixed64:
      length = 8;
      break;
    case WireType::kFixed32:
      length = 4;
      break;
    case WireType::kBytes:
      if (!Varint(rest, length)) return false;
      break;
    default:
      return Fail(
          at, fmt::format("field {} has wire type {}", field.number, static_cast<int>(field.type)));
  }
  if (length > rest.size()) {
    return Fail(at, fmt::format("field {} of {} bytes lies in a message with {} left", field.number,
                                length, rest.size()));
  }
  field.range = {rest.begin, rest.begin + length};
  rest.begin += length;
  return true;
}

bool WireReader::Read(const WireRange& range, uint64_t limit, std::string& content) {
  if (!status_.ok()) return false;
  if (range.size() > limit) {
    return Fail(range.begin,
                fmt::format("{} bytes where at most {} are sensible", range.size(), limit));
  }
  if (range.size() <= window_.size()) {
    content = Window(range.begin, range.size());
    return status_.ok();
  }
  content.resize(range.size());
  return Load(range.begin, content);
}

bool WireReader::Expect(const WireField& field, WireType type, std::string_view what) {
  if (!status_.ok()) return false;
  return field.type == type || Fail(field.range.begin, fmt::format("{} has wire type {}", what,
                                                                   static_cast<int>(field.type)));
}

}  // namespace mreg::onnx
