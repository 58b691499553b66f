// What a version came from and what came of it: docs/formats/lineage.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/catalog/catalog.h"
#include "storage/registry/access.h"
#include "storage/registry/repositories.h"

namespace mreg::registry {

// A parent in git; declared by who committed; or inferred from what the models have in common.
enum class LineageKind : uint8_t { kParent, kDeclared, kInferred };

// "parent", "declared", "inferred"; nothing for any other name.
std::string_view NameOf(LineageKind kind);
std::optional<LineageKind> LineageKindOf(std::string_view name);

struct LineageEdge {
  CommitId child;
  CommitId source;  // what `child` was made from
  LineageKind kind = LineageKind::kParent;
  std::string how;  // "fine-tune", "copy", ...; "" of a parent, and where nothing tells
  // Of an inferred one.
  double confidence = 1;                // 0 to 1
  bool is_directed_by_content = false;  // else the older commit is taken for the source
  catalog::Evidence evidence;
  std::string path;         // the model's, in `child`
  std::string source_path;  // and in `source`
};

struct LineageNode {
  // Where the version is.
  struct Place {
    std::string repository;
    std::vector<std::string> references;  // that point at it: "refs/heads/main"
  };

  CommitId commit;
  std::vector<Place> places;      // none of a declared source that is not here
  std::string name;               // of such a one: what it was declared by
  std::optional<TimePoint> time;  // of the commit
};

struct Lineage {
  CommitId root;
  std::vector<LineageNode> nodes;  // the root first, then the nearest first
  std::vector<LineageEdge> edges;  // between nodes
  bool is_cut = false;             // there is more than was followed
  // Events that the catalog has not followed yet: what they tell of may be missing.
  uint64_t behind = 0;
};

inline constexpr size_t kMostLineageNodes = 10'000;
inline constexpr size_t kMostLineageSteps = 1'000;

struct LineageQuestion {
  std::string version;  // a commit's id, NAMESPACE/NAME, or NAMESPACE/NAME@REVISION
  bool has_sources = true;
  bool has_derived = true;
  // A branch or tag, short ("prod") or in full: only versions that it points at in their
  // repository are kept, and the ways to them. "": all.
  std::string reference = {};
  double least_confidence = 0.5;  // of inferred edges, 0 to 1
  size_t most_nodes = 1'000;      // 1 to kMostLineageNodes
};

// InvalidArgument for a text of another form; NotFound, also where `caller` may not know of it.
absl::StatusOr<CommitId> ResolveVersion(const Caller& caller, std::string_view version,
                                        const Repositories& repositories);

// Only versions of the namespace `readable`, if one is given, count. At most kMostLineageSteps from
// the root. NotFound if the catalog has no such version there; InvalidArgument for numbers out of
// their range.
absl::StatusOr<Lineage> WalkLineage(const catalog::Catalog& catalog,
                                    const Repositories& repositories,
                                    const std::optional<std::string>& readable,
                                    const CommitId& root, const LineageQuestion& question);

}  // namespace mreg::registry
