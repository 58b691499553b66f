// Tells how much of a stream has come.
#pragma once

#include <algorithm>
#include <cstdint>

#include "schema/base/byte_stream.h"
#include "storage/sync/transfer.h"

namespace mreg::sync {

class CountingSink final : public ByteSink {
 public:
  CountingSink(ByteSink& base, uint64_t total, const Progress& progress)
      : base_(base), total_(total), progress_(progress) {}

  absl::Status Write(ByteView data) override {
    count_ += data.size();
    if (progress_) progress_(std::min(count_, total_), total_);
    return base_.Write(data);
  }
  uint64_t count() const { return count_; }

 private:
  ByteSink& base_;
  const uint64_t total_;
  const Progress& progress_;
  uint64_t count_ = 0;
};

}  // namespace mreg::sync
