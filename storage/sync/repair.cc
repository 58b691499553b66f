#include "storage/sync/repair.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "mreg/v1/recipe.pb.h"
#include "schema/base/status.h"
#include "storage/content/chunk_receiver.h"
#include "storage/content/fsck.h"
#include "storage/sync/counting_sink.h"

namespace mreg::sync {
namespace {

class Repairer {
 public:
  Repairer(content::ContentStore& content, Remote& remote, std::span<const ChunkId> damaged,
           const Progress& progress)
      : content_(content),
        remote_(remote),
        progress_(progress),
        damaged_(damaged.begin(), damaged.end()) {}

  absl::StatusOr<RepairOutcome> Run() {
    MREG_ASSIGN_OR_RETURN(const auto files, content::FilesWith(content_, damaged_));
    for (const ArtifactId& file : files) MREG_RETURN_IF_ERROR(AskFor(file));
    if (!wanted_.empty()) MREG_RETURN_IF_ERROR(Receive());
    if (!recipes_.writes().empty()) MREG_RETURN_IF_ERROR(content_.index().Commit(recipes_));
    std::vector<ChunkId> left;
    for (const ChunkId& id : damaged_) {
      if (!seen_.contains(id)) left.push_back(id);
    }
    MREG_RETURN_IF_ERROR(content::ForgetUnneeded(content_, left));
    MREG_RETURN_IF_ERROR(content::RemoveUnreadablePacks(content_));
    return outcome_;
  }

 private:
  // One file a call: a remote that lacks one of several says nothing of the others.
  absl::Status AskFor(const ArtifactId& file) {
    v1::RecipesRequest request;
    request.add_artifacts(std::string(file.bytes()));
    const auto reply = remote_.Recipes(request);
    if (absl::IsNotFound(reply.status())) {
      ++outcome_.unknown_files;
      return absl::OkStatus();
    }
    if (!reply.ok()) return reply.status();
    if (reply->recipes_size() != 1)
      return absl::DataLossError("the remote's answer makes no sense");
    MREG_ASSIGN_OR_RETURN(content::Recipe recipe, content::FromProto(reply->recipes(0)));
    if (recipe.artifact != file) return absl::DataLossError("the remote's answer makes no sense");
    MREG_ASSIGN_OR_RETURN(const auto bases, SplitIds(reply->bases()));
    bases_.insert(bases_.end(), bases.begin(), bases.end());
    MREG_RETURN_IF_ERROR(Want(recipe));
    // It may be cut in another way there than here.
    recipe.is_proved = false;
    content::StageRecipe(recipe, recipes_);
    return absl::OkStatus();
  }

  absl::Status Want(const content::Recipe& recipe) {
    std::vector<ChunkId> ids;
    for (const content::RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
    MREG_ASSIGN_OR_RETURN(const auto missing, content_.Missing(ids));
    const absl::flat_hash_set<ChunkId> is_missing(missing.begin(), missing.end());
    for (const content::RecipeChunk& chunk : recipe.chunks) {
      if (!damaged_.contains(chunk.id) && !is_missing.contains(chunk.id)) continue;
      if (!seen_.insert(chunk.id).second) continue;
      wanted_.push_back(chunk.id);
      wanted_bytes_ += chunk.length;
    }
    return absl::OkStatus();
  }

  absl::Status Receive() {
    v1::ChunksRequest request;
    request.set_chunk_ids(JoinIds(wanted_));
    std::erase_if(bases_, [&](const ChunkId& base) { return damaged_.contains(base); });
    MREG_ASSIGN_OR_RETURN(const auto known_bases, content_.UsableBases(bases_));
    request.set_known_bases(JoinIds(known_bases));
    content::ChunkReceiver receiver(content_, nullptr, nullptr);
    receiver.Replace(damaged_);
    CountingSink sink(receiver, wanted_bytes_, wanted_.size(), progress_);
    const absl::Status status = remote_.Download(request, sink);
    const absl::Status finished = receiver.Finish();
    outcome_.received_bytes = sink.count();
    outcome_.repaired = receiver.chunk_count();
    return status.ok() ? finished : status;
  }

  content::ContentStore& content_;
  Remote& remote_;
  const Progress& progress_;
  const absl::flat_hash_set<ChunkId> damaged_;
  absl::flat_hash_set<ChunkId> seen_;
  std::vector<ChunkId> wanted_;
  uint64_t wanted_bytes_ = 0;  // plain
  std::vector<ChunkId> bases_;
  kv::Batch recipes_;
  RepairOutcome outcome_;
};

}  // namespace

absl::StatusOr<RepairOutcome> Repair(content::ContentStore& content, Remote& remote,
                                     std::span<const ChunkId> damaged, const Progress& progress) {
  return Repairer(content, remote, damaged, progress).Run();
}

}  // namespace mreg::sync
