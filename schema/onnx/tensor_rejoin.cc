#include "schema/onnx/tensor_rejoin.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "schema/onnx/dequantiser.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/tensor_values.h"

namespace mreg::onnx {
namespace {

constexpr size_t kBlockBytes = 1 << 20;
constexpr uint64_t kSampleElements = 512;
// Values of levels differ from what was quantised by less than a tenth of its norm with 8 bits, by
// a quarter with 4 or for outliers; from other weights by more than the norm.
constexpr double kMostDifference = 0.5;
// Of levels and floats of one shape: more are paired by their names only.
constexpr size_t kMostComparisons = 1 << 20;

// One side of a pair.
struct Side {
  const TensorRecord* tensor = nullptr;
  const std::optional<Quantisation>* quantisation = nullptr;
  const std::string* name = nullptr;
  const PlaceTensor* place = nullptr;
};

using Sample = std::vector<double>;

absl::StatusOr<std::string> HashOf(const TensorPlace& place) {
  Sha256 hash;
  std::vector<char> block(static_cast<size_t>(std::min<uint64_t>(kBlockBytes, place.length)));
  for (uint64_t done = 0; done < place.length; done += kBlockBytes) {
    const auto length = static_cast<size_t>(std::min<uint64_t>(kBlockBytes, place.length - done));
    MREG_RETURN_IF_ERROR(place.Read(done, {block.data(), length}));
    hash.Update({block.data(), length});
  }
  return std::string(hash.Finish());
}

bool IsFloat(DataType type) {
  constexpr DataType kFloat = 1, kFloat16 = 10, kDouble = 11, kBfloat16 = 16;
  return type == kFloat || type == kFloat16 || type == kDouble || type == kBfloat16;
}

// Values from the middle of the tensor; empty if they cannot be read.
absl::StatusOr<Sample> SampleOf(const Side& side) {
  MREG_ASSIGN_OR_RETURN(const auto place, (*side.place)(*side.tensor));
  const size_t bits = place ? NumberBits(*side.tensor, *place) : 0;
  if (bits == 0) return Sample();
  const uint64_t elements = ElementCount(side.tensor->dims);
  const uint64_t count = std::min(elements, kSampleElements);
  const uint64_t first = (elements - count) / 2 & ~uint64_t{1};  // where a byte begins
  std::vector<char> read(BytesOf(count, bits));
  MREG_RETURN_IF_ERROR(place->Read(BytesOf(first, bits), read));
  Sample sample(static_cast<size_t>(count));
  DecodeValues(side.tensor->type, {read.data(), read.size()}, sample);
  if (!*side.quantisation) return sample;
  MREG_ASSIGN_OR_RETURN(const auto dequantiser,
                        Dequantiser::Make(*side.tensor, **side.quantisation, *side.place));
  if (!dequantiser) return Sample();
  dequantiser->Apply(first, sample);
  return sample;
}

// The norm of the difference by that of `floats`.
double Difference(const Sample& floats, const Sample& values) {
  double squares = 0, norm = 0;
  for (size_t i = 0; i < floats.size(); ++i) {
    squares += (values[i] - floats[i]) * (values[i] - floats[i]);
    norm += floats[i] * floats[i];
  }
  return norm > 0 ? std::sqrt(squares / norm) : squares > 0 ? 1 : 0;
}

class Rejoiner {
 public:
  Rejoiner(std::vector<TensorPair> pairs, const PlaceTensor& before, const PlaceTensor& after)
      : pairs_(std::move(pairs)), before_(before), after_(after) {}

  absl::StatusOr<std::vector<TensorPair>> Rejoin() {
    MREG_RETURN_IF_ERROR(RejoinEqual());
    MREG_RETURN_IF_ERROR(RejoinQuantised(/*levels_are_after=*/true));
    MREG_RETURN_IF_ERROR(RejoinQuantised(/*levels_are_after=*/false));
    std::erase_if(pairs_, [](const TensorPair& pair) {
      return pair.before == nullptr && pair.after == nullptr;
    });
    return std::move(pairs_);
  }

 private:
  using Key = std::tuple<DataType, std::vector<int64_t>, uint64_t>;
  // Numbers of pairs.
  struct Group {
    std::vector<size_t> before, after;
  };
  struct QuantisedGroup {
    std::vector<size_t> levels, floats;
    std::vector<Sample> samples;  // of the floats, once they are read
  };

  static bool IsAlone(const TensorPair& pair) {
    return (pair.before == nullptr) != (pair.after == nullptr);
  }

  void Join(size_t before, size_t after) {
    TensorPair& gone = pairs_[before];
    TensorPair& pair = pairs_[after];
    pair.before = std::exchange(gone.before, nullptr);
    pair.name_before = gone.name_before;
    pair.quantised_before = gone.quantised_before;
  }

