// What history needs, and garbage collection therefore leaves alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/clock.h"
#include "storage/history/repository.h"
#include "storage/journal/journal.h"

namespace mreg::registry {

struct GcMarks {
  absl::flat_hash_set<ArtifactId> files;
  absl::flat_hash_set<ObjectId> objects;
};

// Adds the objects that `tips` lead to, and the files that those point to. NotFound if an object
// is absent.
absl::Status MarkHistory(const history::Repository& history, std::span<const ObjectId> tips,
                         GcMarks& marks);

// Adds what the history and the index of the clone in folder `path` name. Fails rather than leave
// out something that cannot be read.
absl::Status MarkClone(const std::string& path, GcMarks& marks);

// Where references were moved away from, by repository: by the journal's entries from number
// `since` on, and those made at `not_before` or later.
using FormerTargets = absl::flat_hash_map<std::string, std::vector<ObjectId>>;
absl::StatusOr<FormerTargets> ReadFormerTargets(const journal::Journal& journal, uint64_t since,
                                                TimePoint not_before);

}  // namespace mreg::registry
