// Tells how much of a record stream has come, and refuses one that is longer than any answer can
// be.
#pragma once

#include <algorithm>
#include <cstdint>

#include "schema/base/byte_stream.h"
#include "schema/base/ids.h"
#include "storage/content/record_stream.h"
#include "storage/sync/transfer.h"

namespace mreg::sync {

class CountingSink final : public ByteSink {
 public:
  // Of the `chunks` that were asked for, `total` are the plain bytes.
  CountingSink(ByteSink& base, uint64_t total, size_t chunks, const Progress& progress)
      : base_(base),
        total_(total),
        most_(2 * total + (chunks + 1) * kMostBesidePayload),
        progress_(progress) {}

  absl::Status Write(ByteView data) override {
    count_ += data.size();
    if (count_ > most_) {
      return absl::DataLossError("the other side sends more than was asked for");
    }
    if (progress_) progress_(std::min(count_, total_), total_);
    return base_.Write(data);
  }
  uint64_t count() const { return count_; }

 private:
  // A record's header with the ids of its bases; more than the stream's header and end.
  static constexpr uint64_t kMostBesidePayload =
      content::kRecordHeaderBytes + content::kMaxBases * ChunkId::kBytes;

  ByteSink& base_;
  const uint64_t total_;
  const uint64_t most_;  // bytes: hardly any chunk is longer as it is stored than it is plain
  const Progress& progress_;
  uint64_t count_ = 0;
};

}  // namespace mreg::sync
