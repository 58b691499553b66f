// The metadata index: what models a registry has, found by what they are. Derived from the store
// by following the journal: it can be dropped at any time. Specification: docs/formats/catalog.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/ids.h"
#include "storage/catalog/entry.h"
#include "storage/catalog/query.h"

namespace mreg::catalog {

struct RepositoryUpdate {
  std::string repository;  // namespace/name
  // One that has the commit and path of an entry before takes its place.
  std::vector<Entry> entries;
  // Whose entries are the latest from now on; nothing: as before.
  std::optional<CommitId> latest;
  // The versions that still are; the others are found no more. Nothing: as before.
  std::optional<absl::flat_hash_set<CommitId>> alive;
  // Of versions, what they say that they were made from; parents before children, before or with
  // the entries.
  std::vector<VersionSources> sources = {};
};

struct Update {
  uint64_t cursor = 0;                         // the journal's sequence up to which this leads
  std::vector<RepositoryUpdate> repositories;  // each once
};

struct Page {
  size_t limit = 20;        // 1 to 1,000
  std::string before = {};  // SearchResult::next of the page before
  bool has_facets = false;
};

struct Hit {
  std::string repository;
  Summary summary;
};

struct FacetValue {
  std::string value;  // as it was first written
  uint64_t entries = 0;
};

struct Facet {
  std::string key;
  std::vector<FacetValue> values;  // at most 10, the most frequent first
};

struct SearchResult {
  std::vector<Hit> hits;
  uint64_t total = 0;  // entries that the query finds, on all pages
  std::vector<Facet> facets;
  std::string next;  // empty on the last page
};

// Thread-safe; one call at a time is at work. Errors of all: DataLoss where the file turns out to
// be damaged (RemoveCatalog then helps), ResourceExhausted on a full disk, Unavailable where
// another process holds the file for more than 30 s.
class Catalog {
 public:
  virtual ~Catalog() = default;

  // The journal's sequence up to which it has followed; 0 of a new one.
  virtual uint64_t Cursor() const = 0;

  // All or nothing. A power cut may take the last updates, and their cursor with them. An update of
  // many repositories costs far less than many updates. Of an entry's terms the first 4,096 count,
  // of values those of 1 to 256 bytes, of texts the first 64 KiB each.
  virtual absl::Status Apply(const Update& update) = 0;

  // Versions of `repository` that have entries and are alive; empty for an unknown one. One that
  // comes back is entered again.
  virtual absl::StatusOr<std::vector<CommitId>> KnownVersions(
      std::string_view repository) const = 0;

  // Of the namespace `only` if one is given. Entries that have all words in their names come first
  // where relevance is the order; else, and among equals, those that came to the catalog last.
  // InvalidArgument for a page that is none.
  virtual absl::StatusOr<SearchResult> Search(const Query& query, const Page& page,
                                              const std::optional<std::string>& only) const = 0;

  // NotFound for a model of no entry.
  virtual absl::StatusOr<ModelRecord> ModelOf(const ArtifactId& model) const = 0;

  // The last entry of a model that has no lint by `version` yet; nothing if all have one. Costs the
  // same however many models there are.
  virtual absl::StatusOr<std::optional<Hit>> NextToLint(std::string_view version) const = 0;

  // In place of what was said before; all entries of the model, also those to come, then have the
  // term. As durable as Apply.
  virtual absl::Status SetLint(const ArtifactId& model, const LintRecord& lint) = 0;
  // Models that no AddLikenesses was for, those that came first, at most `most`.
  virtual absl::StatusOr<std::vector<FingerprintedModel>> Uncompared(size_t most) const = 0;
  // Models that came before `before` and have some of `keys`, those with most of them first. Of a
  // key's models the first 64 count.
  virtual absl::StatusOr<std::vector<FingerprintedModel>> FindModels(std::span<const uint64_t> keys,
                                                                     ModelNumber before,
                                                                     size_t most) const = 0;
  // What a model is like; the others are found to be like it too, the other way round.
  virtual absl::Status AddLikenesses(ModelNumber model, std::span<const Likeness> likenesses) = 0;
  // The most confident first.
  virtual absl::StatusOr<std::vector<Likeness>> LikenessesOf(ModelNumber model,
                                                             size_t most) const = 0;

  // Of versions that are alive, and of the namespace `only` if one is given. Empty where there are
  // none.
  virtual absl::StatusOr<std::vector<VersionPlace>> PlacesOf(
      const CommitId& version, const std::optional<std::string>& only) const = 0;
  virtual absl::StatusOr<std::vector<CommitId>> MadeFrom(const CommitId& source,
                                                         const std::optional<std::string>& only,
                                                         size_t most) const = 0;
  // That have a model which none of their parents has, the oldest first.
  virtual absl::StatusOr<std::vector<FirstVersion>> FirstVersionsOf(
      ModelNumber model, const std::optional<std::string>& only, size_t most) const = 0;

  // What a version says that it was made from, whether that is here or not; parents first.
  virtual absl::StatusOr<std::vector<SourceRow>> SourcesOf(const CommitId& version) const = 0;
};

// Opens or creates; reads all terms, some seconds for millions of entries. A file that is damaged
// or of another format is replaced by an empty one.
absl::StatusOr<std::unique_ptr<Catalog>> OpenCatalog(const std::string& path);

// Removes the file and those that SQLite keeps beside it, when nobody has it open.
absl::Status RemoveCatalog(const std::string& path);

}  // namespace mreg::catalog
