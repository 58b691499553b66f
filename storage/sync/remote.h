// One repository somewhere else, as pushing and pulling see it. Implementations: over HTTP, in a
// folder on this machine, and one that fails when told to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mreg/v1/sync.pb.h"
#include "schema/base/byte_stream.h"
#include "schema/base/ids.h"

namespace mreg::sync {

// Each method is one round trip. Errors: Unavailable for a network failure (trying again goes on
// where it stopped), Unauthenticated, PermissionDenied, NotFound, Aborted and the others as
// registry::Transfer has them. Not thread-safe.
class Remote {
 public:
  virtual ~Remote() = default;

  // For messages: "http://127.0.0.1:7878/acme/vad".
  virtual std::string url() const = 0;

  virtual absl::StatusOr<v1::ReferencesReply> ListReferences() = 0;
  virtual absl::StatusOr<v1::OfferReply> Offer(const v1::OfferRequest& request) = 0;

  // Sends a record stream of `length` bytes; nothing: it is not known yet.
  virtual absl::Status Upload(ByteSource& stream, std::optional<uint64_t> length) = 0;

  virtual absl::StatusOr<v1::PushReply> Push(const v1::PushRequest& request) = 0;
  virtual absl::StatusOr<v1::FetchReply> Fetch(const v1::FetchRequest& request) = 0;
  virtual absl::StatusOr<v1::RecipesReply> Recipes(const v1::RecipesRequest& request) = 0;

  // Receives the record stream of the chunks asked for into `sink`, which is not finished here.
  // Not OK if it was cut.
  virtual absl::Status Download(const v1::ChunksRequest& request, ByteSink& sink) = 0;
  // How long that stream would be. NotFound also from a server of a version that cannot tell.
  virtual absl::StatusOr<v1::DownloadSizeReply> DownloadSize(const v1::ChunksRequest& request) = 0;
};

}  // namespace mreg::sync
