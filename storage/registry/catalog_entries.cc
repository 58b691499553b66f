#include "storage/registry/catalog_entries.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "schema/base/bytes_file.h"
#include "schema/base/status.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/model_reader.h"
#include "schema/targets/compatibility.h"
#include "schema/targets/verdict_json.h"
#include "storage/content/stored_file.h"
#include "storage/registry/derivation.h"
#include "storage/registry/version_card.h"

namespace mreg::registry {
namespace {

// What a hostile repository can make of it is bounded: of a card no more is searched, facts of
// real models are some kilobytes.
constexpr size_t kMaxAboutBytes = 64 << 10;
constexpr size_t kMaxFactsBytes = 1 << 20;
constexpr size_t kMaxVerdictsBytes = 256 << 10;
constexpr size_t kMaxFindings = 20;  // of a verdict
constexpr size_t kMaxDescribed = 256;

bool IsBranch(const history::Reference& reference) {
  return reference.name.starts_with("refs/heads/");
}

// Small models of few bytes can be text to git; other texts are no models.
bool MayBeModel(const ManifestEntry& file) {
  return file.is_artifact || file.path.ends_with(".onnx");
}

void AddCard(const formats::Card& card, catalog::Entry& entry) {
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) entry.terms.push_back({key, value});
  };
  entry.summary.license = card.license;
  entry.summary.task = card.task;
  add("license", card.license);
  add("task", card.task);
  add("library", card.library_name);
  for (const std::string& tag : card.tags) add("tag", tag);
  for (const std::string& dataset : card.datasets) add("dataset", dataset);
  for (const std::string& language : card.languages) add("language", language);
}

// What passed validations say of the model `file`: those of that very file, and those of the whole
// version. A target is a term beside "yes", so that both can be asked for.
void AddValidations(const std::vector<AttestationContent>& contents, const ManifestEntry& file,
                    catalog::Entry& entry) {
  const std::string digest = file.digest.ToHex();
  bool is_validated = false;
  for (const AttestationContent& content : contents) {
    const bool is_about_file =
        content.files.empty() ||
        std::ranges::find(content.files, digest, &signing::Subject::sha256) != content.files.end();
    if (!content.has_passed() || !is_about_file) continue;
    is_validated = true;
    if (!content.test->target.empty()) entry.terms.push_back({"validated", content.test->target});
  }
  if (is_validated) entry.terms.push_back({"validated", "yes"});
}

// What the version says of all its models, and what `model` is.
catalog::Entry Joined(const catalog::Entry& version, const catalog::Entry& model) {
  catalog::Entry entry = model;
  entry.summary.commit = version.summary.commit;
  entry.summary.time = version.summary.time;
  entry.summary.license = version.summary.license;
  entry.summary.task = version.summary.task;
  entry.terms.insert(entry.terms.end(), version.terms.begin(), version.terms.end());
  entry.about = version.about;
  return entry;
}

// An array of the verdicts, whose findings are left out where names and texts in them are so long
// that no more is sensible.
std::string VerdictsJson(std::span<const targets::Target> targets,
                         std::span<const targets::Verdict> verdicts, size_t most_findings) {
  std::string json = "[";
  for (size_t i = 0; i < targets.size(); ++i) {
    if (i > 0) json += ',';
    json += targets::VerdictToJson(targets[i], verdicts[i], most_findings);
  }
  json += ']';
  if (json.size() <= kMaxVerdictsBytes || most_findings == 0) return json;
  return VerdictsJson(targets, verdicts, 0);
}

// How many nodes are looked at does not depend on the target: of a model that is too large for one
// no other looks at any.
std::vector<targets::Verdict> CheckAll(const onnx::Model& model,
                                       std::span<const targets::Target> targets) {
  std::vector<targets::Verdict> verdicts;
  for (const targets::Target& target : targets) {
    const targets::Profile* const fallback = target.fallback ? &*target.fallback : nullptr;
    if (!verdicts.empty() && verdicts.front().is_too_large) {
      verdicts.push_back(targets::TooLarge());
    } else {
      verdicts.push_back(targets::CheckModel(model, target.profile, fallback));
    }
  }
  return verdicts;
}

}  // namespace

bool HasNothingToTell(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsDataLoss(status);
}

absl::StatusOr<std::unique_ptr<ReadableFile>> OpenModel(const history::Repository& history,
                                                        const content::ContentStore& content,
                                                        const ManifestEntry& file) {
  if (file.is_artifact) {
    MREG_ASSIGN_OR_RETURN(auto recipe, content.FindRecipe(file.digest));
    if (!recipe) return nullptr;
    return content::OpenStored(content, *std::move(recipe));
  }
  MREG_ASSIGN_OR_RETURN(history::RawObject blob, history.ReadObject(file.blob));
  return std::make_unique<BytesFile>(std::move(blob.data));
}

