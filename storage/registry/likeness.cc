#include "storage/registry/likeness.h"

#include <algorithm>
#include <map>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "schema/onnx/data_type.h"
#include "storage/content/encoding/sketch.h"

namespace mreg::registry {
namespace {

using catalog::Direction;
using catalog::Evidence;
using catalog::Likeness;

constexpr size_t kKeyTensors = 64;
// Sketches meet where these bits are the same, up to so many doubtful ones.
constexpr uint64_t kBucketMask = (uint64_t{1} << 20) - 1;
constexpr int kTurnedBits = 4;
constexpr size_t kMostCandidates = 16;
constexpr size_t kModelsInStep = 64;

// As in docs/formats/sketch.md; of unrelated pairs of tensors 2 in ten million are as near. Where
// millions were looked through, one alone proves nothing unless it is far nearer.
constexpr int kAlike = 12;
constexpr int kVeryAlike = 6;
constexpr size_t kEnoughAlike = 3;

constexpr double kLeastWeights = 0.1;
constexpr double kAllNames = 0.95;
constexpr double kAllWeights = 0.999;

constexpr double kConfidenceOfWeights = 0.49;  // besides kSharedWeights, if all are the same
constexpr double kConfidenceOfNames = 0.2;
constexpr double kConfidenceOfTraces = 0.6;
constexpr double kConfidenceOfShapes = 0.1;

enum class KeyKind : uint8_t { kContent, kSketch, kArchitecture, kShapes };

uint64_t KeyOf(KeyKind kind, uint64_t value, uint64_t elements = 0) {
  Bytes text(1, static_cast<char>(kind));
  AppendU64Le(text, value);
  AppendU64Le(text, elements);
  return ShortHash(text);
}

// Of all names and shapes, or shapes alone, in whatever order.
uint64_t HashOfAll(const ModelTraits& traits, bool has_names) {
  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (const TensorTraits& tensor : traits.tensors) {
    all.emplace_back(tensor.shape, has_names ? tensor.name : 0);
  }
  std::ranges::sort(all);
  Bytes text;
  for (const auto& [shape, name] : all) {
    AppendU64Le(text, shape);
    AppendU64Le(text, name);
  }
  return ShortHash(text);
}

// The sketch's own bucket and those with some of its doubtful bits turned.
std::vector<uint64_t> BucketsOf(const TensorTraits& tensor) {
  std::vector<uint64_t> buckets = {tensor.sketch & kBucketMask};
  int turned = 0;
  for (uint64_t bit = 1; bit < kBucketMask && turned < kTurnedBits; bit <<= 1) {
    if ((tensor.doubtful & bit) == 0) continue;
    ++turned;
    for (size_t i = buckets.size(); i > 0; --i) buckets.push_back(buckets[i - 1] ^ bit);
  }
  return buckets;
}

std::vector<uint64_t> MakeKeys(const ModelTraits& traits, bool is_lookup) {
  std::vector<uint64_t> keys;
  size_t count = 0;
  for (const TensorTraits& tensor : traits.tensors) {
    if (tensor.content == 0) continue;
    if (++count > kKeyTensors) break;
    keys.push_back(KeyOf(KeyKind::kContent, tensor.content));
    for (const uint64_t bucket : BucketsOf(tensor)) {
      keys.push_back(KeyOf(KeyKind::kSketch, bucket, tensor.elements));
      if (!is_lookup) break;
    }
  }
  if (!traits.tensors.empty()) {
    keys.push_back(KeyOf(KeyKind::kArchitecture, HashOfAll(traits, true)));
    keys.push_back(KeyOf(KeyKind::kShapes, HashOfAll(traits, false)));
  }
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

double ElementsOf(const ModelTraits& traits, bool has_content_only) {
  double elements = 0;
  for (const TensorTraits& tensor : traits.tensors) {
    if (!has_content_only || tensor.content != 0) elements += static_cast<double>(tensor.elements);
  }
  return elements;
}

// Elements in tensors of `model` that have a partner among those of `other`, each partner once.
template <typename Key>
double Paired(const ModelTraits& model, const ModelTraits& other, const Key& key) {
  std::map<decltype(key(TensorTraits())), int> left;
  for (const TensorTraits& tensor : other.tensors) ++left[key(tensor)];
  double elements = 0;
  for (const TensorTraits& tensor : model.tensors) {
    const auto found = left.find(key(tensor));
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    elements += static_cast<double>(tensor.elements);
  }
  return elements;
}

// How the weights of two models match: identical ones first, then each with the nearest left.
class WeightMatch {
 public:
  WeightMatch(const ModelTraits& model, const ModelTraits& other) : other_(other) {
    is_taken_.assign(other.tensors.size(), false);
    std::vector<const TensorTraits*> left;
    for (const TensorTraits& tensor : model.tensors) {
      if (tensor.content != 0 && !TakeIdentical(tensor)) left.push_back(&tensor);
    }
    for (const TensorTraits* tensor : left) TakeAlike(*tensor);
    if (alike_.size() >= kEnoughAlike) return;
    std::erase_if(alike_, [](const Alike& alike) { return alike.distance > kVeryAlike; });
  }

  double identical() const { return identical_; }

  double alike() const {
    double elements = 0;
    for (const Alike& alike : alike_) elements += alike.elements;
    return elements;
  }

  // The less, the farther they are.
  double closeness() const {
    double elements = 0;
    for (const Alike& alike : alike_) elements += alike.elements * (1 - alike.distance / 32.0);
    return elements;
  }

 private:
  struct Alike {
    double elements;
    int distance;
  };

  bool TakeIdentical(const TensorTraits& tensor) {
    for (size_t i = 0; i < is_taken_.size(); ++i) {
      if (is_taken_[i] || other_.tensors[i].content != tensor.content) continue;
      is_taken_[i] = true;
      identical_ += static_cast<double>(tensor.elements);
      return true;
    }
    return false;
  }

  void TakeAlike(const TensorTraits& tensor) {
    int nearest = kAlike + 1;
    size_t partner = 0;
    for (size_t i = 0; i < is_taken_.size(); ++i) {
      const TensorTraits& other = other_.tensors[i];
      if (is_taken_[i] || other.content == 0 || other.elements != tensor.elements) continue;
      const int distance = encoding::Distance(tensor.sketch, other.sketch);
      if (distance >= nearest) continue;
      nearest = distance;
      partner = i;
    }
    if (nearest > kAlike) return;
    is_taken_[partner] = true;
    alike_.push_back({static_cast<double>(tensor.elements), nearest});
  }

  const ModelTraits& other_;
  std::vector<bool> is_taken_;
  double identical_ = 0;
  std::vector<Alike> alike_;
};

// The type that most of the elements are of; 0 for a model without weights.
onnx::DataType MainTypeOf(const ModelTraits& traits) {
  std::map<onnx::DataType, double> elements;
  for (const TensorTraits& tensor : traits.tensors) {
    elements[tensor.type] += static_cast<double>(tensor.elements);
  }
  const auto most =
      std::ranges::max_element(elements, {}, [](const auto& use) { return use.second; });
  return most == elements.end() ? 0 : most->first;
}

// What tools left: quantisers, casts and optimisers have a direction.
void ApplyTraces(const ModelTraits& model, const ModelTraits& other, Likeness& likeness) {
  const auto set = [&](bool is_from_other, const char* how) {
    likeness.direction = is_from_other ? Direction::kFromOther : Direction::kToOther;
    likeness.how = how;
  };
  const onnx::DataType type = MainTypeOf(model), other_type = MainTypeOf(other);
  const int precision = onnx::DataTypeBits(type), other_precision = onnx::DataTypeBits(other_type);
  if (model.is_quantised != other.is_quantised) {
    set(model.is_quantised, "quantize");
  } else if (precision != other_precision) {
    set(precision < other_precision, "cast");
  } else if (type != other_type) {
    likeness.how = "cast";  // float16 to bfloat16 or back
  } else if (model.is_optimised != other.is_optimised) {
    set(model.is_optimised, "optimize");
  }
}

// Whether half of either model's weights could be compared by what is in them.
bool AreComparable(const ModelTraits& model, const ModelTraits& other) {
  return 2 * ElementsOf(model, true) >= ElementsOf(model, false) &&
         2 * ElementsOf(other, true) >= ElementsOf(other, false);
}

}  // namespace

std::vector<uint64_t> KeysOf(const ModelTraits& traits) { return MakeKeys(traits, false); }

std::vector<uint64_t> LookupKeysOf(const ModelTraits& traits) { return MakeKeys(traits, true); }

std::optional<Likeness> Compare(const ModelTraits& model, const ModelTraits& other) {
  const double all = std::max(ElementsOf(model, false), ElementsOf(other, false));
  if (all == 0) return std::nullopt;
  Likeness likeness;
  Evidence& evidence = likeness.evidence;
  evidence.named =
      Paired(model, other,
             [](const TensorTraits& tensor) { return std::pair(tensor.name, tensor.shape); }) /
      all;
  evidence.shaped =
      Paired(model, other, [](const TensorTraits& tensor) { return tensor.shape; }) / all;
  double closeness = 0;
  if (const double weights = std::max(ElementsOf(model, true), ElementsOf(other, true));
      weights > 0) {
    const WeightMatch match(model, other);
    evidence.identical = match.identical() / weights;
    evidence.alike = match.alike() / weights;
    closeness = evidence.identical + match.closeness() / weights;
  }
  ApplyTraces(model, other, likeness);
  if (evidence.identical + evidence.alike >= kLeastWeights) {
    // What names add would hide which of several is nearer.
    likeness.confidence = kSharedWeights + kConfidenceOfWeights * closeness;
    if (likeness.how.empty())
      likeness.how = evidence.identical >= kAllWeights ? "edit" : "fine-tune";
    return likeness;
  }
  if (evidence.named >= kAllNames) {
    // Weights that could be compared and are not alike are those of another training.
    const bool has_traces =
        likeness.direction != Direction::kUnknown && !AreComparable(model, other);
    likeness.confidence = has_traces ? kConfidenceOfTraces : kConfidenceOfNames;
  } else if (evidence.shaped >= kAllNames) {
    likeness.confidence = kConfidenceOfShapes;
  } else {
    return std::nullopt;
  }
  if (likeness.confidence < kSharedWeights) {
    likeness.direction = Direction::kUnknown;
    likeness.how.clear();
  }
  return likeness;
}

absl::Status CompareModels(catalog::Catalog& catalog) {
  while (true) {
    MREG_ASSIGN_OR_RETURN(const auto models, catalog.Uncompared(kModelsInStep));
    if (models.empty()) return absl::OkStatus();
    for (const auto& [number, bytes] : models) {
      MREG_ASSIGN_OR_RETURN(const ModelTraits traits, ParseTraits(bytes));
      MREG_ASSIGN_OR_RETURN(const auto candidates,
                            catalog.FindModels(LookupKeysOf(traits), number, kMostCandidates));
      std::vector<Likeness> likenesses;
      for (const catalog::FingerprintedModel& candidate : candidates) {
        MREG_ASSIGN_OR_RETURN(const ModelTraits other, ParseTraits(candidate.traits));
        auto likeness = Compare(traits, other);
        if (!likeness) continue;
        likeness->other = candidate.number;
        likenesses.push_back(*std::move(likeness));
      }
      MREG_RETURN_IF_ERROR(catalog.AddLikenesses(number, likenesses));
    }
  }
}

}  // namespace mreg::registry
