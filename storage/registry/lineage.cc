#include "storage/registry/lineage.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/base/status.h"
#include "storage/registry/lineage_edges.h"

namespace mreg::registry {
namespace {

constexpr std::pair<LineageKind, std::string_view> kKinds[] = {
    {LineageKind::kParent, "parent"},
    {LineageKind::kDeclared, "declared"},
    {LineageKind::kInferred, "inferred"}};

// Of one version, by each way in which others can be made from it.
constexpr size_t kMostChildren = 1'000;

constexpr std::string_view kShortPrefixes[] = {"refs/heads/", "refs/tags/"};

// Of one repository, which keeps no other's names back: fsck tells of it.
bool IsDamage(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsNotFound(status);
}

bool IsNamed(std::string_view reference, std::string_view wanted) {
  if (reference == wanted) return true;
  return std::ranges::any_of(kShortPrefixes, [&](std::string_view prefix) {
    return reference.starts_with(prefix) && reference.substr(prefix.size()) == wanted;
  });
}

class Walk {
 public:
  Walk(const catalog::Catalog& catalog, const std::optional<std::string>& readable,
       const LineageQuestion& question)
      : edges_(catalog, readable, question.least_confidence), question_(question) {}

  absl::StatusOr<Lineage> Run(const CommitId& root, const Repositories& repositories) {
    lineage_.root = root;
    MREG_RETURN_IF_ERROR(AddNode(root, ""));
    if (lineage_.nodes.front().places.empty()) {
      return absl::NotFoundError(
          fmt::format("the registry's catalog has no version {}", root.ToHex()));
    }
    if (question_.has_sources) MREG_RETURN_IF_ERROR(Follow(&Walk::StepUp));
    if (question_.has_derived) MREG_RETURN_IF_ERROR(Follow(&Walk::StepDown));
    MREG_RETURN_IF_ERROR(AddReferences(repositories));
    if (!question_.reference.empty()) KeepWaysToReference();
    return std::move(lineage_);
  }

 private:
  // Adds the edges of a version; returns where they lead.
  using Step = absl::StatusOr<std::vector<CommitId>> (Walk::*)(const CommitId& version);

