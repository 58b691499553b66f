#include "storage/registry/lineage_edges.h"

#include <algorithm>

#include "schema/base/status.h"

namespace mreg::registry {
namespace {

using catalog::Direction;
using catalog::FirstVersion;
using catalog::Likeness;
using catalog::ModelNumber;
using catalog::VersionPlace;

// That are looked at for one model.
constexpr size_t kMostLikenesses = 1'000;
constexpr size_t kMostInferred = 3;  // edges of one model
// Confidences nearer than this are the same, and those nearer than this share of what the best
// lacks to 1: the further models are apart, the less exactly sketches tell how far.
constexpr double kSame = 0.002;
constexpr double kSameShare = 0.15;
// What was made later than a model is seldom its source: it counts so much less.
constexpr double kLater = 0.02;
// Who committed is believed unless something else is nearer by more than this.
constexpr double kBelieved = 0.05;

std::vector<ModelNumber> ModelsAt(const std::vector<VersionPlace>& places) {
  std::vector<ModelNumber> models;
  for (const VersionPlace& place : places) {
    if (place.model != 0) models.push_back(place.model);
  }
  std::ranges::sort(models);
  models.erase(std::unique(models.begin(), models.end()), models.end());
  return models;
}

}  // namespace

// A model that the one in question may be made from.
struct LineageEdges::Candidate {
  Likeness likeness;
  FirstVersion origin;
  double score = 0;  // by which candidates are taken
};

absl::StatusOr<const LineageEdges::Places*> LineageEdges::PlacesOf(const CommitId& version) {
  std::unique_ptr<Places>& known = places_[version];
  if (known == nullptr) {
    MREG_ASSIGN_OR_RETURN(Places places, catalog_.PlacesOf(version, readable_));
    known = std::make_unique<Places>(std::move(places));
  }
  return known.get();
}

absl::StatusOr<const std::vector<Likeness>*> LineageEdges::LikenessesOf(ModelNumber model) {
  std::unique_ptr<std::vector<Likeness>>& known = likenesses_[model];
  if (known == nullptr) {
    MREG_ASSIGN_OR_RETURN(auto found, catalog_.LikenessesOf(model, kMostLikenesses));
    std::erase_if(
        found, [&](const Likeness& likeness) { return likeness.confidence < least_confidence_; });
    known = std::make_unique<std::vector<Likeness>>(std::move(found));
  }
  return known.get();
}

absl::StatusOr<std::optional<FirstVersion>> LineageEdges::OriginOf(ModelNumber model) {
  if (const auto known = origins_.find(model); known != origins_.end()) return known->second;
  MREG_ASSIGN_OR_RETURN(const auto firsts, catalog_.FirstVersionsOf(model, readable_, 1));
  std::optional<FirstVersion>& origin = origins_[model];
  if (!firsts.empty()) origin = firsts.front();
  return origin;
}

absl::StatusOr<std::optional<double>> LineageEdges::ConfidenceOf(ModelNumber model,
                                                                 ModelNumber other) {
  if (model == other) return 1;
  MREG_ASSIGN_OR_RETURN(const auto* const likenesses, LikenessesOf(model));
  const auto found = std::ranges::find(*likenesses, other, &Likeness::other);
  if (found == likenesses->end()) return std::nullopt;
  return found->confidence;
}

absl::StatusOr<std::string> LineageEdges::PathOf(const CommitId& version, ModelNumber model) {
  MREG_ASSIGN_OR_RETURN(const Places* const places, PlacesOf(version));
  const auto place = std::ranges::find(*places, model, &VersionPlace::model);
  return place == places->end() ? "" : place->path;
}

// Whether `version` itself says that it was made from `source`.
absl::StatusOr<bool> LineageEdges::Says(const CommitId& version, const CommitId& source) {
  MREG_ASSIGN_OR_RETURN(const auto sources, catalog_.SourcesOf(version));
  return std::ranges::find(sources, source, &catalog::SourceRow::commit) != sources.end();
}

// What the commit says itself.
absl::Status LineageEdges::AddStated(const CommitId& version, Up& up) {
  MREG_ASSIGN_OR_RETURN(const auto sources, catalog_.SourcesOf(version));
  for (const catalog::SourceRow& source : sources) {
    if (source.commit == version) continue;
    MREG_ASSIGN_OR_RETURN(const Places* const places, PlacesOf(source.commit));
    if (places->empty()) {
      if (!source.is_declared) continue;
      up.absent.emplace_back(source.commit, source.name);
    }
    LineageEdge& edge = up.edges.emplace_back();
    edge.child = version;
    edge.source = source.commit;
    edge.kind = source.is_declared ? LineageKind::kDeclared : LineageKind::kParent;
    edge.how = source.how;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LineageEdges::Candidate>> LineageEdges::CandidatesFor(
    ModelNumber model, const FirstVersion& origin) {
  std::vector<Candidate> candidates;
  MREG_ASSIGN_OR_RETURN(const auto* const likenesses, LikenessesOf(model));
  for (const Likeness& likeness : *likenesses) {
    if (likeness.direction == Direction::kToOther) continue;
    MREG_ASSIGN_OR_RETURN(const auto source, OriginOf(likeness.other));
    if (!source || source->commit == origin.commit) continue;
    if (likeness.direction == Direction::kUnknown && origin < *source) continue;
    MREG_ASSIGN_OR_RETURN(const bool is_reverse, Says(source->commit, origin.commit));
    if (is_reverse) continue;
    candidates.push_back(
        {likeness, *source, likeness.confidence - (origin < *source ? kLater : 0)});
  }
  return candidates;
}

// One that is like what explains the model as well belongs to the same family: its edge would tell
// nothing more.
absl::StatusOr<bool> LineageEdges::IsExplained(const Candidate& candidate,
                                               const Explained& explained) {
  for (const auto& [model, confidence] : explained) {
    if (confidence < candidate.score) continue;
    MREG_ASSIGN_OR_RETURN(const auto likeness, ConfidenceOf(model, candidate.likeness.other));
    if (likeness) return true;
  }
  return false;
}

// `stated` are the models of parents and declared sources.
absl::Status LineageEdges::AddInferred(const CommitId& version, const VersionPlace& place,
                                       const std::vector<ModelNumber>& stated, Up& up) {
  MREG_ASSIGN_OR_RETURN(const auto origin, OriginOf(place.model));
  if (!origin || std::ranges::binary_search(stated, place.model)) return absl::OkStatus();
  const auto add = [&](const CommitId& source, ModelNumber model) -> absl::StatusOr<LineageEdge*> {
    MREG_ASSIGN_OR_RETURN(std::string source_path, PathOf(source, model));
    LineageEdge& edge = up.edges.emplace_back();
    edge.child = version;
    edge.source = source;
    edge.kind = LineageKind::kInferred;
    edge.path = place.path;
    edge.source_path = std::move(source_path);
    return &edge;
  };
  if (origin->commit != version) {
    MREG_ASSIGN_OR_RETURN(const bool is_reverse, Says(origin->commit, version));
    if (is_reverse) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(LineageEdge* const edge, add(origin->commit, place.model));
    edge->how = "copy";
    edge->evidence = {1, 0, 1, 1};
    return absl::OkStatus();
  }
  Explained explained;
  for (const ModelNumber model : stated) {
    MREG_ASSIGN_OR_RETURN(const auto confidence, ConfidenceOf(place.model, model));
    if (confidence) explained.emplace_back(model, *confidence + kBelieved);
  }
  MREG_ASSIGN_OR_RETURN(auto candidates, CandidatesFor(place.model, *origin));
  for (size_t added = 0; added < kMostInferred && !candidates.empty();) {
    // The oldest of those that are as good as the best.
    double best = 0;
    for (const auto& candidate : candidates) best = std::max(best, candidate.score);
    const double same = std::max(kSame, kSameShare * (1 - best));
    auto next = candidates.end();
    for (auto it = candidates.begin(); it != candidates.end(); ++it) {
      if (it->score < best - same) continue;
      if (next == candidates.end() || it->origin < next->origin) next = it;
    }
    const Candidate chosen = std::move(*next);
    candidates.erase(next);
    MREG_ASSIGN_OR_RETURN(const bool is_explained, IsExplained(chosen, explained));
    if (is_explained) continue;
    const Likeness& likeness = chosen.likeness;
    explained.emplace_back(likeness.other, best + kSame);
    MREG_ASSIGN_OR_RETURN(LineageEdge* const edge, add(chosen.origin.commit, likeness.other));
    edge->how = likeness.how;
    edge->confidence = likeness.confidence;
    edge->is_directed_by_content = likeness.direction != Direction::kUnknown;
    edge->evidence = likeness.evidence;
    ++added;
  }
  return absl::OkStatus();
}

absl::StatusOr<const LineageEdges::Up*> LineageEdges::SourcesOf(const CommitId& version) {
  std::unique_ptr<Up>& known = up_[version];
  if (known != nullptr) return known.get();
  auto up = std::make_unique<Up>();
  MREG_RETURN_IF_ERROR(AddStated(version, *up));
  std::vector<ModelNumber> stated;
  for (const LineageEdge& edge : up->edges) {
    MREG_ASSIGN_OR_RETURN(const Places* const places, PlacesOf(edge.source));
    const auto models = ModelsAt(*places);
    stated.insert(stated.end(), models.begin(), models.end());
  }
  std::ranges::sort(stated);
  MREG_ASSIGN_OR_RETURN(const Places* const places, PlacesOf(version));
  std::vector<ModelNumber> seen;  // the same version may be in several repositories
  for (const VersionPlace& place : *places) {
    if (!place.is_first || std::ranges::find(seen, place.model) != seen.end()) continue;
    seen.push_back(place.model);
    MREG_RETURN_IF_ERROR(AddInferred(version, place, stated, *up));
  }
  return (up_[version] = std::move(up)).get();
}

absl::StatusOr<std::vector<LineageEdge>> LineageEdges::DerivedFrom(const CommitId& version,
                                                                   bool has_all, size_t most) {
  MREG_ASSIGN_OR_RETURN(std::vector<CommitId> children,
                        catalog_.MadeFrom(version, readable_, most));
  MREG_ASSIGN_OR_RETURN(const Places* const places, PlacesOf(version));
  std::vector<CommitId> same;  // versions that have first what this one has
  for (const ModelNumber model : ModelsAt(*places)) {
    MREG_ASSIGN_OR_RETURN(const auto firsts, catalog_.FirstVersionsOf(model, readable_, most));
    for (const FirstVersion& first : firsts) {
      same.push_back(first.commit);
      children.push_back(first.commit);
    }
    MREG_ASSIGN_OR_RETURN(const auto* const likenesses, LikenessesOf(model));
    for (const Likeness& likeness : *likenesses) {
      MREG_ASSIGN_OR_RETURN(const auto origin, OriginOf(likeness.other));
      if (origin) children.push_back(origin->commit);
    }
  }
  std::ranges::sort(children);
  children.erase(std::unique(children.begin(), children.end()), children.end());
  std::vector<LineageEdge> edges;
  for (const CommitId& child : children) {
    if (child == version) continue;
    MREG_ASSIGN_OR_RETURN(const Up* const up, SourcesOf(child));
    for (LineageEdge edge : up->edges) {
      const bool is_of_same = has_all && edge.kind == LineageKind::kInferred &&
                              std::ranges::find(same, edge.source) != same.end();
      if (edge.source != version && !is_of_same) continue;
      edge.source = version;
      edges.push_back(std::move(edge));
    }
  }
  return edges;
}

}  // namespace mreg::registry
