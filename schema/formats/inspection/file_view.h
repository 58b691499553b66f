// Files within files. Internal to schema/formats/inspection.
#pragma once

#include <cstdint>
#include <utility>

#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

// Some of another file's bytes, which outlives it. Thread-safe as ReadableFile asks.
class FileView final : public ReadableFile {
 public:
  // What of it lies beyond the file cannot be read.
  FileView(const ReadableFile& file, uint64_t offset, uint64_t length)
      : file_(file), offset_(offset), length_(length) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override;
  absl::StatusOr<uint64_t> Size() const override { return length_; }

 private:
  const ReadableFile& file_;
  const uint64_t offset_;
  const uint64_t length_;
};

// A file that lies in memory. Thread-safe as ReadableFile asks.
class BytesFile final : public ReadableFile {
 public:
  explicit BytesFile(Bytes bytes) : bytes_(std::move(bytes)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override;
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }

 private:
  const Bytes bytes_;
};

// Up to `length` bytes from `offset`: fewer at the file's end.
absl::StatusOr<Bytes> ReadPart(const ReadableFile& file, uint64_t offset, size_t length);

}  // namespace mreg::formats
