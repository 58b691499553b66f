// What pushing and pulling ask of a registry: the one side of storage/sync's protocol, and the
// rules of what may enter. Specification: docs/formats/sync.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mreg/v1/sync.pb.h"
#include "storage/content/chunk_receiver.h"
#include "storage/registry/content_rules.h"
#include "storage/registry/file_proofs.h"
#include "storage/registry/leases.h"
#include "storage/registry/members.h"
#include "storage/registry/quotas.h"
#include "storage/registry/repositories.h"

namespace mreg::registry {

// Thread-safe. Every call checks the caller's access first; errors as in Access.
class Transfer {
 public:
  Transfer(kv::KeyValueStore& store, content::ContentStore& content, Repositories& repositories,
           const Access& access, const Members& members, Leases& leases, Quotas& quotas,
           FileProofs& proofs, const ContentRules& rules, const Clock& clock);

  // A repository that does not exist has no references and `exists` is false; for callers who
  // may write, since a push will create it. NotFound for others.
  absl::StatusOr<v1::ReferencesReply> ListReferences(const Caller& caller,
                                                     const RepositoryName& name) const;

  // Which files and chunks of an offer the registry lacks. What it has stays for kLeaseLength.
  // ResourceExhausted, as from Push, if the namespace may not keep so much.
  absl::StatusOr<v1::OfferReply> Offer(const Caller& caller, const RepositoryName& name,
                                       const v1::OfferRequest& request);

  // Takes chunks: durable when finished, and kept as far as they came if it is not. They belong
  // to no version yet.
  absl::StatusOr<std::unique_ptr<content::ChunkReceiver>> BeginUpload(const Caller& caller,
                                                                      const RepositoryName& name);

  // Moves references to new versions. Everything they need must be in the request or here
  // already. InvalidArgument for objects, paths or names that are not accepted; NotFound for
  // content that is missing; FailedPrecondition for a branch that would lose commits or a tag
  // that would move, without force; Aborted if a reference is not where the pusher thinks.
  // In all these cases nothing becomes visible.
  absl::StatusOr<v1::PushReply> Push(const Caller& caller, const RepositoryName& name,
                                     const v1::PushRequest& request);

  absl::StatusOr<v1::FetchReply> Fetch(const Caller& caller, const RepositoryName& name,
                                       const v1::FetchRequest& request) const;

  // NotFound, naming the first, for a file that the registry lacks.
  absl::StatusOr<v1::RecipesReply> Recipes(const Caller& caller, const RepositoryName& name,
                                           const v1::RecipesRequest& request) const;

  absl::StatusOr<std::unique_ptr<content::ChunkSender>> OpenChunks(
      const Caller& caller, const RepositoryName& name, const v1::ChunksRequest& request) const;

  // Of what OpenChunks would send. Nothing is read but the index.
  absl::StatusOr<v1::DownloadSizeReply> DownloadSize(const Caller& caller,
                                                     const RepositoryName& name,
                                                     const v1::ChunksRequest& request) const;

 private:
  absl::StatusOr<bool> AreVisible(const std::string& space, std::span<const ChunkId> chunks) const;
  // Those that may be told of, are here, and can be bases.
  absl::StatusOr<std::vector<ChunkId>> UsableBases(const RepositoryName& name,
                                                   std::span<const ChunkId> bases) const;

  kv::KeyValueStore& store_;
  content::ContentStore& content_;
  Repositories& repositories_;
  const Access& access_;
  const Members& members_;
  Leases& leases_;
  Quotas& quotas_;
  FileProofs& proofs_;
  const ContentRules& rules_;
  const Clock& clock_;
};

}  // namespace mreg::registry
