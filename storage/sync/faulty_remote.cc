#include "storage/sync/faulty_remote.h"

#include <algorithm>
#include <utility>

#include "schema/base/status.h"

namespace mreg::sync {
namespace {

absl::Status Broken() { return absl::UnavailableError("the connection broke"); }

}  // namespace

// How many of `bytes` may pass; Unavailable once none may.
absl::StatusOr<uint64_t> FaultyRemote::Spend(uint64_t bytes) {
  if (budget_ == 0) {
    budget_ = kUnlimited;
    return Broken();
  }
  const uint64_t passed = std::min(bytes, budget_);
  if (budget_ != kUnlimited) budget_ -= passed;
  stream_bytes_ += passed;
  return passed;
}

class FaultyRemote::Source final : public ByteSource {
 public:
  Source(FaultyRemote& owner, ByteSource& base) : owner_(owner), base_(base) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    MREG_ASSIGN_OR_RETURN(const uint64_t passed, owner_.Spend(buffer.size()));
    return base_.Read(buffer.first(passed));
  }

 private:
  FaultyRemote& owner_;
  ByteSource& base_;
};

class FaultyRemote::Sink final : public ByteSink {
 public:
  Sink(FaultyRemote& owner, ByteSink& base) : owner_(owner), base_(base) {}
  absl::Status Write(ByteView data) override {
    while (!data.empty()) {
      MREG_ASSIGN_OR_RETURN(const uint64_t passed, owner_.Spend(data.size()));
      MREG_RETURN_IF_ERROR(base_.Write(data.substr(0, passed)));
      data.remove_prefix(passed);
    }
    return absl::OkStatus();
  }

 private:
  FaultyRemote& owner_;
  ByteSink& base_;
};

absl::StatusOr<v1::ReferencesReply> FaultyRemote::ListReferences() {
  ++calls_;
  return base_.ListReferences();
}

absl::StatusOr<v1::OfferReply> FaultyRemote::Offer(const v1::OfferRequest& request) {
  ++calls_;
  return base_.Offer(request);
}

absl::Status FaultyRemote::Upload(ByteSource& stream, std::optional<uint64_t> length) {
  ++calls_;
  Source source(*this, stream);
  return base_.Upload(source, length);
}

absl::StatusOr<v1::PushReply> FaultyRemote::Push(const v1::PushRequest& request) {
  ++calls_;
  return base_.Push(request);
}

absl::StatusOr<v1::FetchReply> FaultyRemote::Fetch(const v1::FetchRequest& request) {
  ++calls_;
  return base_.Fetch(request);
}

absl::StatusOr<v1::RecipesReply> FaultyRemote::Recipes(const v1::RecipesRequest& request) {
  ++calls_;
  return base_.Recipes(request);
}

absl::Status FaultyRemote::Download(const v1::ChunksRequest& request, ByteSink& sink) {
  ++calls_;
  Sink through(*this, sink);
  return base_.Download(request, through);
}

absl::StatusOr<v1::DownloadSizeReply> FaultyRemote::DownloadSize(const v1::ChunksRequest& request) {
  ++calls_;
  return base_.DownloadSize(request);
}

}  // namespace mreg::sync
