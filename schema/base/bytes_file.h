// Bytes in memory, read like a file.
#pragma once

#include <utility>

#include "schema/base/bytes.h"
#include "schema/base/file_system.h"

namespace mreg {

// Thread-safe.
class BytesFile final : public ReadableFile {
 public:
  explicit BytesFile(Bytes content) : content_(std::move(content)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override;
  absl::StatusOr<uint64_t> Size() const override { return content_.size(); }

 private:
  const Bytes content_;
};

}  // namespace mreg
