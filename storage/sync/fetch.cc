#include <fmt/format.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "mreg/v1/recipe.pb.h"
#include "schema/base/status.h"
#include "storage/content/chunk_receiver.h"
#include "storage/content/file_assembler.h"
#include "storage/sync/counting_sink.h"
#include "storage/sync/retry.h"
#include "storage/sync/transfer.h"

namespace mreg::sync {
namespace {

absl::Status MakesNoSense(const Remote& remote, std::string_view what) {
  return absl::DataLossError(fmt::format("{} answered with {}", remote.url(), what));
}

absl::StatusOr<std::vector<ObjectId>> TargetsOf(const history::Repository& history) {
  MREG_ASSIGN_OR_RETURN(const auto references, history.references().List("refs/"));
  std::vector<ObjectId> targets;
  for (const history::Reference& reference : references) targets.push_back(reference.target);
  return targets;
}

class NoOutputs final : public content::FileOutputs {
 public:
  std::unique_ptr<RandomAccessFile> Open(const ArtifactId&, uint64_t) override { return nullptr; }
  void Accept(const ArtifactId&, std::unique_ptr<RandomAccessFile>) override {}
};

class FileFetcher {
 public:
  FileFetcher(content::ContentStore& content, Remote& remote, content::FileOutputs& outputs,
              const Progress& progress)
      : content_(content), remote_(remote), progress_(progress), assembler_(content, outputs) {}

  absl::StatusOr<FetchOutcome> Run(std::span<const ArtifactId> files) {
    MREG_RETURN_IF_ERROR(AskForRecipes(files));
    bool is_first = true;
    for (int fruitless = 0;;) {
      MREG_ASSIGN_OR_RETURN(const auto missing, content_.Missing(chunks_));
      if (missing.empty()) break;
      assembler_.Expect(missing);
      if (std::exchange(is_first, false)) {
        for (const content::Recipe& recipe : recipes_) assembler_.Add(recipe);
      }
      const absl::Status status = ReceiveOnce(missing);
      if (!status.ok() && !absl::IsUnavailable(status)) return status;
      if (!status.ok()) WaitBeforeRetry(fruitless);
      MREG_ASSIGN_OR_RETURN(const auto left, content_.Missing(chunks_));
      if (status.ok()) {
        if (left.size() < missing.size()) continue;
        return MakesNoSense(remote_, "none of the chunks that were asked for");
      }
      fruitless = left.size() < missing.size() ? 0 : fruitless + 1;
      if (fruitless == kFruitlessAttempts) return status;
    }
    MREG_RETURN_IF_ERROR(EnterFiles());
    return outcome_;
  }

  absl::StatusOr<FetchPlan> Plan(std::span<const ArtifactId> files) {
    MREG_RETURN_IF_ERROR(AskForRecipes(files));
    FetchPlan plan;
    plan.files = recipes_.size();
    for (const content::Recipe& recipe : recipes_) plan.file_bytes += recipe.size;
    plan.chunks = chunks_.size();
    MREG_ASSIGN_OR_RETURN(const auto missing, content_.Missing(chunks_));
    plan.missing_chunks = missing.size();
    plan.missing_bytes = PlainBytes(missing);
    if (missing.empty()) return plan;
    MREG_ASSIGN_OR_RETURN(const v1::ChunksRequest request, RequestFor(missing));
    const auto size = remote_.DownloadSize(request);
    if (!size.ok() && !absl::IsNotFound(size.status())) return size.status();
    plan.receive_bytes = size.ok() ? size->bytes() : plan.missing_bytes;
    plan.receives_at_most = !size.ok() || size->is_most();
    return plan;
  }

 private:
  // A recipe alone is not the file: chunks of it may have been lost since.
  absl::StatusOr<std::optional<content::Recipe>> FindWhole(const ArtifactId& file) const {
    MREG_ASSIGN_OR_RETURN(auto recipe, content_.FindRecipe(file));
    if (!recipe) return std::nullopt;
    std::vector<ChunkId> ids;
    for (const content::RecipeChunk& chunk : recipe->chunks) ids.push_back(chunk.id);
    MREG_ASSIGN_OR_RETURN(const auto missing, content_.Missing(ids));
    if (!missing.empty()) recipe.reset();
    return recipe;
  }

  uint64_t PlainBytes(const std::vector<ChunkId>& ids) const {
    uint64_t bytes = 0;
    for (const ChunkId& id : ids) bytes += lengths_.at(id);
    return bytes;
  }

  absl::StatusOr<v1::ChunksRequest> RequestFor(const std::vector<ChunkId>& missing) const {
    v1::ChunksRequest request;
    request.set_chunk_ids(JoinIds(missing));
    MREG_ASSIGN_OR_RETURN(const auto known_bases, content_.UsableBases(bases_));
    request.set_known_bases(JoinIds(known_bases));
    return request;
  }

