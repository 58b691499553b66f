#include "storage/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <span>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/catalog/bitmap.h"
#include "storage/catalog/entry_table.h"
#include "storage/catalog/lineage_table.h"
#include "storage/catalog/order.h"
#include "storage/catalog/tables.h"
#include "storage/catalog/term_index.h"
#include "storage/catalog/text_index.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {
namespace {

constexpr size_t kMostTerms = 4'096, kLongestValue = 256, kLongestText = 64 * 1024;
constexpr size_t kMostHits = 1'000, kMostFacetValues = 10;
constexpr std::string_view kFacets[] = {"namespace", "dtype",     "license", "task",
                                        "opset",     "quantised", "target",  "op"};

constexpr std::string_view kLint = "lint";

// Terms that no query can name.
constexpr std::string_view kAlive = "is:alive", kLatest = "is:latest";
std::string VisibleIn(std::string_view space) { return fmt::format("in:{}", space); }

std::string_view NamespaceOf(std::string_view repository) {
  return repository.substr(0, repository.find('/'));
}

std::string_view Shortened(std::string_view text) { return text.substr(0, kLongestText); }

bool IsWithin(int64_t value, const NumberCondition& condition) {
  return value != kUnknown && std::ranges::any_of(condition.intervals, [&](const Interval& in) {
           return in.least <= value && value <= in.most;
         });
}

// What an update changes, until it is committed.
struct Staged {
  TermChanges terms;
  std::vector<Numbers> numbers;  // of the new ones, by id
  EntryId last = 0;

  void AddTerm(std::string_view key, std::string_view value, EntryId id) {
    if (value.empty() || value.size() > kLongestValue) return;
    std::string term = TermOf(key, value);
    const bool is_as_written = term.ends_with(value);
    const auto [change, is_new] = terms.try_emplace(std::move(term));
    if (is_new && !is_as_written) change->second.label = std::string(value);
    auto& added = change->second.added;
    if (added.empty() || added.back() != id) added.push_back(id);
  }

  void Set(std::string_view term, EntryId id, bool holds) {
    TermChange& change = terms.try_emplace(std::string(term)).first->second;
    (holds ? change.added : change.removed).push_back(id);
  }
};

class SqliteCatalog final : public Catalog {
 public:
  static absl::StatusOr<std::unique_ptr<Catalog>> Open(const std::string& path) {
    MREG_ASSIGN_OR_RETURN(sqlite::Database database, OpenTables(path));
    MREG_ASSIGN_OR_RETURN(EntryTable entries, EntryTable::Open(database));
    MREG_ASSIGN_OR_RETURN(TermIndex terms, TermIndex::Load(database));
    MREG_ASSIGN_OR_RETURN(TextIndex texts, TextIndex::Open(database));
    MREG_ASSIGN_OR_RETURN(LineageTable lineage, LineageTable::Open(database));
    MREG_ASSIGN_OR_RETURN(NumberColumns numbers, entries.ReadNumbers());
    MREG_ASSIGN_OR_RETURN(sqlite::Statement move_cursor,
                          database.Prepare("UPDATE state SET cursor = ?"));
    MREG_ASSIGN_OR_RETURN(const int64_t cursor,
                          database.ReadNumber("SELECT cursor FROM state", kReading));
    return std::unique_ptr<Catalog>(
        new SqliteCatalog(std::move(database), std::move(entries), std::move(terms),
                          std::move(texts), std::move(lineage), std::move(numbers),
                          std::move(move_cursor), static_cast<uint64_t>(cursor)));
  }

  uint64_t Cursor() const override {
    std::lock_guard lock(mutex_);
    return cursor_;
  }

