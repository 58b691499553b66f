#include "storage/registry/knowledge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "schema/base/display.h"
#include "schema/base/status.h"
#include "storage/registry/catalog_entries.h"
#include "storage/registry/likeness.h"

namespace mreg::registry {
namespace {

// Events that are followed in one step.
constexpr size_t kStepEvents = 256;
// What is held in memory between two updates of the catalog.
constexpr size_t kUpdateEntries = 1'000;
constexpr size_t kUpdateBytes = 32 << 20;

// Whether versions may have come out of reach. A move that gives commits up may look like any
// other, so only what makes a reference is known not to.
bool MayLose(const v1::ReferencesMoved& event) {
  for (const v1::ReferenceMove& move : event.moves()) {
    if (!move.from().empty()) return true;
  }
  return false;
}

// A version's tree is all that its digest is made of.
using Trees = absl::flat_hash_set<ObjectId>;

// One repository that is damaged, or was collected from while it was read, does not keep the others
// out of the catalog: fsck tells of the former, a later event of the latter.
absl::Status UnlessOfTheRepository(const absl::Status& status) {
  const bool is_of_it =
      absl::IsDataLoss(status) || absl::IsNotFound(status) || absl::IsInvalidArgument(status);
  return is_of_it ? absl::OkStatus() : status;
}

// Gathers what is new and hands it to the catalog in portions. The cursor moves with the last one.
class Portions {
 public:
  Portions(catalog::Catalog& catalog, uint64_t cursor) : catalog_(catalog) {
    update_.cursor = cursor;
  }

  // What is new of a repository, and once more the versions that have one of the trees `attested`.
  absl::Status AddRepository(const std::string& name, bool may_have_lost, const Trees& attested,
                             CatalogEntries& source) {
    MREG_ASSIGN_OR_RETURN(const auto known, catalog_.KnownVersions(name));
    const auto versions = source.NewVersions(known);
    if (!versions.ok()) return UnlessOfTheRepository(versions.status());
    catalog::RepositoryUpdate repository{name, {}, {}, {}};
    MREG_ASSIGN_OR_RETURN(bool goes_on, AddVersions(*versions, source, repository));
    if (!goes_on) return absl::OkStatus();
    // What is written again has to be among what is alive.
    const absl::Status status = source.AddState(may_have_lost || !attested.empty(), repository);
    if (!status.ok()) return UnlessOfTheRepository(status);
    if (!attested.empty()) {
      const absl::flat_hash_set<CommitId> entered(versions->begin(), versions->end());
      const auto again = source.VersionsWith(attested, *repository.alive, entered);
      if (!again.ok()) return UnlessOfTheRepository(again.status());
      MREG_ASSIGN_OR_RETURN(goes_on, AddVersions(*again, source, repository));
      if (!goes_on) return absl::OkStatus();
    }
    update_.repositories.push_back(std::move(repository));
    return absl::OkStatus();
  }

  absl::Status Finish(uint64_t cursor) { return Hand(cursor); }

 private:
  // In portions, but for what is left in `repository`; false if the repository has no more to give.
  absl::StatusOr<bool> AddVersions(const std::vector<CommitId>& versions, CatalogEntries& source,
                                   catalog::RepositoryUpdate& repository) {
    for (const CommitId& version : versions) {
      const size_t before = repository.entries.size();
      const absl::Status status = source.AddVersion(version, repository.entries);
      if (!status.ok()) {
        MREG_RETURN_IF_ERROR(UnlessOfTheRepository(status));
        return false;
      }
      MREG_RETURN_IF_ERROR(UnlessOfTheRepository(source.AddSources(version, repository.sources)));
      Count(repository.entries, before);
      if (entries_ < kUpdateEntries && bytes_ < kUpdateBytes) continue;
      // Which is the latest is told with the last portion.
      catalog::RepositoryUpdate portion{repository.repository, {}, {}, repository.alive};
      portion.entries.swap(repository.entries);
      portion.sources.swap(repository.sources);
      update_.repositories.push_back(std::move(portion));
      MREG_RETURN_IF_ERROR(Hand(update_.cursor));
    }
    return true;
  }

  void Count(const std::vector<catalog::Entry>& entries, size_t from) {
    for (; from < entries.size(); ++from) {
      const catalog::Entry& entry = entries[from];
      ++entries_;
      bytes_ += entry.about.size() + entry.details.size() + entry.facts.size();
    }
  }

  absl::Status Hand(uint64_t cursor) {
    update_.cursor = cursor;
    MREG_RETURN_IF_ERROR(catalog_.Apply(update_));
    update_.repositories.clear();
    entries_ = bytes_ = 0;
    return absl::OkStatus();
  }

