#include "storage/registry/transfer.h"

#include <fmt/format.h>

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "mreg/v1/recipe.pb.h"
#include "schema/base/status.h"
#include "storage/registry/push_check.h"

namespace mreg::registry {
namespace {

constexpr size_t kMaxReason = 200;

// The reason goes into the journal, one line of it.
std::string OneLine(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find('\n'), kMaxReason)));
}

// Of two pushes by one token to one repository at once, the second's files may have to be hashed.
std::string UploaderOf(const Caller& caller, const RepositoryName& name) {
  return fmt::format("{} {}", caller.name, name.ToString());
}

absl::StatusOr<std::vector<ObjectId>> ParseObjectIds(
    const google::protobuf::RepeatedPtrField<std::string>& raw) {
  std::vector<ObjectId> ids;
  for (const std::string& bytes : raw) {
    MREG_ASSIGN_OR_RETURN(const ObjectId id, ObjectId::FromBytes(bytes));
    ids.push_back(id);
  }
  return ids;
}

}  // namespace

Transfer::Transfer(kv::KeyValueStore& store, content::ContentStore& content,
                   Repositories& repositories, const Access& access, const Members& members,
                   Leases& leases, Quotas& quotas, FileProofs& proofs, const ContentRules& rules,
                   const Clock& clock)
    : store_(store),
      content_(content),
      repositories_(repositories),
      access_(access),
      members_(members),
      leases_(leases),
      quotas_(quotas),
      proofs_(proofs),
      rules_(rules),
      clock_(clock) {}

absl::StatusOr<v1::ReferencesReply> Transfer::ListReferences(const Caller& caller,
                                                             const RepositoryName& name) const {
  v1::ReferencesReply reply;
  const auto history = repositories_.Open(caller, name);
  if (absl::IsNotFound(history.status()) && access_.RequireWrite(caller, name).ok()) {
    return reply;
  }
  if (!history.ok()) return history.status();
  reply.set_exists(true);
  MREG_ASSIGN_OR_RETURN(const auto references, (*history)->references().List("refs/"));
  for (const history::Reference& reference : references) {
    auto& listed = *reply.add_references();
    listed.set_name(reference.name);
    listed.set_target(std::string(reference.target.bytes()));
  }
  MREG_ASSIGN_OR_RETURN(const auto head, (*history)->HeadBranch());
  reply.set_head(head.value_or("refs/heads/main"));
  return reply;
}

absl::StatusOr<bool> Transfer::AreVisible(const std::string& space,
                                          std::span<const ChunkId> chunks) const {
  MREG_ASSIGN_OR_RETURN(const auto missing, members_.Missing(space, chunks));
  return missing.empty();
}

absl::StatusOr<std::vector<ChunkId>> Transfer::UsableBases(const RepositoryName& name,
                                                           std::span<const ChunkId> bases) const {
  MREG_ASSIGN_OR_RETURN(const auto hidden, members_.Missing(name.space(), bases));
  const absl::flat_hash_set<ChunkId> is_hidden(hidden.begin(), hidden.end());
  std::vector<ChunkId> visible(bases.begin(), bases.end());
  std::erase_if(visible, [&](const ChunkId& base) { return is_hidden.contains(base); });
  return content_.UsableBases(visible);
}

absl::StatusOr<v1::OfferReply> Transfer::Offer(const Caller& caller, const RepositoryName& name,
                                               const v1::OfferRequest& request) {
  MREG_RETURN_IF_ERROR(access_.RequireWrite(caller, name));
  v1::OfferReply reply;
  std::vector<content::Recipe> files;
  std::vector<ChunkId> wanted;
  absl::flat_hash_set<ChunkId> seen;
  uint64_t added_bytes = 0;
  for (int i = 0; i < request.recipes_size(); ++i) {
    MREG_ASSIGN_OR_RETURN(content::Recipe offered, content::FromProto(request.recipes(i)));
    if (quotas_.IsLimited(name.space())) {
      MREG_ASSIGN_OR_RETURN(const bool is_held, members_.HasFile(name.space(), offered.artifact));
      if (!is_held) added_bytes += offered.size;
    }
    leases_.Keep(offered.artifact);
    MREG_ASSIGN_OR_RETURN(const auto known, members_.FindRecipe(name.space(), offered.artifact));
    if (known) {
      reply.add_known_recipes(static_cast<uint32_t>(i));
      continue;
    }
    for (const content::RecipeChunk& chunk : offered.chunks) {
      if (seen.insert(chunk.id).second) wanted.push_back(chunk.id);
    }
    files.push_back(std::move(offered));
  }
  MREG_RETURN_IF_ERROR(quotas_.Check(name.space(), added_bytes));
  leases_.Keep(wanted);
  MREG_ASSIGN_OR_RETURN(const auto missing, members_.Missing(name.space(), wanted));
  reply.set_missing(JoinIds(missing));
  MREG_ASSIGN_OR_RETURN(const auto bases, SplitIds(request.bases()));
  leases_.KeepAsBases(bases);
  MREG_ASSIGN_OR_RETURN(const auto usable, UsableBases(name, bases));
  reply.set_known_bases(JoinIds(usable));
  proofs_.Expect(UploaderOf(caller, name), std::move(files), missing);
  return reply;
}