absl::StatusOr<std::vector<CommitId>> CatalogEntries::NewVersions(
    const std::vector<CommitId>& known) const {
  MREG_ASSIGN_OR_RETURN(const std::vector<CommitId> tips, Tips());
  std::vector<CommitId> versions;
  MREG_RETURN_IF_ERROR(history_.Walk(tips, known, [&](const history::Commit& commit) {
    versions.push_back(commit.id);
    return true;
  }));
  std::ranges::reverse(versions);
  return versions;
}

absl::StatusOr<std::vector<CommitId>> CatalogEntries::VersionsWith(
    const absl::flat_hash_set<ObjectId>& trees, const absl::flat_hash_set<CommitId>& versions,
    const absl::flat_hash_set<CommitId>& entered) const {
  std::vector<CommitId> found;
  for (const CommitId& version : versions) {
    if (entered.contains(version)) continue;
    MREG_ASSIGN_OR_RETURN(const history::Commit commit, history_.ReadCommit(version));
    if (trees.contains(commit.tree)) found.push_back(version);
  }
  return found;
}

absl::Status CatalogEntries::AddState(bool may_have_lost, catalog::RepositoryUpdate& update) const {
  MREG_ASSIGN_OR_RETURN(const std::vector<CommitId> tips, Tips());
  if (!tips.empty()) update.latest = tips.front();
  if (!may_have_lost) return absl::OkStatus();
  return history_.Walk(tips, {}, [&alive = update.alive.emplace()](const history::Commit& commit) {
    alive.insert(commit.id);
    return true;
  });
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

absl::Status CatalogEntries::AddVersion(const CommitId& id, std::vector<catalog::Entry>& entries) {
  MREG_ASSIGN_OR_RETURN(const history::Commit commit, history_.ReadCommit(id));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(history_, id));
  catalog::Entry version;
  version.summary.commit = commit.id;
  version.summary.time = TimePoint(std::chrono::seconds(commit.committer.seconds));
  for (const ManifestEntry& file : manifest.files) {
    if (file.path != kCardPath || file.is_artifact) continue;
    MREG_ASSIGN_OR_RETURN(history::RawObject text, history_.ReadObject(file.blob));
    version.about = text.data.substr(0, kMaxAboutBytes);
  }
  MREG_ASSIGN_OR_RETURN(const auto card, ReadCard(history_, manifest));
  if (card) AddCard(*card, version);
  MREG_ASSIGN_OR_RETURN(const auto contents, attestations_.ContentsOf(number_, DigestOf(manifest)));
  const size_t before = entries.size();
  for (const ManifestEntry& file : manifest.files) {
    if (!MayBeModel(file)) continue;
    MREG_ASSIGN_OR_RETURN(const catalog::Entry* const model, Describe(file));
    if (model == nullptr) continue;
    entries.push_back(Joined(version, *model));
    entries.back().summary.path = file.path;
    AddValidations(contents, file, entries.back());
    MREG_ASSIGN_OR_RETURN(entries.back().fingerprint, fingerprints_.Of(file, manifest));
  }
  if (entries.size() == before) entries.push_back(std::move(version));
  return absl::OkStatus();
}

absl::Status CatalogEntries::AddSources(const CommitId& id,
                                        std::vector<catalog::VersionSources>& sources) const {
  MREG_ASSIGN_OR_RETURN(history::Commit commit, history_.ReadCommit(id));
  Derivation derivation = ParseDerivation(commit.message);
  catalog::VersionSources& version = sources.emplace_back();
  version.commit = id;
  version.parents = std::move(commit.parents);
  version.how = std::move(derivation.how);
  for (Derivation::Source& source : derivation.sources) {
    version.declared.push_back({source.commit, std::move(source.name)});
  }
  return absl::OkStatus();
}

absl::StatusOr<const catalog::Entry*> CatalogEntries::Describe(const ManifestEntry& file) {
  if (described_.size() == kMaxDescribed) {
    described_.clear();
    fingerprints_.Forget();
  }
  const auto [found, is_new] = described_.try_emplace(file.digest);
  std::optional<catalog::Entry>& entry = found->second;
  if (!is_new) return entry ? &*entry : nullptr;
  MREG_ASSIGN_OR_RETURN(const auto content, OpenModel(history_, content_, file));
  if (content == nullptr) return nullptr;
  const auto model = onnx::ReadModel(*content);
  if (HasNothingToTell(model.status())) return nullptr;
  MREG_RETURN_IF_ERROR(model.status());
  entry.emplace();
  entry->summary.model = file.digest;
  entry->summary.numbers[catalog::Number::kSize] = static_cast<int64_t>(file.size);
  const onnx::ModelFacts facts = onnx::GatherFacts(*model);
  catalog::AddFacts(facts, *entry);
  fingerprints_.Note(file.digest, OutlineOf(*model, facts));
  if (entry->facts.size() > kMaxFactsBytes) entry->facts.clear();
  const std::vector<targets::Verdict> verdicts = CheckAll(*model, targets_);
  entry->verdicts = VerdictsJson(targets_, verdicts, kMaxFindings);
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].support != targets::Support::kSupported) continue;
    entry->terms.push_back({"target", targets_[i].profile.name});
  }
  return &*entry;
}

}  // namespace mreg::registry
