#include "storage/registry/catalog_entries.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "schema/base/bytes_file.h"
#include "schema/base/status.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/model_reader.h"
#include "storage/content/stored_file.h"

namespace mreg::registry {
namespace {

// Where a version says what it is, in the Hugging Face manner.
constexpr std::string_view kCardPath = "README.md";

bool IsBranch(const history::Reference& reference) {
  return reference.name.starts_with("refs/heads/");
}

// Small models of few bytes can be text to git; other texts are no models.
bool MayBeModel(const ManifestEntry& file) {
  return file.is_artifact || file.path.ends_with(".onnx");
}

// Content that is damaged or was collected meanwhile has nothing to tell; that is fsck's to say.
bool IsNoModel(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsDataLoss(status);
}

}  // namespace

absl::StatusOr<catalog::RepositoryUpdate> CatalogEntries::Update(const std::vector<CommitId>& known,
                                                                 bool lost) {
  catalog::RepositoryUpdate update{name_, {}, {}, {}};
  MREG_ASSIGN_OR_RETURN(const std::vector<CommitId> tips, Tips());
  absl::Status status;
  MREG_RETURN_IF_ERROR(history_.Walk(tips, known, [&](const history::Commit& commit) {
    status = AddVersion(commit, update.entries);
    return status.ok();
  }));
  MREG_RETURN_IF_ERROR(status);
  // Those found last come first: parents before children.
  std::ranges::reverse(update.entries);
  if (!tips.empty()) update.latest = tips.front();
  if (!lost) return update;
  MREG_RETURN_IF_ERROR(
      history_.Walk(tips, {}, [&, alive = &update.alive.emplace()](const history::Commit& commit) {
        alive->insert(commit.id);
        return true;
      }));
  return update;
}

// Of all branches and tags, each once; first the one that stands for the repository: HEAD's branch,
// or else the first.
absl::StatusOr<std::vector<CommitId>> CatalogEntries::Tips() const {
  MREG_ASSIGN_OR_RETURN(std::vector<history::Reference> references,
                        history_.references().List("refs/"));
  MREG_ASSIGN_OR_RETURN(const auto head, history_.HeadBranch());
  std::ranges::stable_sort(references, std::ranges::greater(), [&](const auto& reference) {
    return reference.name == head ? 2 : IsBranch(reference) ? 1 : 0;
  });
  std::vector<CommitId> tips;
  for (const history::Reference& reference : references) {
    MREG_ASSIGN_OR_RETURN(const CommitId commit, history_.Peel(reference.target));
    if (std::ranges::find(tips, commit) == tips.end()) tips.push_back(commit);
  }
  return tips;
}

absl::Status CatalogEntries::AddVersion(const history::Commit& commit,
                                        std::vector<catalog::Entry>& entries) {
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(history_, commit.id));
  catalog::Entry version;
  version.summary.commit = commit.id;
  version.summary.time = TimePoint(std::chrono::seconds(commit.committer.seconds));
  for (const ManifestEntry& file : manifest.files) {
    if (file.path != kCardPath || file.is_artifact) continue;
    MREG_ASSIGN_OR_RETURN(history::RawObject card, history_.ReadObject(file.blob));
    version.about = std::move(card.data);
  }
  const size_t before = entries.size();
  for (const ManifestEntry& file : manifest.files) {
    if (!MayBeModel(file)) continue;
    MREG_ASSIGN_OR_RETURN(const catalog::Entry* const model, Describe(file));
    if (model == nullptr) continue;
    catalog::Entry entry = *model;
    entry.summary.commit = version.summary.commit;
    entry.summary.time = version.summary.time;
    entry.summary.path = file.path;
    entry.about = version.about;
    entries.push_back(std::move(entry));
  }
  if (entries.size() == before) entries.push_back(std::move(version));
  return absl::OkStatus();
}

absl::StatusOr<const catalog::Entry*> CatalogEntries::Describe(const ManifestEntry& file) {
  const auto [found, is_new] = described_.try_emplace(file.digest);
  std::optional<catalog::Entry>& entry = found->second;
  if (!is_new) return entry ? &*entry : nullptr;
  std::unique_ptr<ReadableFile> content;
  if (file.is_artifact) {
    MREG_ASSIGN_OR_RETURN(auto recipe, content_.FindRecipe(file.digest));
    if (!recipe) return nullptr;
    content = content::OpenStored(content_, *std::move(recipe));
  } else {
    MREG_ASSIGN_OR_RETURN(history::RawObject blob, history_.ReadObject(file.blob));
    content = std::make_unique<BytesFile>(std::move(blob.data));
  }
  const auto model = onnx::ReadModel(*content);
  if (IsNoModel(model.status())) return nullptr;
  MREG_RETURN_IF_ERROR(model.status());
  entry.emplace();
  entry->summary.model = file.digest;
  entry->summary.numbers[catalog::Number::kSize] = static_cast<int64_t>(file.size);
  catalog::AddFacts(onnx::GatherFacts(*model), *entry);
  return &*entry;
}

}  // namespace mreg::registry
