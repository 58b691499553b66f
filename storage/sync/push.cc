#include <fmt/format.h>

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "mreg/v1/recipe.pb.h"
#include "schema/base/status.h"
#include "storage/content/chunk_receiver.h"
#include "storage/history/lfs_pointer.h"
#include "storage/sync/retry.h"
#include "storage/sync/transfer.h"

namespace mreg::sync {
namespace {

// Tells how far a stream has been read.
class CountingSource final : public ByteSource {
 public:
  CountingSource(ByteSource& base, uint64_t total, const Progress& progress)
      : base_(base), total_(total), progress_(progress) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    auto got = base_.Read(buffer);
    if (got.ok()) count_ += *got;
    if (progress_) progress_(count_, total_);
    return got;
  }
  uint64_t count() const { return count_; }

 private:
  ByteSource& base_;
  const uint64_t total_;
  const Progress& progress_;
  uint64_t count_ = 0;
};

class Pusher {
 public:
  Pusher(const history::Repository& history, const content::ContentStore& content, Remote& remote,
         const Progress& progress)
      : history_(history), content_(content), remote_(remote), progress_(progress) {}

  absl::StatusOr<PushOutcome> Run(std::span<const PushItem> items, Force force, DryRun dry_run,
                                  const std::string& reason) {
    MREG_RETURN_IF_ERROR(PlanMoves(items, force));
    if (outcome_.moves.empty()) return outcome_;
    MREG_RETURN_IF_ERROR(CollectObjects());
    MREG_RETURN_IF_ERROR(CollectRecipes());
    MREG_RETURN_IF_ERROR(MakeOffer());
    if (dry_run == DryRun::kYes) return outcome_;
    MREG_RETURN_IF_ERROR(SendChunks());
    request_.set_reason(reason);
    request_.set_force(force == Force::kYes);
    MREG_RETURN_IF_ERROR(remote_.Push(request_).status());
    return outcome_;
  }

 private:
  absl::Status PlanMoves(std::span<const PushItem> items, Force force) {
    MREG_ASSIGN_OR_RETURN(const v1::ReferencesReply reply, remote_.ListReferences());
    absl::flat_hash_map<std::string, ObjectId> there;
    for (const v1::Reference& reference : reply.references()) {
      MREG_ASSIGN_OR_RETURN(const ObjectId target, ObjectId::FromBytes(reference.target()));
      there.emplace(reference.name(), target);
      haves_.push_back(target);
    }
    for (const PushItem& item : items) {
      history::ReferenceMove move{item.reference, std::nullopt, item.target};
      if (const auto found = there.find(item.reference); found != there.end()) {
        move.expected = found->second;
      }
      if (move.expected == move.target) continue;
      MREG_RETURN_IF_ERROR(CheckForward(move, force));
      outcome_.moves.push_back(std::move(move));
    }
    return absl::OkStatus();
  }