absl::StatusOr<std::unique_ptr<content::ChunkReceiver>> Transfer::BeginUpload(
    const Caller& caller, const RepositoryName& name) {
  MREG_RETURN_IF_ERROR(access_.RequireWrite(caller, name));
  const std::string space = name.space();
  const content::IngestHook hook = [this, space](std::span<const content::PackedChunk> chunks,
                                                 kv::Batch& batch) {
    std::vector<ChunkId> ids;
    for (const content::PackedChunk& chunk : chunks) {
      ids.push_back(chunk.id);
      Members::StageChunk(space, chunk.id, batch);
    }
    leases_.Keep(ids);
  };
  // A chunk that is stored, but was hidden from this namespace: having sent it, they may know it.
  const content::OnProved on_proved = [this, space](const ChunkId& id) -> absl::Status {
    leases_.Keep({&id, 1});
    if (access_.is_open()) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const auto known, store_.Get(kv::Table::kChunks, id.bytes()));
    if (!known) return absl::OkStatus();
    kv::Batch batch;
    Members::StageChunk(space, id, batch);
    return store_.Commit(batch);
  };
  const content::MayUse may_use = [this, space](std::span<const ChunkId> bases) {
    leases_.KeepAsBases(bases);
    return AreVisible(space, bases);
  };
  return std::make_unique<content::ChunkReceiver>(content_, hook, on_proved, may_use,
                                                  proofs_.BeginUpload(UploaderOf(caller, name)));
}

absl::StatusOr<v1::PushReply> Transfer::Push(const Caller& caller, const RepositoryName& name,
                                             const v1::PushRequest& request) {
  MREG_ASSIGN_OR_RETURN(const auto repository, repositories_.OpenForWriting(caller, name));
  // From here on until the references have moved, no collection takes what they are to lead to.
  const Leases::RepositoryHold hold(leases_, repository.number, repository.journal_size);
  PushCheck check(*repository.history, content_, members_, leases_, proofs_, rules_, name.space());
  MREG_RETURN_IF_ERROR(check.Run(request));
  MREG_ASSIGN_OR_RETURN(const uint64_t added_bytes, check.AddedBytes());
  MREG_RETURN_IF_ERROR(quotas_.Check(name.space(), added_bytes));
  // Content first, names last: a name is never visible before what it stands for is durable.
  kv::Batch batch;
  check.StageFiles(batch);
  MREG_RETURN_IF_ERROR(repository.history->Flush(&batch));
  MREG_RETURN_IF_ERROR(store_.Commit(batch));
  quotas_.Add(name.space(), added_bytes);
  MREG_RETURN_IF_ERROR(repositories_.CreateIfNew(caller, name, repository));
  const history::MoveRecord record{caller.name, clock_.Now(), OneLine(request.reason())};
  MREG_RETURN_IF_ERROR(repository.history->references().Move(check.moves(), record));
  return v1::PushReply();
}

absl::StatusOr<v1::FetchReply> Transfer::Fetch(const Caller& caller, const RepositoryName& name,
                                               const v1::FetchRequest& request) const {
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
  MREG_ASSIGN_OR_RETURN(const auto wants, ParseObjectIds(request.wants()));
  MREG_ASSIGN_OR_RETURN(const auto haves, ParseObjectIds(request.haves()));
  MREG_ASSIGN_OR_RETURN(const auto ids, history->ObjectsBetween(wants, haves));
  v1::FetchReply reply;
  for (const ObjectId& id : ids) {
    MREG_ASSIGN_OR_RETURN(history::RawObject object, history->ReadObject(id));
    auto& sent = *reply.add_objects();
    sent.set_type(static_cast<uint32_t>(object.type));
    sent.set_data(std::move(object.data));
  }
  return reply;
}

absl::StatusOr<v1::RecipesReply> Transfer::Recipes(const Caller& caller, const RepositoryName& name,
                                                   const v1::RecipesRequest& request) const {
  MREG_RETURN_IF_ERROR(repositories_.Open(caller, name).status());
  v1::RecipesReply reply;
  std::vector<ChunkId> chunks;
  for (const std::string& raw : request.artifacts()) {
    MREG_ASSIGN_OR_RETURN(const ArtifactId artifact, ArtifactId::FromBytes(raw));
    MREG_ASSIGN_OR_RETURN(const auto recipe, members_.FindRecipe(name.space(), artifact));
    if (!recipe) {
      return absl::NotFoundError(
          fmt::format("the registry lacks the file {}", artifact.ToShortHex()));
    }
    for (const content::RecipeChunk& chunk : recipe->chunks) chunks.push_back(chunk.id);
    *reply.add_recipes() = content::ToProto(*recipe);
  }
  MREG_ASSIGN_OR_RETURN(const auto bases, content_.BasesOf(chunks));
  MREG_ASSIGN_OR_RETURN(const auto usable, UsableBases(name, bases));
  reply.set_bases(JoinIds(usable));
  return reply;
}

absl::StatusOr<std::unique_ptr<content::ChunkSender>> Transfer::OpenChunks(
    const Caller& caller, const RepositoryName& name, const v1::ChunksRequest& request) const {
  MREG_RETURN_IF_ERROR(repositories_.Open(caller, name).status());
  MREG_ASSIGN_OR_RETURN(auto ids, SplitIds(request.chunk_ids()));
  MREG_ASSIGN_OR_RETURN(const auto missing, members_.Missing(name.space(), ids));
  if (!missing.empty()) {
    return absl::NotFoundError(
        fmt::format("the registry lacks {} of the chunks asked for", missing.size()));
  }
  MREG_ASSIGN_OR_RETURN(const auto known, SplitIds(request.known_bases()));
  MREG_ASSIGN_OR_RETURN(const auto usable, UsableBases(name, known));
  return content::ChunkSender::Open(content_, std::move(ids), usable);
}

absl::StatusOr<v1::DownloadSizeReply> Transfer::DownloadSize(
    const Caller& caller, const RepositoryName& name, const v1::ChunksRequest& request) const {
  MREG_ASSIGN_OR_RETURN(const auto sender, OpenChunks(caller, name, request));
  v1::DownloadSizeReply reply;
  reply.set_bytes(sender->most());
  reply.set_is_most(!sender->length());
  return reply;
}

}  // namespace mreg::registry
