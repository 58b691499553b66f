#include "storage/registry/push_check.h"

#include <fmt/format.h>

#include <utility>

#include "mreg/v1/recipe.pb.h"
#include "schema/base/display.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/registry/manifest.h"
#include "storage/registry/path_rules.h"

namespace mreg::registry {
namespace {

constexpr std::string_view kBranches = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

absl::StatusOr<std::optional<ObjectId>> ParseTarget(const std::string& bytes) {
  if (bytes.empty()) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(const ObjectId id, ObjectId::FromBytes(bytes));
  return id;
}

// "main" for refs/heads/main.
std::string_view ShortName(std::string_view reference) {
  for (const std::string_view prefix : {kBranches, kTags}) {
    if (reference.starts_with(prefix)) return reference.substr(prefix.size());
  }
  return reference;
}

}  // namespace

absl::Status PushCheck::Run(const v1::PushRequest& request) {
  MREG_RETURN_IF_ERROR(ReadMoves(request));
  MREG_RETURN_IF_ERROR(WriteObjects(request));
  MREG_RETURN_IF_ERROR(VerifyRecipes(request));
  MREG_RETURN_IF_ERROR(CheckNewCommits());
  for (const history::ReferenceMove& move : moves_) {
    MREG_RETURN_IF_ERROR(CheckMove(move, request.force()));
  }
  return absl::OkStatus();
}

absl::Status PushCheck::ReadMoves(const v1::PushRequest& request) {
  if (request.moves().empty()) return absl::InvalidArgumentError("the push moves no reference");
  for (const v1::ReferenceMove& move : request.moves()) {
    const std::string_view name = move.name();
    if (!history::IsValidReferenceName(name) ||
        !(name.starts_with(kBranches) || name.starts_with(kTags))) {
      return absl::InvalidArgumentError(
          fmt::format("{} is no name of a branch or tag", EscapeForDisplay(name)));
    }
    history::ReferenceMove parsed{move.name(), {}, {}};
    MREG_ASSIGN_OR_RETURN(parsed.expected, ParseTarget(move.from()));
    MREG_ASSIGN_OR_RETURN(parsed.target, ParseTarget(move.to()));
    moves_.push_back(std::move(parsed));
  }
  return absl::OkStatus();
}

absl::Status PushCheck::WriteObjects(const v1::PushRequest& request) {
  for (const v1::GitObject& object : request.objects()) {
    if (object.type() < 1 || object.type() > 4) {
      return absl::InvalidArgumentError("the push holds an object of unknown type");
    }
    MREG_RETURN_IF_ERROR(
        history_.WriteObject(static_cast<history::ObjectType>(object.type()), object.data())
            .status());
  }
  return absl::OkStatus();
}

absl::Status PushCheck::VerifyRecipes(const v1::PushRequest& request) {
  for (const v1::Recipe& proto : request.recipes()) {
    MREG_ASSIGN_OR_RETURN(content::Recipe recipe, content::FromProto(proto));
    std::vector<ChunkId> ids;
    ids.reserve(recipe.chunks.size());
    for (const content::RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
    leases_.Keep(recipe.artifact);
    leases_.Keep(ids);
    MREG_ASSIGN_OR_RETURN(const auto missing, members_.Missing(space_, ids));
    if (!missing.empty()) {
      return absl::NotFoundError(fmt::format("{} chunks of {} have not been sent", missing.size(),
                                             recipe.artifact.ToShortHex()));
    }
    if (!proofs_.IsProved(recipe)) MREG_RETURN_IF_ERROR(content_.Verify(recipe));
    new_recipes_.insert_or_assign(recipe.artifact, std::move(recipe));
  }
  return absl::OkStatus();
}

absl::Status PushCheck::CheckNewCommits() {
  std::vector<CommitId> from, hide;
  for (const history::ReferenceMove& move : moves_) {
    if (!move.target) continue;
    MREG_ASSIGN_OR_RETURN(const CommitId commit, history_.Peel(*move.target));
    if (move.name.starts_with(kBranches) && ToObjectId(commit) != *move.target) {
      return absl::InvalidArgumentError(
          fmt::format("the branch {} has to be a commit, not a tag", ShortName(move.name)));
    }
    from.push_back(commit);
  }
  MREG_ASSIGN_OR_RETURN(const auto known, history_.references().List("refs/"));
  for (const history::Reference& reference : known) {
    MREG_ASSIGN_OR_RETURN(const CommitId commit, history_.Peel(reference.target));
    hide.push_back(commit);
  }
  absl::Status status;
  MREG_RETURN_IF_ERROR(history_.Walk(from, hide, [&](const history::Commit& commit) {
    status = CheckCommit(commit);
    return status.ok();
  }));
  return status;
}

absl::Status PushCheck::CheckCommit(const history::Commit& commit) {
  for (const CommitId& parent : commit.parents) {
    MREG_ASSIGN_OR_RETURN(const bool exists, history_.HasObject(ToObjectId(parent)));
    if (!exists) {
      return absl::NotFoundError(fmt::format("commit {} has not been sent", parent.ToHex()));
    }
  }
  if (!checked_trees_.insert(commit.tree).second) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const auto files, history_.ReadTree(commit.tree));
  MREG_RETURN_IF_ERROR(CheckFiles(files));
  for (const history::TreeEntry& file : files) MREG_RETURN_IF_ERROR(CheckFile(file));
  return CheckContent(files);
}

absl::Status PushCheck::CheckContent(std::span<const history::TreeEntry> files) {
  std::vector<TreeFile> contents;
  for (const history::TreeEntry& file : files) {
    const history::LfsPointer& content = content_of_.at(file.blob);
    contents.push_back({file.path, content.artifact, content.size});
  }
  return content_check_.CheckTree(contents);
}

absl::Status PushCheck::CheckFile(const history::TreeEntry& file) {
  if (!checked_blobs_.insert(file.blob).second) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const history::RawObject blob, history_.ReadObject(file.blob));
  if (blob.type != history::ObjectType::kBlob) {
    return absl::InvalidArgumentError(
        fmt::format("{} is no file in the pushed tree", EscapeForDisplay(file.path)));
  }
  if (const auto pointer = history::ParseLfsPointer(blob.data)) {
    content_of_.emplace(file.blob, *pointer);
    return CheckPointer(*pointer, file.path);
  }
  if (!IsText(blob.data)) {
    return absl::InvalidArgumentError(
        fmt::format("{} is too large or not text, and has to be pushed as an artifact",
                    EscapeForDisplay(file.path)));
  }
  const auto id = IdOf<ArtifactId>(blob.data);
  content_of_.emplace(file.blob, history::LfsPointer{id, blob.data.size()});
  return content_check_.CheckText(file.path, id, blob.data);
}