  absl::Status AskForRecipes(std::span<const ArtifactId> files) {
    v1::RecipesRequest request;
    absl::flat_hash_set<ArtifactId> asked;
    for (const ArtifactId& file : files) {
      MREG_ASSIGN_OR_RETURN(const auto known, FindWhole(file));
      if (known) outcome_.file_bytes += known->size;
      if (known || !asked.insert(file).second) continue;
      request.add_artifacts(std::string(file.bytes()));
    }
    if (request.artifacts().empty()) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const v1::RecipesReply reply, remote_.Recipes(request));
    if (reply.recipes_size() != request.artifacts_size()) {
      return MakesNoSense(remote_, "another number of files than asked for");
    }
    absl::flat_hash_set<ChunkId> seen;
    for (int i = 0; i < reply.recipes_size(); ++i) {
      auto recipe = content::FromProto(reply.recipes(i));
      if (!recipe.ok() || recipe->artifact.bytes() != request.artifacts(i)) {
        return MakesNoSense(remote_, "another file than asked for");
      }
      outcome_.file_bytes += recipe->size;
      for (const content::RecipeChunk& chunk : recipe->chunks) {
        if (!seen.insert(chunk.id).second) continue;
        chunks_.push_back(chunk.id);
        lengths_[chunk.id] = chunk.length;
      }
      recipes_.push_back(*std::move(recipe));
    }
    outcome_.chunks = chunks_.size();
    MREG_ASSIGN_OR_RETURN(bases_, SplitIds(reply.bases()));
    return absl::OkStatus();
  }

  absl::Status ReceiveOnce(const std::vector<ChunkId>& missing) {
    MREG_ASSIGN_OR_RETURN(const v1::ChunksRequest request, RequestFor(missing));
    content::ChunkReceiver receiver(content_, assembler_);
    // At most the plain bytes: chunks travel compressed.
    CountingSink sink(receiver, PlainBytes(missing), missing.size(), progress_);
    absl::Status status = remote_.Download(request, sink);
    outcome_.received_bytes += sink.count();
    const absl::Status finished = receiver.Finish();
    outcome_.received_chunks += receiver.chunk_count();
    return status.ok() ? finished : status;
  }

  // The chunks are what their ids say. That they make up the file was proved while it was put
  // together, or will be by whoever writes it out, in the same pass.
  absl::Status EnterFiles() {
    const auto assembled = assembler_.Finish();
    const absl::flat_hash_set<ArtifactId> proved(assembled.begin(), assembled.end());
    kv::Batch batch;
    for (content::Recipe& recipe : recipes_) {
      recipe.is_proved = proved.contains(recipe.artifact);
      content::StageRecipe(recipe, batch);
    }
    return recipes_.empty() ? absl::OkStatus() : content_.index().Commit(batch);
  }

  content::ContentStore& content_;
  Remote& remote_;
  const Progress& progress_;
  content::FileAssembler assembler_;
  FetchOutcome outcome_;
  std::vector<content::Recipe> recipes_;
  std::vector<ChunkId> chunks_;
  std::vector<ChunkId> bases_;  // that the remote has differences to
  absl::flat_hash_map<ChunkId, uint32_t> lengths_;
};

}  // namespace

absl::StatusOr<FetchedHistory> FetchHistory(history::Repository& history, Remote& remote) {
  MREG_ASSIGN_OR_RETURN(const v1::ReferencesReply reply, remote.ListReferences());
  if (!reply.exists()) {
    return absl::NotFoundError(fmt::format("there is no repository {}", remote.url()));
  }
  FetchedHistory fetched;
  fetched.head = reply.head();
  std::vector<ObjectId> wants;
  for (const v1::Reference& reference : reply.references()) {
    MREG_ASSIGN_OR_RETURN(const ObjectId target, ObjectId::FromBytes(reference.target()));
    if (!history::IsValidReferenceName(reference.name())) {
      return MakesNoSense(remote, "a reference whose name is not valid");
    }
    fetched.references.push_back({reference.name(), target});
    wants.push_back(target);
  }
  MREG_ASSIGN_OR_RETURN(const auto haves, TargetsOf(history));
  v1::FetchRequest request;
  for (const ObjectId& want : wants) {
    MREG_ASSIGN_OR_RETURN(const bool is_here, history.HasObject(want));
    if (!is_here) request.add_wants(std::string(want.bytes()));
  }
  if (request.wants().empty()) return fetched;
  for (const ObjectId& have : haves) request.add_haves(std::string(have.bytes()));
  MREG_ASSIGN_OR_RETURN(const v1::FetchReply objects, remote.Fetch(request));
  for (const v1::GitObject& object : objects.objects()) {
    if (object.type() < 1 || object.type() > 4) {
      return MakesNoSense(remote, "an object of unknown type");
    }
    MREG_RETURN_IF_ERROR(
        history.WriteObject(static_cast<history::ObjectType>(object.type()), object.data())
            .status());
  }
  fetched.objects = static_cast<uint64_t>(objects.objects_size());
  // Everything that the references need is here, or they must not be believed.
  MREG_RETURN_IF_ERROR(history.ObjectsBetween(wants, haves).status());
  MREG_RETURN_IF_ERROR(history.Flush());
  return fetched;
}

absl::StatusOr<FetchPlan> PlanFetch(content::ContentStore& content, Remote& remote,
                                    std::span<const ArtifactId> files) {
  NoOutputs nowhere;
  return FileFetcher(content, remote, nowhere, nullptr).Plan(files);
}

absl::StatusOr<FetchOutcome> FetchFiles(content::ContentStore& content, Remote& remote,
                                        std::span<const ArtifactId> files, const Progress& progress,
                                        content::FileOutputs* outputs) {
  NoOutputs nowhere;
  return FileFetcher(content, remote, outputs == nullptr ? nowhere : *outputs, progress).Run(files);
}

}  // namespace mreg::sync
