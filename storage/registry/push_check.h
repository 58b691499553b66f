// Whether a push may enter: its names, objects, files and content. Internal to storage/registry.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "mreg/v1/sync.pb.h"
#include "storage/content/content_store.h"
#include "storage/history/lfs_pointer.h"
#include "storage/history/repository.h"
#include "storage/registry/content_check.h"
#include "storage/registry/file_proofs.h"
#include "storage/registry/leases.h"
#include "storage/registry/members.h"

namespace mreg::registry {

// For one push. Not thread-safe.
class PushCheck {
 public:
  PushCheck(history::Repository& history, content::ContentStore& content, const Members& members,
            Leases& leases, const FileProofs& proofs, const ContentRules& rules, std::string space)
      : history_(history),
        content_(content),
        members_(members),
        leases_(leases),
        proofs_(proofs),
        space_(std::move(space)),
        content_check_(content, rules, space_, [this](const ArtifactId& artifact) {
          return members_.FindRecipe(space_, artifact);
        }) {}

  // Checks the whole request; its objects are then written to `history`, not yet flushed.
  absl::Status Run(const v1::PushRequest& request);

  const std::vector<history::ReferenceMove>& moves() const { return moves_; }

  // The sizes of the files that the namespace does not hold yet.
  absl::StatusOr<uint64_t> AddedBytes() const;

  // Enters new files, and which files the namespace now holds, into `batch`.
  void StageFiles(kv::Batch& batch) const;

 private:
  absl::Status ReadMoves(const v1::PushRequest& request);
  absl::Status WriteObjects(const v1::PushRequest& request);
  absl::Status VerifyRecipes(const v1::PushRequest& request);
  absl::Status CheckNewCommits();
  absl::Status CheckCommit(const history::Commit& commit);
  absl::Status CheckFile(const history::TreeEntry& file);
  absl::Status CheckContent(std::span<const history::TreeEntry> files);
  absl::Status CheckPointer(const history::LfsPointer& pointer, std::string_view path);
  absl::Status CheckMove(const history::ReferenceMove& move, bool force) const;

  history::Repository& history_;
  content::ContentStore& content_;
  const Members& members_;
  Leases& leases_;
  const FileProofs& proofs_;
  const std::string space_;
  ContentCheck content_check_;
  std::vector<history::ReferenceMove> moves_;
  absl::flat_hash_map<ArtifactId, content::Recipe> new_recipes_;  // proved
  absl::flat_hash_map<ArtifactId, content::Recipe> adopted_;      // known, new to the namespace
  absl::flat_hash_set<ObjectId> checked_trees_;
  absl::flat_hash_set<ObjectId> checked_blobs_;
  absl::flat_hash_map<ObjectId, history::LfsPointer> content_of_;  // those, and of text the same
};

}  // namespace mreg::registry