  // Before anything is sent: the remote may not have commits that we have never seen. Whether the
  // move loses commits is the registry's rule, and checked there.
  absl::Status CheckForward(const history::ReferenceMove& move, Force force) const {
    if (force == Force::kYes || !move.expected || !move.target) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const bool is_known, history_.HasObject(*move.expected));
    if (is_known) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("{} has commits at {} that are not here", move.name, remote_.url()));
  }

  absl::Status CollectObjects() {
    std::vector<ObjectId> wants;
    for (const history::ReferenceMove& move : outcome_.moves) {
      auto& sent = *request_.add_moves();
      sent.set_name(move.name);
      if (move.expected) sent.set_from(std::string(move.expected->bytes()));
      if (move.target) sent.set_to(std::string(move.target->bytes()));
      if (move.target) wants.push_back(*move.target);
    }
    MREG_ASSIGN_OR_RETURN(const auto ids, history_.ObjectsBetween(wants, haves_));
    for (const ObjectId& id : ids) {
      MREG_ASSIGN_OR_RETURN(history::RawObject object, history_.ReadObject(id));
      if (object.type == history::ObjectType::kBlob) {
        if (const auto pointer = history::ParseLfsPointer(object.data)) {
          if (seen_.insert(pointer->artifact).second) artifacts_.push_back(pointer->artifact);
        }
      }
      auto& sent = *request_.add_objects();
      sent.set_type(static_cast<uint32_t>(object.type));
      sent.set_data(std::move(object.data));
    }
    return absl::OkStatus();
  }

  absl::Status CollectRecipes() {
    for (const ArtifactId& artifact : artifacts_) {
      MREG_ASSIGN_OR_RETURN(auto recipe, content_.FindRecipe(artifact));
      // A file that was never fetched here: the remote has it, or says that it is missing.
      if (!recipe) continue;
      outcome_.file_bytes += recipe->size;
      outcome_.chunks += recipe->chunks.size();
      for (const content::RecipeChunk& chunk : recipe->chunks) lengths_[chunk.id] = chunk.length;
      *offer_.add_recipes() = content::ToProto(*recipe);
    }
    return CollectBases();
  }

  absl::Status CollectBases() {
    std::vector<ChunkId> chunks;
    for (const auto& [id, length] : lengths_) chunks.push_back(id);
    MREG_ASSIGN_OR_RETURN(const auto bases, content_.BasesOf(chunks));
    offer_.set_bases(JoinIds(bases));
    return absl::OkStatus();
  }

  absl::Status MakeOffer() {
    if (offer_.recipes().empty()) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const v1::OfferReply reply, remote_.Offer(offer_));
    MREG_ASSIGN_OR_RETURN(missing_, SplitIds(reply.missing()));
    MREG_ASSIGN_OR_RETURN(known_bases_, SplitIds(reply.known_bases()));
    if (outcome_.sent_bytes == 0) SetNewBytes();
    request_.clear_recipes();
    const absl::flat_hash_set<uint32_t> known(reply.known_recipes().begin(),
                                              reply.known_recipes().end());
    for (int i = 0; i < offer_.recipes_size(); ++i) {
      if (!known.contains(static_cast<uint32_t>(i))) *request_.add_recipes() = offer_.recipes(i);
    }
    return absl::OkStatus();
  }

  void SetNewBytes() {
    outcome_.new_bytes = 0;
    outcome_.sent_chunks = missing_.size();
    for (const ChunkId& id : missing_) {
      if (const auto length = lengths_.find(id); length != lengths_.end()) {
        outcome_.new_bytes += length->second;
      }
    }
  }

  // When the connection breaks, what came through is kept there: a new offer tells what is left.
  absl::Status SendChunks() {
    for (int fruitless = 0; !missing_.empty();) {
      const size_t before = missing_.size();
      const absl::Status status = SendOnce();
      if (status.ok()) return absl::OkStatus();
      if (!absl::IsUnavailable(status)) return status;
      WaitBeforeRetry(fruitless);
      MREG_RETURN_IF_ERROR(MakeOffer());
      fruitless = missing_.size() < before ? 0 : fruitless + 1;
      if (fruitless == kFruitlessAttempts) return status;
    }
    return absl::OkStatus();
  }

  absl::Status SendOnce() {
    MREG_ASSIGN_OR_RETURN(const auto sender,
                          content::ChunkSender::Open(content_, missing_, known_bases_));
    CountingSource source(*sender, sender->most(), progress_);
    const absl::Status status = remote_.Upload(source, sender->length());
    outcome_.sent_bytes += source.count();
    return status;
  }

  const history::Repository& history_;
  const content::ContentStore& content_;
  Remote& remote_;
  const Progress& progress_;
  PushOutcome outcome_;
  std::vector<ObjectId> haves_;
  std::vector<ArtifactId> artifacts_;
  absl::flat_hash_set<ArtifactId> seen_;
  absl::flat_hash_map<ChunkId, uint32_t> lengths_;
  std::vector<ChunkId> missing_;
  std::vector<ChunkId> known_bases_;  // there
  v1::OfferRequest offer_;
  v1::PushRequest request_;
};

}  // namespace

absl::StatusOr<PushOutcome> Push(const history::Repository& history,
                                 const content::ContentStore& content, Remote& remote,
                                 std::span<const PushItem> items, Force force, DryRun dry_run,
                                 const std::string& reason, const Progress& progress) {
  return Pusher(history, content, remote, progress).Run(items, force, dry_run, reason);
}

}  // namespace mreg::sync