  absl::Status RejoinEqual() {
    std::map<Key, Group> groups;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const TensorPair& pair = pairs_[i];
      if (!IsAlone(pair)) continue;
      const TensorRecord& tensor = pair.before != nullptr ? *pair.before : *pair.after;
      Group& group = groups[Key(tensor.type, tensor.dims, tensor.payload.size())];
      (pair.before != nullptr ? group.before : group.after).push_back(i);
    }
    for (const auto& [key, group] : groups) {
      if (group.before.empty() || group.after.empty()) continue;
      MREG_RETURN_IF_ERROR(RejoinGroup(group));
    }
    return absl::OkStatus();
  }

  absl::Status RejoinGroup(const Group& group) {
    std::multimap<std::string, size_t> removed;
    for (const size_t i : group.before) {
      MREG_ASSIGN_OR_RETURN(const auto place, before_(*pairs_[i].before));
      if (!place) continue;
      MREG_ASSIGN_OR_RETURN(std::string hash, HashOf(*place));
      removed.emplace(std::move(hash), i);
    }
    for (const size_t i : group.after) {
      MREG_ASSIGN_OR_RETURN(const auto place, after_(*pairs_[i].after));
      if (!place || removed.empty()) continue;
      MREG_ASSIGN_OR_RETURN(const std::string hash, HashOf(*place));
      const auto found = removed.find(hash);
      if (found == removed.end()) continue;
      Join(found->second, i);
      removed.erase(found);
    }
    return absl::OkStatus();
  }

  Side SideOf(size_t i, bool is_after) const {
    const TensorPair& pair = pairs_[i];
    if (is_after) return {pair.after, &pair.quantised_after, &pair.name, &after_};
    return {pair.before, &pair.quantised_before, &pair.name_before, &before_};
  }

  absl::Status RejoinQuantised(bool levels_are_after) {
    std::map<std::vector<int64_t>, QuantisedGroup> groups;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      if (!IsAlone(pairs_[i])) continue;
      const bool is_after = pairs_[i].after != nullptr;
      const Side side = SideOf(i, is_after);
      QuantisedGroup& group = groups[side.tensor->dims];
      if (is_after == levels_are_after) {
        if (*side.quantisation) group.levels.push_back(i);
      } else if (IsFloat(side.tensor->type)) {
        group.floats.push_back(i);
      }
    }
    for (auto& [dims, group] : groups) {
      if (group.levels.empty() || group.floats.empty()) continue;
      MREG_RETURN_IF_ERROR(RejoinQuantised(levels_are_after, group));
    }
    return absl::OkStatus();
  }

  absl::Status RejoinQuantised(bool levels_are_after, QuantisedGroup& group) {
    const bool may_compare = group.levels.size() * group.floats.size() <= kMostComparisons;
    for (const size_t levels : group.levels) {
      std::optional<size_t> found = NamedLike(levels, levels_are_after, group);
      if (!found && may_compare) {
        MREG_ASSIGN_OR_RETURN(found, WithValuesOf(levels, levels_are_after, group));
      }
      if (!found) continue;
      levels_are_after ? Join(group.floats[*found], levels) : Join(levels, group.floats[*found]);
    }
    return absl::OkStatus();
  }

  // "w" of "w_quantized"; the longest such name.
  std::optional<size_t> NamedLike(size_t levels, bool levels_are_after,
                                  const QuantisedGroup& group) const {
    const std::string& name = *SideOf(levels, levels_are_after).name;
    std::optional<size_t> best;
    size_t length = 0;
    for (size_t k = 0; k < group.floats.size(); ++k) {
      if (!IsAlone(pairs_[group.floats[k]])) continue;
      const std::string& other = *SideOf(group.floats[k], !levels_are_after).name;
      if (other.size() <= length || !name.starts_with(other)) continue;
      best = k;
      length = other.size();
    }
    return best;
  }

  absl::StatusOr<std::optional<size_t>> WithValuesOf(size_t levels, bool levels_are_after,
                                                     QuantisedGroup& group) const {
    MREG_ASSIGN_OR_RETURN(const Sample values, SampleOf(SideOf(levels, levels_are_after)));
    if (values.empty()) return std::nullopt;
    for (size_t k = group.samples.size(); k < group.floats.size(); ++k) {
      Sample sample;
      if (IsAlone(pairs_[group.floats[k]])) {
        MREG_ASSIGN_OR_RETURN(sample, SampleOf(SideOf(group.floats[k], !levels_are_after)));
      }
      group.samples.push_back(std::move(sample));
    }
    std::optional<size_t> best;
    double least = kMostDifference;
    for (size_t k = 0; k < group.floats.size(); ++k) {
      if (!IsAlone(pairs_[group.floats[k]]) || group.samples[k].size() != values.size()) continue;
      const double difference = Difference(group.samples[k], values);
      if (!(difference < least)) continue;
      best = k;
      least = difference;
    }
    return best;
  }

  std::vector<TensorPair> pairs_;
  const PlaceTensor& before_;
  const PlaceTensor& after_;
};

}  // namespace

absl::StatusOr<std::vector<TensorPair>> RejoinTensors(std::vector<TensorPair> pairs,
                                                      const PlaceTensor& before,
                                                      const PlaceTensor& after) {
  return Rejoiner(std::move(pairs), before, after).Rejoin();
}

}  // namespace mreg::onnx
