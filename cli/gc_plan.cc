#include "cli/gc_plan.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/base/status.h"
#include "storage/content/recipe.h"
#include "storage/history/lfs_pointer.h"
#include "storage/history/staging_index.h"
#include "storage/registry/local_store.h"

namespace mreg::cli {
namespace {

using Files = absl::flat_hash_set<ArtifactId>;

// The files that a clone's history and index name.
class Marker {
 public:
  explicit Marker(Files& used) : used_(used) {}

  absl::Status MarkClone(const std::string& git_directory) {
    MREG_ASSIGN_OR_RETURN(const auto history, history::OpenDirectory(git_directory));
    MREG_ASSIGN_OR_RETURN(const auto references, history->references().List("refs/"));
    std::vector<ObjectId> tips;
    for (const history::Reference& reference : references) tips.push_back(reference.target);
    if (const auto head = history->Resolve("HEAD"); head.ok()) tips.push_back(ToObjectId(*head));
    MREG_ASSIGN_OR_RETURN(const auto objects, history->ObjectsBetween(tips, {}));
    for (const ObjectId& id : objects) MREG_RETURN_IF_ERROR(MarkObject(*history, id));
    MREG_ASSIGN_OR_RETURN(const auto index, history::OpenStagingIndex(git_directory));
    for (const history::StagedFile& file : index->files()) {
      MREG_RETURN_IF_ERROR(MarkObject(*history, file.entry.blob));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status MarkObject(const history::Repository& history, const ObjectId& id) {
    MREG_ASSIGN_OR_RETURN(const history::RawObject object, history.ReadObject(id));
    if (object.type != history::ObjectType::kBlob) return absl::OkStatus();
    if (const auto pointer = history::ParseLfsPointer(object.data)) used_.insert(pointer->artifact);
    return absl::OkStatus();
  }

  Files& used_;
};

// Which packs were written lately; a pack file's time is when it was written, since it never
// changes.
class PackAges {
 public:
  PackAges(std::string store_directory, TimePoint older_than)
      : store_directory_(std::move(store_directory)), older_than_(older_than) {}

  bool IsYoung(const PackId& pack) {
    const auto [found, is_new] = young_.try_emplace(pack, false);
    if (is_new) found->second = LookUp(pack);
    return found->second;
  }

 private:
  // A pack whose time cannot be told counts as young.
  bool LookUp(const PackId& pack) const {
    const std::string hex = pack.ToHex();
    const std::string path =
        JoinPath(store_directory_, "packs/" + hex.substr(0, 2) + "/" + hex + ".pack");
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return true;
    return TimePoint(std::chrono::seconds(info.st_mtim.tv_sec)) >= older_than_;
  }

  const std::string store_directory_;
  const TimePoint older_than_;
  absl::flat_hash_map<PackId, bool> young_;
};

absl::StatusOr<std::vector<content::Recipe>> ReadRecipes(const content::ContentStore& content) {
  std::vector<ArtifactId> ids;
  MREG_RETURN_IF_ERROR(
      content.index().Scan(kv::Table::kRecipes, "", "", [&](ByteView key, ByteView) {
        if (const auto id = ArtifactId::FromBytes(key); id.ok()) ids.push_back(*id);
        return true;
      }));
  std::vector<content::Recipe> recipes;
  for (const ArtifactId& id : ids) {
    MREG_ASSIGN_OR_RETURN(auto recipe, content.FindRecipe(id));
    if (recipe) recipes.push_back(*std::move(recipe));
  }
  return recipes;
}

std::vector<ChunkId> ChunksOf(const content::Recipe& recipe) {
  std::vector<ChunkId> ids;
  for (const content::RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
  return ids;
}

class Planner {
 public:
  Planner(const content::ContentStore& content, const Files& used, PackAges ages)
      : content_(content), used_(used), ages_(std::move(ages)) {}

  absl::Status Run(GcPlan& plan) {
    MREG_ASSIGN_OR_RETURN(const auto recipes, ReadRecipes(content_));
    std::vector<const content::Recipe*> unused;
    for (const content::Recipe& recipe : recipes) {
      MREG_ASSIGN_OR_RETURN(const bool is_kept, IsKept(recipe, plan));
      if (!is_kept) unused.push_back(&recipe);
      if (is_kept) Keep(recipe);
    }
    plan.files = recipes.size();
    plan.free_files = unused.size();
    for (const content::Recipe* recipe : unused) MREG_RETURN_IF_ERROR(Free(*recipe, plan));
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<bool> IsKept(const content::Recipe& recipe, GcPlan& plan) {
    if (used_.contains(recipe.artifact)) {
      ++plan.used_files;
      return true;
    }
    MREG_ASSIGN_OR_RETURN(const auto places, content_.Locate(ChunksOf(recipe)));
    for (const content::ChunkPlace& place : places) {
      if (!ages_.IsYoung(place.pack)) continue;
      ++plan.kept_files;
      return true;
    }
    return false;
  }

  void Keep(const content::Recipe& recipe) {
    for (const content::RecipeChunk& chunk : recipe.chunks) settled_.insert(chunk.id);
  }

  absl::Status Free(const content::Recipe& recipe, GcPlan& plan) {
    const std::vector<ChunkId> ids = ChunksOf(recipe);
    MREG_ASSIGN_OR_RETURN(const auto places, content_.Locate(ids));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!settled_.insert(ids[i]).second) continue;
      ++plan.free_chunks;
      plan.free_bytes += places[i].stored_length;
    }
    return absl::OkStatus();
  }

  const content::ContentStore& content_;
  const Files& used_;
  PackAges ages_;
  absl::flat_hash_set<ChunkId> settled_;  // kept, or counted already
};

}  // namespace

absl::StatusOr<GcPlan> PlanGc(Context& context, TimePoint older_than) {
  const std::string& directory = context.environment().store_directory;
  MREG_ASSIGN_OR_RETURN(const auto store, registry::LocalStore::Open(directory, PosixFileSystem()));
  MREG_ASSIGN_OR_RETURN(const auto clones, store->Clones());
  GcPlan plan;
  Files used;
  for (const std::string& clone : clones) {
    const std::string git_directory = JoinPath(clone, ".mreg");
    MREG_ASSIGN_OR_RETURN(const bool exists, PosixFileSystem().Exists(git_directory));
    (exists ? plan.clones : plan.lost_clones).push_back(clone);
    if (!exists) continue;
    const absl::Status status = Marker(used).MarkClone(git_directory);
    if (!status.ok()) return Annotate(status, clone);
  }
  MREG_RETURN_IF_ERROR(Planner(store->content(), used, PackAges(directory, older_than)).Run(plan));
  return plan;
}

}  // namespace mreg::cli
