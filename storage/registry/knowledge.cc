#include "storage/registry/knowledge.h"

#include <map>
#include <optional>
#include <utility>

#include "schema/base/status.h"
#include "storage/registry/catalog_entries.h"

namespace mreg::registry {
namespace {

// Events that are followed in one update: it is held in memory.
constexpr size_t kStepEvents = 256;

// Whether versions may have come out of reach. A move that gives commits up may look like any
// other, so only what makes a reference is known not to.
bool MayLose(const v1::ReferencesMoved& event) {
  for (const v1::ReferenceMove& move : event.moves()) {
    if (!move.from().empty()) return true;
  }
  return false;
}

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

absl::StatusOr<uint64_t> Knowledge::FollowStep() {
  std::lock_guard lock(following_);
  MREG_ASSIGN_OR_RETURN(const auto catalog, Open());
  const uint64_t cursor = catalog->Cursor();
  MREG_ASSIGN_OR_RETURN(const auto events, journal_.Read(cursor, kStepEvents));
  if (events.empty()) return 0;
  MREG_RETURN_IF_ERROR(LoadTargets());
  std::map<std::string, bool> moved;  // repository -> whether it may have lost versions
  for (const journal::StoredEntry& event : events) {
    v1::JournalEntry entry;
    if (!entry.ParseFromString(event.bytes)) {
      return absl::DataLossError("an entry of the journal cannot be read");
    }
    if (!entry.has_references_moved()) continue;
    moved[entry.references_moved().repository()] |= MayLose(entry.references_moved());
  }
  catalog::Update update;
  update.cursor = cursor + events.size();
  for (const auto& [text, may_lose] : moved) {
    MREG_ASSIGN_OR_RETURN(const auto name, RepositoryName::Parse(text));
    MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(Access::Owner(), name));
    MREG_ASSIGN_OR_RETURN(const auto known, catalog->KnownVersions(text));
    CatalogEntries entries(text, *history, content_, targets_);
    auto repository = entries.Update(known, may_lose);
    if (!repository.ok()) return Annotate(repository.status(), text);
    update.repositories.push_back(*std::move(repository));
  }
  MREG_RETURN_IF_ERROR(catalog->Apply(update));
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
  MREG_ASSIGN_OR_RETURN(const journal::Checkpoint head, journal_.Head());
  const uint64_t cursor = catalog->Cursor();
  findings.behind = head.size > cursor ? head.size - cursor : 0;
  return findings;
}

}  // namespace mreg::registry