  catalog::Catalog& catalog_;
  catalog::Update update_;
  size_t entries_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::shared_ptr<catalog::Catalog>> Knowledge::Open() {
  std::lock_guard lock(mutex_);
  if (catalog_ == nullptr) {
    MREG_ASSIGN_OR_RETURN(catalog_, catalog::OpenCatalog(CatalogPath()));
  }
  return catalog_;
}

// Once: a profile that is new counts for models that come after the next start or rebuild.
absl::Status Knowledge::LoadTargets() {
  if (!targets_.empty()) return absl::OkStatus();
  const targets::TargetSet set(fs_, JoinPath(directory_, "targets"));
  MREG_ASSIGN_OR_RETURN(const auto heads, set.List());
  std::vector<targets::Target> loaded;
  for (const targets::TargetHead& head : heads) {
    MREG_ASSIGN_OR_RETURN(targets::Target target, set.Load(head.head.name));
    loaded.push_back(std::move(target));
  }
  targets_ = std::move(loaded);
  return absl::OkStatus();
}

// What happened to a repository.
struct Knowledge::Change {
  bool may_have_lost = false;  // versions
  Trees attested;
};

// Nothing where it was collected since.
absl::Status Knowledge::NoteAttestation(const v1::AttestationAdded& event, Change& change) const {
  MREG_ASSIGN_OR_RETURN(const auto name, RepositoryName::Parse(event.repository()));
  MREG_ASSIGN_OR_RETURN(const uint64_t number, repositories_.NumberOf(Access::Owner(), name));
  MREG_ASSIGN_OR_RETURN(const auto version, ManifestDigest::FromBytes(event.manifest()));
  MREG_ASSIGN_OR_RETURN(const auto id, AttestationId::FromBytes(event.attestation()));
  MREG_ASSIGN_OR_RETURN(const auto tree, attestations_.TreeOf(number, version, id));
  if (tree) change.attested.insert(*tree);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Knowledge::FollowStep() {
  std::lock_guard lock(following_);
  MREG_ASSIGN_OR_RETURN(const auto catalog, Open());
  MREG_RETURN_IF_ERROR(CompareModels(*catalog));  // those that a killed step left
  const uint64_t cursor = catalog->Cursor();
  MREG_ASSIGN_OR_RETURN(const auto events, journal_.Read(cursor, kStepEvents));
  if (events.empty()) return 0;
  MREG_RETURN_IF_ERROR(LoadTargets());
  std::map<std::string, Change> changes;  // by repository
  for (const journal::StoredEntry& event : events) {
    v1::JournalEntry entry;
    if (!entry.ParseFromString(event.bytes)) {
      return absl::DataLossError("an entry of the journal cannot be read");
    }
    if (entry.has_references_moved()) {
      Change& change = changes[entry.references_moved().repository()];
      change.may_have_lost |= MayLose(entry.references_moved());
    } else if (entry.has_attestation_added()) {
      const v1::AttestationAdded& added = entry.attestation_added();
      const absl::Status status = NoteAttestation(added, changes[added.repository()]);
      MREG_RETURN_IF_ERROR(UnlessOfTheRepository(status));
    }
  }
  Portions portions(*catalog, cursor);
  for (const auto& [text, change] : changes) {
    MREG_ASSIGN_OR_RETURN(const auto name, RepositoryName::Parse(text));
    MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(Access::Owner(), name));
    MREG_ASSIGN_OR_RETURN(const uint64_t number, repositories_.NumberOf(Access::Owner(), name));
    CatalogEntries entries(*history, content_, targets_, attestations_, number);
    const absl::Status status =
        portions.AddRepository(text, change.may_have_lost, change.attested, entries);
    if (!status.ok()) return Annotate(status, text);
  }
  MREG_RETURN_IF_ERROR(portions.Finish(cursor + events.size()));
  MREG_RETURN_IF_ERROR(CompareModels(*catalog));
  return events.size();
}

absl::Status Knowledge::Follow() {
  while (true) {
    MREG_ASSIGN_OR_RETURN(const uint64_t events, FollowStep());
    if (events == 0) return absl::OkStatus();
  }
}

absl::Status Knowledge::Rebuild(const Caller& caller) {
  MREG_RETURN_IF_ERROR(access_.RequireAdmin(caller));
  {
    std::lock_guard following(following_);
    std::lock_guard lock(mutex_);
    targets_.clear();
    catalog_.reset();
    MREG_RETURN_IF_ERROR(catalog::RemoveCatalog(CatalogPath()));
  }
  return Follow();
}

absl::StatusOr<Findings> Knowledge::Search(const Caller& caller, std::string_view query,
                                           const catalog::Page& page) {
  MREG_ASSIGN_OR_RETURN(const auto readable, access_.ReadableNamespace(caller));
  MREG_ASSIGN_OR_RETURN(const catalog::Query parsed, catalog::ParseQuery(query));
  MREG_ASSIGN_OR_RETURN(const auto catalog, Open());
  Findings findings;
  MREG_ASSIGN_OR_RETURN(findings.result, catalog->Search(parsed, page, readable));
  MREG_ASSIGN_OR_RETURN(findings.behind, Behind(*catalog));
  return findings;
}

absl::StatusOr<uint64_t> Knowledge::Behind(const catalog::Catalog& catalog) const {
  MREG_ASSIGN_OR_RETURN(const journal::Checkpoint head, journal_.Head());
  const uint64_t cursor = catalog.Cursor();
  return head.size > cursor ? head.size - cursor : 0;
}

absl::StatusOr<Lineage> Knowledge::TraceLineage(const Caller& caller,
                                                const LineageQuestion& question) {
  MREG_ASSIGN_OR_RETURN(const auto readable, access_.ReadableNamespace(caller));
  MREG_ASSIGN_OR_RETURN(const CommitId root,
                        ResolveVersion(caller, question.version, repositories_));
  MREG_ASSIGN_OR_RETURN(const auto catalog, Open());
  // Before the walk: what is entered meanwhile may be missing from it.
  MREG_ASSIGN_OR_RETURN(const uint64_t behind, Behind(*catalog));
  MREG_ASSIGN_OR_RETURN(Lineage lineage,
                        WalkLineage(*catalog, repositories_, readable, root, question));
  lineage.behind = behind;
  return lineage;
}

absl::StatusOr<VersionModels> Knowledge::Models(const Caller& caller, const RepositoryName& name,
                                                std::string_view revision, std::string_view path) {
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history->Resolve(revision));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(*history, commit));
  MREG_ASSIGN_OR_RETURN(const auto catalog, Open());
  VersionModels found{commit, {}, 0};
  MREG_ASSIGN_OR_RETURN(found.behind, Behind(*catalog));
  for (const ManifestEntry& file : manifest.files) {
    if (!path.empty() && file.path != path) continue;
    auto record = catalog->ModelOf(file.digest);
    if (absl::IsNotFound(record.status())) continue;
    MREG_RETURN_IF_ERROR(record.status());
    found.models.push_back({file, *std::move(record)});
  }
  if (!path.empty() && found.models.empty()) {
    return absl::NotFoundError(fmt::format("the catalog has no model {} in {} of {}",
                                           EscapeForDisplay(path), EscapeForDisplay(revision),
                                           name.ToString()));
  }
  return found;
}

absl::StatusOr<bool> Knowledge::LintStep(const lint::Linter& linter, const std::stop_token& stop) {
  MREG_ASSIGN_OR_RETURN(const auto catalog, Open());
  MREG_ASSIGN_OR_RETURN(const auto entry, catalog->NextToLint(linter.version()));
  if (!entry) return false;
  auto record = Lint(*entry, linter, stop);
  if (HasNothingToTell(record.status())) {
    record = catalog::LintRecord{linter.version(), std::string(catalog::kAbsent), ""};
  }
  MREG_RETURN_IF_ERROR(record.status());
  MREG_RETURN_IF_ERROR(catalog->SetLint(*entry->summary.model, *record));
  return true;
}

absl::StatusOr<catalog::LintRecord> Knowledge::Lint(const catalog::Hit& entry,
                                                    const lint::Linter& linter,
                                                    const std::stop_token& stop) const {
  MREG_ASSIGN_OR_RETURN(const auto name, RepositoryName::Parse(entry.repository));
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(Access::Owner(), name));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(*history, entry.summary.commit));
  const auto file = std::ranges::find(manifest.files, entry.summary.path, &ManifestEntry::path);
  if (file == manifest.files.end()) return absl::NotFoundError("the version has no such file");
  MREG_ASSIGN_OR_RETURN(const auto content, OpenModel(*history, content_, *file));
  if (content == nullptr) return absl::NotFoundError("the file is not here");
  MREG_ASSIGN_OR_RETURN(const lint::Verdict verdict, linter.Lint(*content, stop));
  return catalog::LintRecord{linter.version(), std::string(lint::ResultName(verdict.result)),
                             lint::VerdictToJson(verdict)};
}

}  // namespace mreg::registry