  absl::Status Apply(const Update& update) override {
    std::lock_guard lock(mutex_);
    Staged staged;
    staged.last = LastId();
    MREG_RETURN_IF_ERROR(database_.Transact([&] { return Write(update, staged); }, kWriting));
    terms_.Accept(staged.terms);
    for (const Numbers& numbers : staged.numbers) {
      for (int n = 0; n < kNumbers; ++n) {
        numbers_[static_cast<size_t>(n)].push_back(numbers[static_cast<Number>(n)]);
      }
    }
    cursor_ = update.cursor;
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<CommitId>> KnownVersions(std::string_view repository) const override {
    std::lock_guard lock(mutex_);
    MREG_ASSIGN_OR_RETURN(const auto versions, entries_.VersionsOf(repository));
    std::vector<CommitId> commits;
    const Bitmap& alive = terms_.Find(kAlive);
    for (const auto& [id, commit] : versions) {
      if (alive.contains(id)) commits.push_back(commit);
    }
    std::ranges::sort(commits);
    commits.erase(std::unique(commits.begin(), commits.end()), commits.end());
    return commits;
  }

  absl::StatusOr<SearchResult> Search(const Query& query, const Page& page,
                                      const std::optional<std::string>& only) const override {
    if (page.limit == 0 || page.limit > kMostHits) {
      return absl::InvalidArgumentError(fmt::format("a page has 1 to {} hits", kMostHits));
    }
    std::optional<Place> before;
    if (!page.before.empty()) {
      MREG_ASSIGN_OR_RETURN(before, ParsePlace(page.before));
    }
    std::lock_guard lock(mutex_);
    MREG_ASSIGN_OR_RETURN(const Bitmap match, Match(query, only));
    MREG_ASSIGN_OR_RETURN(auto places, Order(query, match, before, page.limit + 1));
    SearchResult result;
    result.total = match.cardinality();
    if (places.size() > page.limit) {
      places.pop_back();
      result.next = FormatPlace(places.back());
    }
    for (const Place& place : places) {
      MREG_ASSIGN_OR_RETURN(Hit hit, entries_.Read(place.id));
      result.hits.push_back(std::move(hit));
    }
    if (page.has_facets) result.facets = FacetsOf(match);
    return result;
  }

  absl::StatusOr<ModelRecord> ModelOf(const ArtifactId& model) const override {
    std::lock_guard lock(mutex_);
    return entries_.ReadModel(model);
  }

  absl::StatusOr<std::optional<Hit>> NextToLint(std::string_view version) const override {
    std::lock_guard lock(mutex_);
    MREG_ASSIGN_OR_RETURN(const auto entry, entries_.NextToLint(version));
    if (!entry) return std::nullopt;
    return entries_.Read(*entry);
  }

  absl::Status SetLint(const ArtifactId& model, const LintRecord& lint) override {
    std::lock_guard lock(mutex_);
    Staged staged;
    MREG_RETURN_IF_ERROR(
        database_.Transact([&] { return WriteLint(model, lint, staged); }, kWriting));
    terms_.Accept(staged.terms);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<FingerprintedModel>> Uncompared(size_t most) const override {
    std::lock_guard lock(mutex_);
    return lineage_.Uncompared(most);
  }

  absl::StatusOr<std::vector<FingerprintedModel>> FindModels(std::span<const uint64_t> keys,
                                                             ModelNumber before,
                                                             size_t most) const override {
    std::lock_guard lock(mutex_);
    return lineage_.Find(keys, before, most);
  }

  absl::Status AddLikenesses(ModelNumber model, std::span<const Likeness> likenesses) override {
    std::lock_guard lock(mutex_);
    return database_.Transact([&] { return lineage_.AddLikenesses(model, likenesses); }, kWriting);
  }

  absl::StatusOr<std::vector<Likeness>> LikenessesOf(ModelNumber model,
                                                     size_t most) const override {
    std::lock_guard lock(mutex_);
    return lineage_.LikenessesOf(model, most);
  }

  absl::StatusOr<std::vector<VersionPlace>> PlacesOf(
      const CommitId& version, const std::optional<std::string>& only) const override {
    std::lock_guard lock(mutex_);
    return lineage_.PlacesOf(version, VisibleTo(only));
  }

  absl::StatusOr<std::vector<CommitId>> MadeFrom(const CommitId& source,
                                                 const std::optional<std::string>& only,
                                                 size_t most) const override {
    std::lock_guard lock(mutex_);
    return lineage_.MadeFrom(source, VisibleTo(only), most);
  }

  absl::StatusOr<std::vector<FirstVersion>> FirstVersionsOf(ModelNumber model,
                                                            const std::optional<std::string>& only,
                                                            size_t most) const override {
    std::lock_guard lock(mutex_);
    return lineage_.FirstVersionsOf(model, VisibleTo(only), most);
  }

  absl::StatusOr<std::vector<SourceRow>> SourcesOf(const CommitId& version) const override {
    std::lock_guard lock(mutex_);
    return lineage_.SourcesOf(version);
  }

 private:
  SqliteCatalog(sqlite::Database database, EntryTable entries, TermIndex terms, TextIndex texts,
                LineageTable lineage, NumberColumns numbers, sqlite::Statement move_cursor,
                uint64_t cursor)
      : database_(std::move(database)),
        entries_(std::move(entries)),
        terms_(std::move(terms)),
        texts_(std::move(texts)),
        lineage_(std::move(lineage)),
        numbers_(std::move(numbers)),
        move_cursor_(std::move(move_cursor)),
        cursor_(cursor) {}

  // Holds until the next update.
  LineageTable::IsVisible VisibleTo(const std::optional<std::string>& only) const {
    const Bitmap& alive = terms_.Find(kAlive);
    if (!only) return [&alive](EntryId id) { return alive.contains(id); };
    const Bitmap& readable = terms_.Find(VisibleIn(*only));
    return [&](EntryId id) { return alive.contains(id) && readable.contains(id); };
  }

  EntryId LastId() const { return static_cast<EntryId>(numbers_[0].size() - 1); }

  absl::Status Write(const Update& update, Staged& staged) {
    for (const RepositoryUpdate& repository : update.repositories) {
      MREG_RETURN_IF_ERROR(WriteRepository(repository, staged));
    }
    MREG_RETURN_IF_ERROR(terms_.Write(staged.terms));
    move_cursor_.BindNumber(1, static_cast<int64_t>(update.cursor));
    return move_cursor_.Run(kWriting);
  }

  absl::Status WriteLint(const ArtifactId& model, const LintRecord& lint, Staged& staged) {
    MREG_ASSIGN_OR_RETURN(const std::string before, entries_.SetLint(model, lint));
    if (before == lint.result) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const std::vector<EntryId> ids, entries_.EntriesOf(model));
    for (const EntryId id : ids) {
      staged.AddTerm(kLint, lint.result, id);
      if (!before.empty()) staged.Set(TermOf(kLint, before), id, false);
    }
    return terms_.Write(staged.terms);
  }

  absl::Status WriteRepository(const RepositoryUpdate& update, Staged& staged) {
    MREG_ASSIGN_OR_RETURN(const int64_t repository, entries_.AddRepository(update.repository));
    absl::flat_hash_map<CommitId, const VersionSources*> sources;
    for (const VersionSources& version : update.sources) {
      MREG_RETURN_IF_ERROR(lineage_.AddSources(version));
      sources[version.commit] = &version;
    }
    const EntryId last_before = staged.last;
    for (const Entry& entry : update.entries) {
      MREG_ASSIGN_OR_RETURN(const EntryId old, entries_.Remove(repository, entry.summary));
      if (old > last_before) {
        return absl::InvalidArgumentError("an update has the same version and path twice");
      }
      if (old != 0) {
        staged.Set(kAlive, old, false);
        staged.Set(kLatest, old, false);
      }
      MREG_RETURN_IF_ERROR(WriteEntry(update.repository, repository, entry, staged));
      if (!entry.fingerprint) continue;
      const auto version = sources.find(entry.summary.commit);
      MREG_RETURN_IF_ERROR(lineage_.AddModel(
          staged.last, repository,
          version == sources.end() ? std::span<const CommitId>() : version->second->parents,
          *entry.fingerprint));
    }
    return SetLife(update, last_before, staged);
  }

  absl::Status WriteEntry(const std::string& name, int64_t repository, const Entry& entry,
                          Staged& staged) {
    if (staged.last == kLastEntryId) {
      return absl::ResourceExhaustedError("the catalog has no ids left; it must be built anew");
    }
    const EntryId id = ++staged.last;
    const Summary& summary = entry.summary;
    MREG_RETURN_IF_ERROR(entries_.Insert(id, repository, summary));
    if (summary.model) {
      MREG_ASSIGN_OR_RETURN(const std::string lint,
                            entries_.AddModel(*summary.model, entry.facts, entry.verdicts));
      staged.AddTerm(kLint, lint, id);
    }
    const std::string names = fmt::format("{} {}", name, Shortened(summary.path));
    MREG_RETURN_IF_ERROR(texts_.Add(id, {names, Shortened(entry.about), Shortened(entry.details)}));
    staged.numbers.push_back(summary.numbers);
    AddTerms(name, entry, id, staged);
    return absl::OkStatus();
  }

  static void AddTerms(std::string_view name, const Entry& entry, EntryId id, Staged& staged) {
    staged.AddTerm("repo", name, id);
    if (const size_t slash = name.find('/'); slash != std::string_view::npos) {
      staged.AddTerm("repo", name.substr(slash + 1), id);
    }
    staged.AddTerm("namespace", NamespaceOf(name), id);
    staged.Set(VisibleIn(NamespaceOf(name)), id, true);
    const size_t count = std::min(entry.terms.size(), kMostTerms);
    for (size_t i = 0; i < count; ++i) {
      staged.AddTerm(entry.terms[i].key, entry.terms[i].value, id);
    }
  }

  // Which entries of the repository are found, and which are the latest.
  absl::Status SetLife(const RepositoryUpdate& update, EntryId last_before, Staged& staged) {
    const Bitmap& alive = terms_.Find(kAlive);
    const Bitmap& latest = terms_.Find(kLatest);
    MREG_ASSIGN_OR_RETURN(const auto versions, entries_.VersionsOf(update.repository));
    for (const auto& [id, commit] : versions) {
      const bool is_new = id > last_before;
      const bool lives =
          update.alive ? update.alive->contains(commit) : is_new || alive.contains(id);
      if (lives != alive.contains(id)) staged.Set(kAlive, id, lives);
      const bool is_latest = update.latest ? commit == *update.latest : latest.contains(id);
      if (is_latest != latest.contains(id)) staged.Set(kLatest, id, is_latest);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Bitmap> Match(const Query& query, const std::optional<std::string>& only) const {
    Bitmap match = terms_.Find(kAlive);
    if (!query.has_all_versions) match &= terms_.Find(kLatest);
    if (only) match &= terms_.Find(VisibleIn(*only));
    for (const TermCondition& condition : query.terms) Keep(condition, match);
    for (const NumberCondition& condition : query.numbers) match = Kept(condition, match);
    for (const TextCondition& condition : query.texts) {
      MREG_ASSIGN_OR_RETURN(const Bitmap found, texts_.Find(condition.phrase, LastId()));
      condition.is_negated ? match -= found : match &= found;
    }
    return match;
  }

  void Keep(const TermCondition& condition, Bitmap& match) const {
    Bitmap any;
    for (const std::string& term : condition.terms) any |= terms_.Find(term);
    condition.is_negated ? match -= any : match &= any;
  }

  Bitmap Kept(const NumberCondition& condition, const Bitmap& match) const {
    const auto& column = numbers_[static_cast<size_t>(condition.number)];
    std::vector<EntryId> kept;
    for (const EntryId id : match) {
      if (IsWithin(column[id], condition) != condition.is_negated) kept.push_back(id);
    }
    return Bitmap(kept.size(), kept.data());
  }

  absl::StatusOr<std::vector<Place>> Order(const Query& query, const Bitmap& match,
                                           const std::optional<Place>& before, size_t most) const {
    switch (query.sort) {
      case Sort::kSize:
        return FirstByNumber(match, numbers_[static_cast<size_t>(Number::kSize)], before, most);
      case Sort::kParameters:
        return FirstByNumber(match, numbers_[static_cast<size_t>(Number::kParameters)], before,
                             most);
      case Sort::kUpdated:
        return FirstByGroup(match, Bitmap(), before, most);
      case Sort::kRelevance:
        break;
    }
    MREG_ASSIGN_OR_RETURN(const Bitmap named, Named(query, match));
    return FirstByGroup(match, named, before, most);
  }

  // Entries whose names have all words of the query; none if it has no words.
  absl::StatusOr<Bitmap> Named(const Query& query, const Bitmap& match) const {
    Bitmap named;
    bool has_words = false;
    for (const TextCondition& condition : query.texts) {
      if (condition.is_negated) continue;
      if (!std::exchange(has_words, true)) named = match;
      MREG_ASSIGN_OR_RETURN(const Bitmap found, texts_.FindInNames(condition.phrase, LastId()));
      named &= found;
    }
    return named;
  }

  std::vector<Facet> FacetsOf(const Bitmap& match) const {
    std::vector<Facet> facets;
    const CommonCounter counter(match);
    for (const std::string_view key : kFacets) {
      Facet facet{std::string(key), {}};
      for (TermCount& count : terms_.Count(key, counter, kMostFacetValues)) {
        facet.values.push_back({std::move(count.label), count.entries});
      }
      facets.push_back(std::move(facet));
    }
    return facets;
  }

  mutable std::mutex mutex_;
  const sqlite::Database database_;  // outlives the statements below
  mutable EntryTable entries_;
  TermIndex terms_;
  mutable TextIndex texts_;
  mutable LineageTable lineage_;
  NumberColumns numbers_;
  sqlite::Statement move_cursor_;
  uint64_t cursor_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Catalog>> OpenCatalog(const std::string& path) {
  auto catalog = SqliteCatalog::Open(path);
  if (!absl::IsDataLoss(catalog.status())) return catalog;
  MREG_RETURN_IF_ERROR(RemoveCatalog(path));
  return SqliteCatalog::Open(path);
}

absl::Status RemoveCatalog(const std::string& path) {
  for (const std::string_view suffix : {"", "-wal", "-shm"}) {
    const auto status = PosixFileSystem().Remove(fmt::format("{}{}", path, suffix));
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  return absl::OkStatus();
}

}  // namespace mreg::catalog
