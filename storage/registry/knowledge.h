// What a registry knows of its models: the catalog, which follows the journal.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/lint/lint.h"
#include "schema/targets/target_set.h"
#include "storage/catalog/catalog.h"
#include "storage/content/content_store.h"
#include "storage/journal/journal.h"
#include "storage/registry/access.h"
#include "storage/registry/attestations.h"
#include "storage/registry/lineage.h"
#include "storage/registry/manifest.h"
#include "storage/registry/repositories.h"

namespace mreg::registry {

// A model of a version, and what the catalog has of it.
struct KnownModel {
  ManifestEntry file;
  catalog::ModelRecord record;
};

struct VersionModels {
  CommitId commit;
  std::vector<KnownModel> models;  // by path
  uint64_t behind = 0;             // as in Findings
};

struct Findings {
  catalog::SearchResult result;
  // Events that the catalog has not followed yet: what they tell of may be missing.
  uint64_t behind = 0;
};

// Thread-safe. The catalog is opened by the first call that needs it.
class Knowledge {
 public:
  // Of the registry in `directory`: the catalog lies there, or comes to, and own target profiles
  // in targets/. All others outlive it.
  Knowledge(std::string directory, FileSystem& fs, const content::ContentStore& content,
            const Repositories& repositories, const Attestations& attestations,
            const journal::Journal& journal, const Access& access)
      : directory_(std::move(directory)),
        fs_(fs),
        content_(content),
        repositories_(repositories),
        attestations_(attestations),
        journal_(journal),
        access_(access) {}

  // Enters what happened since the last time, some repositories in a step; returns how many events
  // it has followed, 0 where there were none. Killed in between, it goes on where it was.
  absl::StatusOr<uint64_t> FollowStep();

  // FollowStep until nothing is new.
  absl::Status Follow();

  // Admin only. Drops the catalog and makes it anew, which Follow does too if its file is gone.
  absl::Status Rebuild(const Caller& caller);

  // What `caller` may read of what `query` finds. Errors as in catalog::ParseQuery and
  // catalog::Catalog::Search.
  absl::StatusOr<Findings> Search(const Caller& caller, std::string_view query,
                                  const catalog::Page& page);

  // What a version came from and what came of it, as far as `caller` may read. Errors as in
  // ResolveVersion and WalkLineage.
  absl::StatusOr<Lineage> TraceLineage(const Caller& caller, const LineageQuestion& question);

  // The models of a version that are in the catalog: all, or that at `path`. Who may read the
  // repository may ask. NotFound names what is absent.
  absl::StatusOr<VersionModels> Models(const Caller& caller, const RepositoryName& name,
                                       std::string_view revision, std::string_view path = "");

  // Lints one model that was not linted yet by this version of libonnx, and enters the verdict.
  // False where there is none. Cancelled where `stop` is requested. Whatever else fails in a model
  // is a verdict on it. Runs beside all others; one thread at a time.
  absl::StatusOr<bool> LintStep(const lint::Linter& linter, const std::stop_token& stop);

 private:
  absl::StatusOr<std::shared_ptr<catalog::Catalog>> Open();
  absl::StatusOr<catalog::LintRecord> Lint(const catalog::Hit& entry, const lint::Linter& linter,
                                           const std::stop_token& stop) const;

  std::string CatalogPath() const { return JoinPath(directory_, "catalog.sqlite"); }
  absl::Status LoadTargets();
  struct Change;  // of a repository
  absl::Status NoteAttestation(const v1::AttestationAdded& event, Change& change) const;
  absl::StatusOr<uint64_t> Behind(const catalog::Catalog& catalog) const;

  const std::string directory_;
  FileSystem& fs_;
  const content::ContentStore& content_;
  const Repositories& repositories_;
  const Attestations& attestations_;
  const journal::Journal& journal_;
  const Access& access_;

  std::mutex following_;  // one at a time; guards targets_
  std::vector<targets::Target> targets_;
  std::mutex mutex_;  // guards catalog_
  std::shared_ptr<catalog::Catalog> catalog_;
};

}  // namespace mreg::registry
