// A Remote whose connection breaks when it is told to, for tests.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "storage/sync/remote.h"

namespace mreg::sync {

// Passes everything on to `base` until its budget of bytes in Upload and Download is used up:
// then the call fails in the middle with Unavailable, and the budget starts anew. Counts calls.
class FaultyRemote final : public Remote {
 public:
  explicit FaultyRemote(Remote& base) : base_(base) {}

  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  // How many stream bytes pass before the next break.
  void BreakAfter(uint64_t bytes) { budget_ = bytes; }

  int calls() const { return calls_; }                     // round trips made
  uint64_t stream_bytes() const { return stream_bytes_; }  // that passed

  std::string url() const override { return base_.url(); }
  absl::StatusOr<v1::ReferencesReply> ListReferences() override;
  absl::StatusOr<v1::OfferReply> Offer(const v1::OfferRequest& request) override;
  absl::Status Upload(ByteSource& stream, std::optional<uint64_t> length) override;
  absl::StatusOr<v1::PushReply> Push(const v1::PushRequest& request) override;
  absl::StatusOr<v1::FetchReply> Fetch(const v1::FetchRequest& request) override;
  absl::StatusOr<v1::RecipesReply> Recipes(const v1::RecipesRequest& request) override;
  absl::Status Download(const v1::ChunksRequest& request, ByteSink& sink) override;
  absl::StatusOr<v1::DownloadSizeReply> DownloadSize(const v1::ChunksRequest& request) override;

 private:
  class Source;
  class Sink;
  absl::StatusOr<uint64_t> Spend(uint64_t bytes);

  Remote& base_;
  uint64_t budget_ = kUnlimited;
  int calls_ = 0;
  uint64_t stream_bytes_ = 0;
};

}  // namespace mreg::sync