absl::Status PushCheck::CheckPointer(const history::LfsPointer& pointer, std::string_view path) {
  std::optional<content::Recipe> recipe;
  if (const auto found = new_recipes_.find(pointer.artifact); found != new_recipes_.end()) {
    recipe = found->second;
  } else {
    leases_.Keep(pointer.artifact);
    MREG_ASSIGN_OR_RETURN(recipe, members_.FindRecipe(space_, pointer.artifact));
    if (recipe) {
      MREG_ASSIGN_OR_RETURN(const bool is_member, members_.HasFile(space_, pointer.artifact));
      if (!is_member) adopted_.insert_or_assign(pointer.artifact, *recipe);
    }
  }
  if (!recipe) {
    return absl::NotFoundError(
        fmt::format("the content of {} has not been sent", EscapeForDisplay(path)));
  }
  if (recipe->size != pointer.size) {
    return absl::InvalidArgumentError(
        fmt::format("the pointer of {} tells a wrong size", EscapeForDisplay(path)));
  }
  MREG_ASSIGN_OR_RETURN(const bool is_held, members_.HasFile(space_, pointer.artifact));
  return is_held ? absl::OkStatus() : content_check_.CheckArtifact(path, *recipe);
}

absl::Status PushCheck::CheckMove(const history::ReferenceMove& move, bool force) const {
  if (force || !move.expected || !move.target || move.expected == move.target) {
    return absl::OkStatus();
  }
  const std::string_view name = ShortName(move.name);
  if (move.name.starts_with(kTags)) {
    return absl::FailedPreconditionError(
        fmt::format("the tag {} exists already, and tags do not move", name));
  }
  MREG_ASSIGN_OR_RETURN(const bool exists, history_.HasObject(*move.expected));
  if (exists) {
    MREG_ASSIGN_OR_RETURN(const CommitId old_commit, history_.Peel(*move.expected));
    MREG_ASSIGN_OR_RETURN(const CommitId new_commit, history_.Peel(*move.target));
    MREG_ASSIGN_OR_RETURN(const bool keeps_all, history_.IsAncestor(old_commit, new_commit));
    if (keeps_all) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      fmt::format("the branch {} has commits that the pushed one lacks", name));
}

absl::StatusOr<uint64_t> PushCheck::AddedBytes() const {
  uint64_t bytes = 0;
  for (const auto& [artifact, recipe] : new_recipes_) {
    MREG_ASSIGN_OR_RETURN(const bool is_held, members_.HasFile(space_, artifact));
    if (!is_held) bytes += recipe.size;
  }
  for (const auto& [artifact, recipe] : adopted_) bytes += recipe.size;
  return bytes;
}

void PushCheck::StageFiles(kv::Batch& batch) const {
  for (const auto& [artifact, recipe] : new_recipes_) {
    content::StageRecipe(recipe, batch);
    Members::StageFile(space_, recipe, batch);
  }
  for (const auto& [artifact, recipe] : adopted_) Members::StageFile(space_, recipe, batch);
}

}  // namespace mreg::registry