  // Breadth first from the root, so that the nearest are there where it is cut.
  absl::Status Follow(Step step) {
    absl::flat_hash_set<CommitId> seen = {lineage_.root};
    std::deque<std::pair<CommitId, size_t>> queue = {{lineage_.root, 0}};
    for (; !queue.empty(); queue.pop_front()) {
      const auto [version, steps] = queue.front();
      if (steps == kMostLineageSteps) {
        lineage_.is_cut = true;
        continue;
      }
      MREG_ASSIGN_OR_RETURN(const auto next, (this->*step)(version));
      for (const CommitId& to : next) {
        if (seen.insert(to).second) queue.emplace_back(to, steps + 1);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<CommitId>> StepUp(const CommitId& version) {
    MREG_ASSIGN_OR_RETURN(const LineageEdges::Up* const up, edges_.SourcesOf(version));
    std::vector<CommitId> next;
    for (const LineageEdge& edge : up->edges) {
      const auto absent =
          std::ranges::find(up->absent, edge.source, &std::pair<CommitId, std::string>::first);
      const bool is_here = absent == up->absent.end();
      MREG_ASSIGN_OR_RETURN(const bool is_added,
                            AddEdge(edge, edge.source, is_here ? "" : absent->second));
      if (is_added && is_here) next.push_back(edge.source);
    }
    return next;
  }

  absl::StatusOr<std::vector<CommitId>> StepDown(const CommitId& version) {
    MREG_ASSIGN_OR_RETURN(const auto edges,
                          edges_.DerivedFrom(version, version == lineage_.root, kMostChildren));
    std::vector<CommitId> next;
    for (const LineageEdge& edge : edges) {
      MREG_ASSIGN_OR_RETURN(const bool is_added, AddEdge(edge, edge.child, ""));
      if (is_added) next.push_back(edge.child);
    }
    return next;
  }

  // False where there is no room for the node to which it leads.
  absl::StatusOr<bool> AddEdge(const LineageEdge& edge, const CommitId& to,
                               const std::string& name) {
    if (!has_node_.contains(to)) {
      if (lineage_.nodes.size() == question_.most_nodes) {
        lineage_.is_cut = true;
        return false;
      }
      MREG_RETURN_IF_ERROR(AddNode(to, name));
    }
    lineage_.edges.push_back(edge);
    return true;
  }

  absl::Status AddNode(const CommitId& version, const std::string& name) {
    has_node_.insert(version);
    LineageNode& node = lineage_.nodes.emplace_back();
    node.commit = version;
    node.name = name;
    MREG_ASSIGN_OR_RETURN(const LineageEdges::Places* const places, edges_.PlacesOf(version));
    for (const catalog::VersionPlace& place : *places) {
      node.time = place.time;
      if (node.places.empty() || node.places.back().repository != place.repository) {
        node.places.push_back({place.repository, {}});
      }
    }
    return absl::OkStatus();
  }

  // Each repository is asked once.
  absl::Status AddReferences(const Repositories& repositories) {
    std::map<std::string, absl::flat_hash_map<CommitId, LineageNode::Place*>> by_repository;
    for (LineageNode& node : lineage_.nodes) {
      for (LineageNode::Place& place : node.places) {
        by_repository[place.repository][node.commit] = &place;
      }
    }
    for (const auto& [text, places] : by_repository) {
      MREG_ASSIGN_OR_RETURN(const auto name, RepositoryName::Parse(text));
      // The catalog's namespaces are those that the caller may read.
      const auto history = repositories.Open(Access::Owner(), name);
      if (IsDamage(history.status())) continue;
      MREG_RETURN_IF_ERROR(history.status());
      const auto references = (*history)->references().List("refs/");
      if (IsDamage(references.status())) continue;
      MREG_RETURN_IF_ERROR(references.status());
      for (const history::Reference& reference : *references) {
        const auto target = (*history)->Peel(reference.target);
        if (!target.ok()) continue;
        const auto place = places.find(*target);
        if (place != places.end()) place->second->references.push_back(reference.name);
      }
    }
    return absl::OkStatus();
  }

  bool IsWanted(const LineageNode& node) const {
    return std::ranges::any_of(node.places, [&](const LineageNode::Place& place) {
      return std::ranges::any_of(place.references, [&](const std::string& reference) {
        return IsNamed(reference, question_.reference);
      });
    });
  }

  // Edges were added going away from the root: on a way to a wanted version is what one comes
  // through going back, up along what goes down and the other way round.
  void KeepWaysToReference() {
    absl::flat_hash_set<CommitId> kept = {lineage_.root};
    for (const bool is_up : {true, false}) {
      absl::flat_hash_map<CommitId, std::vector<CommitId>> back;
      for (const LineageEdge& edge : lineage_.edges) {
        is_up ? back[edge.source].push_back(edge.child) : back[edge.child].push_back(edge.source);
      }
      absl::flat_hash_set<CommitId> seen;
      std::vector<CommitId> stack;
      for (const LineageNode& node : lineage_.nodes) {
        const bool is_root = node.commit == lineage_.root;
        if (!is_root && IsWanted(node)) stack.push_back(node.commit);
      }
      const auto reached = Reached(is_up);
      while (!stack.empty()) {
        const CommitId version = stack.back();
        stack.pop_back();
        if (!reached.contains(version) || !seen.insert(version).second) continue;
        kept.insert(version);
        if (version == lineage_.root) continue;
        for (const CommitId& to : back[version]) stack.push_back(to);
      }
    }
    std::erase_if(lineage_.nodes,
                  [&](const LineageNode& node) { return !kept.contains(node.commit); });
    std::erase_if(lineage_.edges, [&](const LineageEdge& edge) {
      return !kept.contains(edge.child) || !kept.contains(edge.source);
    });
  }

  // What the edges lead to from the root in one direction.
  absl::flat_hash_set<CommitId> Reached(bool is_up) const {
    absl::flat_hash_map<CommitId, std::vector<CommitId>> onwards;
    for (const LineageEdge& edge : lineage_.edges) {
      is_up ? onwards[edge.child].push_back(edge.source)
            : onwards[edge.source].push_back(edge.child);
    }
    absl::flat_hash_set<CommitId> seen;
    std::vector<CommitId> stack = {lineage_.root};
    while (!stack.empty()) {
      const CommitId version = stack.back();
      stack.pop_back();
      if (!seen.insert(version).second) continue;
      for (const CommitId& to : onwards[version]) stack.push_back(to);
    }
    return seen;
  }

  LineageEdges edges_;
  const LineageQuestion& question_;
  Lineage lineage_;
  absl::flat_hash_set<CommitId> has_node_;
};

}  // namespace

std::string_view NameOf(LineageKind kind) {
  return std::ranges::find(kKinds, kind, &std::pair<LineageKind, std::string_view>::first)->second;
}

std::optional<LineageKind> LineageKindOf(std::string_view name) {
  const auto found =
      std::ranges::find(kKinds, name, &std::pair<LineageKind, std::string_view>::second);
  if (found == std::end(kKinds)) return std::nullopt;
  return found->first;
}

absl::StatusOr<CommitId> ResolveVersion(const Caller& caller, std::string_view version,
                                        const Repositories& repositories) {
  if (const auto commit = CommitId::FromHex(version); commit.ok()) return commit;
  const size_t at = version.find('@');
  const auto name = RepositoryName::Parse(version.substr(0, at));
  if (!name.ok()) {
    return absl::InvalidArgumentError(
        "a version is NAMESPACE/NAME, NAMESPACE/NAME@REVISION or a commit's id of 40 digits");
  }
  MREG_ASSIGN_OR_RETURN(const auto history, repositories.Open(caller, *name));
  return history->Resolve(at == version.npos ? "HEAD" : version.substr(at + 1));
}

absl::StatusOr<Lineage> WalkLineage(const catalog::Catalog& catalog,
                                    const Repositories& repositories,
                                    const std::optional<std::string>& readable,
                                    const CommitId& root, const LineageQuestion& question) {
  if (question.most_nodes == 0 || question.most_nodes > kMostLineageNodes) {
    return absl::InvalidArgumentError(
        fmt::format("lineage has 1 to {} versions", kMostLineageNodes));
  }
  if (!(question.least_confidence >= 0 && question.least_confidence <= 1)) {
    return absl::InvalidArgumentError("a confidence is a number from 0 to 1");
  }
  return Walk(catalog, readable, question).Run(root, repositories);
}

}  // namespace mreg::registry
