#include "schema/onnx/tensor_diff.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "schema/base/thread_pool.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/tensor_values.h"

namespace mreg::onnx {
namespace {

// As much as a chunk of a stored file and more: one that is read in parts is decoded for each.
constexpr size_t kBlockElements = 1 << 20;
constexpr size_t kBlockBytes = 1 << 20;
constexpr size_t kPieceElements = 32 << 10;  // that are decoded at once

absl::Status ReadExactly(const TensorPlace& place, uint64_t from, std::span<char> buffer) {
  MREG_ASSIGN_OR_RETURN(const size_t got, place.file->ReadAt(place.offset + from, buffer));
  if (got < buffer.size()) return absl::AbortedError("the model shrinks while it is read");
  return absl::OkStatus();
}

// Calls `look` with both sides' bytes, piece by piece.
template <typename Look>
absl::Status ForBlocks(const TensorPlace& before, size_t before_step, const TensorPlace& after,
                       size_t after_step, uint64_t count, const Look& look) {
  const auto block = static_cast<size_t>(std::min<uint64_t>(kBlockElements, count));
  std::vector<char> from(block * before_step), to(block * after_step);
  for (uint64_t done = 0; done < count;) {
    const size_t length = static_cast<size_t>(std::min<uint64_t>(kBlockElements, count - done));
    const std::span<char> from_block(from.data(), length * before_step);
    const std::span<char> to_block(to.data(), length * after_step);
    MREG_RETURN_IF_ERROR(ReadExactly(before, done * before_step, from_block));
    MREG_RETURN_IF_ERROR(ReadExactly(after, done * after_step, to_block));
    for (size_t at = 0; at < length; at += kPieceElements) {
      const size_t piece = std::min(kPieceElements, length - at);
      look(ByteView(from.data() + at * before_step, piece * before_step),
           ByteView(to.data() + at * after_step, piece * after_step), piece);
    }
    done += length;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> AreEqual(const TensorPlace& before, const TensorPlace& after) {
  if (before.length != after.length) return false;
  if (!before.identity.empty() && before.identity == after.identity) return true;
  const auto block = static_cast<size_t>(std::min<uint64_t>(kBlockBytes, before.length));
  std::vector<char> from(block), to(block);
  for (uint64_t done = 0; done < before.length; done += kBlockBytes) {
    const auto length = static_cast<size_t>(std::min<uint64_t>(kBlockBytes, before.length - done));
    MREG_RETURN_IF_ERROR(ReadExactly(before, done, {from.data(), length}));
    MREG_RETURN_IF_ERROR(ReadExactly(after, done, {to.data(), length}));
    if (std::memcmp(from.data(), to.data(), length) != 0) return false;
  }
  return true;
}

// Adds up what ChangeStatistics tells.
class Statistics {
 public:
  void AddBlock(const std::vector<double>& before, const std::vector<double>& after, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const double difference = std::abs(after[i] - before[i]);
      if (!std::isfinite(difference)) {
        ++told_.not_finite;
        continue;
      }
      told_.max = std::max(told_.max, difference);
      sum_ += difference;
      squares_ += difference * difference;
      before_squares_ += before[i] * before[i];
    }
    told_.elements += count;
  }
  void CountChanged(uint64_t changed) { told_.changed += changed; }

  ChangeStatistics Finish() {
    const uint64_t finite = told_.elements - told_.not_finite;
    if (finite > 0) told_.mean = sum_ / static_cast<double>(finite);
    if (before_squares_ > 0) told_.relative = std::sqrt(squares_ / before_squares_);
    return told_;
  }

 private:
  ChangeStatistics told_;
  double sum_ = 0, squares_ = 0, before_squares_ = 0;
};

uint64_t CountDifferent(ByteView before, ByteView after, size_t step) {
  uint64_t changed = 0;
  for (size_t i = 0; i < before.size(); i += step) {
    changed += std::memcmp(before.data() + i, after.data() + i, step) != 0;
  }
  return changed;
}

uint64_t CountDifferent(const std::vector<double>& before, const std::vector<double>& after,
                        size_t count) {
  uint64_t changed = 0;
  for (size_t i = 0; i < count; ++i) {
    changed += !(before[i] == after[i] || (std::isnan(before[i]) && std::isnan(after[i])));
  }
  return changed;
}

// Whether all but the number of rows is the same.
bool HaveSameRows(const std::vector<int64_t>& before, const std::vector<int64_t>& after) {
  return before == after || (before.size() == after.size() &&
                             std::equal(before.begin() + 1, before.end(), after.begin() + 1));
}

bool IsWhole(const TensorRecord& tensor, const TensorPlace& place, size_t element_bytes) {
  return element_bytes > 0 && place.length % element_bytes == 0 &&
         place.length / element_bytes == ElementCount(tensor.dims);
}

// Nothing where the values cannot be compared one by one.
absl::StatusOr<std::optional<ChangeStatistics>> Measure(const TensorPair& pair,
                                                        const TensorPlace& before,
                                                        const TensorPlace& after) {
  const TensorRecord& from = *pair.before;
  const TensorRecord& to = *pair.after;
  const size_t from_step = ValueBytes(from.type), to_step = ValueBytes(to.type);
  if (!HaveSameRows(from.dims, to.dims)) return std::nullopt;
  if (!IsWhole(from, before, from_step) || !IsWhole(to, after, to_step)) return std::nullopt;
  const uint64_t count = std::min(before.length / from_step, after.length / to_step);
  Statistics statistics;
  const auto piece = static_cast<size_t>(std::min<uint64_t>(kPieceElements, count));
  std::vector<double> from_values(piece), to_values(piece);
  const absl::Status status =
      ForBlocks(before, from_step, after, to_step, count,
                [&](ByteView from_bytes, ByteView to_bytes, size_t length) {
                  DecodeValues(from.type, from_bytes, {from_values.data(), length});
                  DecodeValues(to.type, to_bytes, {to_values.data(), length});
                  statistics.AddBlock(from_values, to_values, length);
                  statistics.CountChanged(from.type == to.type
                                              ? CountDifferent(from_bytes, to_bytes, from_step)
                                              : CountDifferent(from_values, to_values, length));
                });
  MREG_RETURN_IF_ERROR(status);
  return statistics.Finish();
}

// What is known of a pair when it was looked at; nothing: equal, of the same name.
absl::StatusOr<std::optional<TensorChange>> Look(const TensorPair& pair, const PlaceTensor& before,
                                                 const PlaceTensor& after) {
  using Kind = TensorChange::Kind;
  if (pair.before == nullptr) return TensorChange{Kind::kAdded, pair, std::nullopt};
  if (pair.after == nullptr) return TensorChange{Kind::kRemoved, pair, std::nullopt};
  TensorChange change{Kind::kChanged, pair, std::nullopt};
  MREG_ASSIGN_OR_RETURN(const auto from, before(*pair.before));
  MREG_ASSIGN_OR_RETURN(const auto to, after(*pair.after));
  const bool is_alike =
      pair.before->type == pair.after->type && pair.before->dims == pair.after->dims;
  if (!from || !to) {
    if (is_alike) change.kind = Kind::kUnknown;
    return change;
  }
  if (is_alike && HasPlainPayload(*pair.before) == HasPlainPayload(*pair.after)) {
    MREG_ASSIGN_OR_RETURN(const bool are_equal, AreEqual(*from, *to));
    if (are_equal && pair.name == pair.name_before) return std::nullopt;
    if (are_equal) {
      change.kind = Kind::kRenamed;
      return change;
    }
  }
  const auto is_plain = [](const TensorRecord& tensor) {
    return tensor.is_external || HasPlainPayload(tensor);
  };
  if (is_plain(*pair.before) && is_plain(*pair.after)) {
    MREG_ASSIGN_OR_RETURN(change.statistics, Measure(pair, *from, *to));
  }
  return change;
}

absl::StatusOr<std::string> HashOf(const TensorPlace& place) {
  Sha256 hash;
  std::vector<char> block(static_cast<size_t>(std::min<uint64_t>(kBlockBytes, place.length)));
  for (uint64_t done = 0; done < place.length; done += kBlockBytes) {
    const auto length = static_cast<size_t>(std::min<uint64_t>(kBlockBytes, place.length - done));
    MREG_RETURN_IF_ERROR(ReadExactly(place, done, {block.data(), length}));
    hash.Update({block.data(), length});
  }
  return std::string(hash.Finish());
}

// Pairs what is left on both sides and has the same type, shape and bytes.
class Rejoiner {
 public:
  Rejoiner(const PlaceTensor& before, const PlaceTensor& after) : before_(before), after_(after) {}

  absl::StatusOr<std::vector<TensorPair>> Rejoin(std::vector<TensorPair> pairs) {
    for (size_t i = 0; i < pairs.size(); ++i) {
      const TensorPair& pair = pairs[i];
      if (pair.before != nullptr && pair.after != nullptr) continue;
      Group& group = groups_[KeyOf(pair.before != nullptr ? *pair.before : *pair.after)];
      (pair.before != nullptr ? group.before : group.after).push_back(i);
    }
    for (const auto& [key, group] : groups_) {
      if (group.before.empty() || group.after.empty()) continue;
      MREG_RETURN_IF_ERROR(RejoinGroup(group, pairs));
    }
    std::erase_if(pairs, [](const TensorPair& pair) {
      return pair.before == nullptr && pair.after == nullptr;
    });
    return pairs;
  }

 private:
  using Key = std::tuple<DataType, std::vector<int64_t>, uint64_t>;
  struct Group {
    std::vector<size_t> before, after;
  };

  static Key KeyOf(const TensorRecord& tensor) {
    return {tensor.type, tensor.dims, tensor.payload.size()};
  }

  absl::Status RejoinGroup(const Group& group, std::vector<TensorPair>& pairs) {
    std::multimap<std::string, size_t> removed;
    for (const size_t i : group.before) {
      MREG_ASSIGN_OR_RETURN(const auto place, before_(*pairs[i].before));
      if (!place) continue;
      MREG_ASSIGN_OR_RETURN(std::string hash, HashOf(*place));
      removed.emplace(std::move(hash), i);
    }
    for (const size_t i : group.after) {
      MREG_ASSIGN_OR_RETURN(const auto place, after_(*pairs[i].after));
      if (!place || removed.empty()) continue;
      MREG_ASSIGN_OR_RETURN(const std::string hash, HashOf(*place));
      const auto found = removed.find(hash);
      if (found == removed.end()) continue;
      TensorPair& gone = pairs[found->second];
      pairs[i].before = std::exchange(gone.before, nullptr);
      pairs[i].name_before = gone.name_before;
      removed.erase(found);
    }
    return absl::OkStatus();
  }

  const PlaceTensor& before_;
  const PlaceTensor& after_;
  std::map<Key, Group> groups_;
};

uint64_t ComparedElements(const TensorPair& pair, const std::optional<TensorChange>& change) {
  if (change && change->statistics) return change->statistics->elements;
  const bool is_equal = !change || change->kind == TensorChange::Kind::kRenamed;
  return is_equal ? ElementCount(pair.after->dims) : 0;
}

}  // namespace

std::optional<TensorPlace> PlaceInModel(const ReadableFile& file, const TensorRecord& tensor) {
  if (tensor.is_external || tensor.payload_fields > 1) return std::nullopt;
  if (tensor.payload_fields == 0) return TensorPlace{&file, 0, 0, ""};
  return TensorPlace{&file, tensor.payload.begin, tensor.payload.size(), ""};
}

absl::StatusOr<TensorDiff> DiffTensors(const std::vector<TensorPair>& pairs,
                                       const PlaceTensor& before, const PlaceTensor& after) {
  MREG_ASSIGN_OR_RETURN(const std::vector<TensorPair> all, Rejoiner(before, after).Rejoin(pairs));
  std::vector<absl::StatusOr<std::optional<TensorChange>>> looks(all.size(), std::nullopt);
  std::atomic<size_t> next = 0;
  {
    ThreadPool pool(DefaultThreadCount());
    for (size_t i = 0; i < pool.size(); ++i) {
      pool.Schedule([&] {
        for (size_t at; (at = next++) < all.size();) looks[at] = Look(all[at], before, after);
      });
    }
  }
  TensorDiff diff;
  for (size_t i = 0; i < all.size(); ++i) {
    MREG_ASSIGN_OR_RETURN(std::optional<TensorChange> change, std::move(looks[i]));
    if (all[i].after != nullptr) ++diff.tensors;
    const uint64_t compared = ComparedElements(all[i], change);
    diff.elements += std::min(compared, std::numeric_limits<uint64_t>::max() - diff.elements);
    if (!change) continue;
    if (change->statistics) diff.changed_elements += change->statistics->changed;
    diff.changes.push_back(*std::move(change));
  }
  return diff;
}

}  // namespace mreg::onnx
