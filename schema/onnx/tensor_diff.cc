#include "schema/onnx/tensor_diff.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "schema/base/status.h"
#include "schema/base/thread_pool.h"
#include "schema/onnx/dequantiser.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/tensor_rejoin.h"
#include "schema/onnx/tensor_values.h"

namespace mreg::onnx {
namespace {

// As much as a chunk of a stored file and more: one that is read in parts is decoded for each.
constexpr size_t kBlockElements = 1 << 20;
constexpr size_t kBlockBytes = 1 << 20;
constexpr size_t kPieceElements = 32 << 10;  // that are decoded at once

// Calls `look` with both sides' bytes, piece by piece, and the number of the first element.
template <typename Look>
absl::Status ForBlocks(const TensorPlace& before, size_t before_bits, const TensorPlace& after,
                       size_t after_bits, uint64_t count, const Look& look) {
  const auto block = static_cast<size_t>(std::min<uint64_t>(kBlockElements, count));
  std::vector<char> from(BytesOf(block, before_bits)), to(BytesOf(block, after_bits));
  for (uint64_t done = 0; done < count;) {
    const size_t length = static_cast<size_t>(std::min<uint64_t>(kBlockElements, count - done));
    const std::span<char> from_block(from.data(), BytesOf(length, before_bits));
    const std::span<char> to_block(to.data(), BytesOf(length, after_bits));
    MREG_RETURN_IF_ERROR(before.Read(BytesOf(done, before_bits), from_block));
    MREG_RETURN_IF_ERROR(after.Read(BytesOf(done, after_bits), to_block));
    for (size_t at = 0; at < length; at += kPieceElements) {
      const size_t piece = std::min(kPieceElements, length - at);
      look(done + at, ByteView(from.data() + BytesOf(at, before_bits), BytesOf(piece, before_bits)),
           ByteView(to.data() + BytesOf(at, after_bits), BytesOf(piece, after_bits)), piece);
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
    MREG_RETURN_IF_ERROR(before.Read(done, {from.data(), length}));
    MREG_RETURN_IF_ERROR(after.Read(done, {to.data(), length}));
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

// Makes values of elements, also of levels.
class ValuesOf {
 public:
  // Nothing if it is not known what the levels stand for.
  static absl::StatusOr<std::optional<ValuesOf>> Make(
      const TensorRecord& tensor, const std::optional<Quantisation>& quantisation,
      const PlaceTensor& place) {
    ValuesOf values(tensor.type);
    if (!quantisation) return values;
    MREG_ASSIGN_OR_RETURN(values.dequantiser_, Dequantiser::Make(tensor, *quantisation, place));
    if (!values.dequantiser_) return std::nullopt;
    return values;
  }

  void Decode(uint64_t first, ByteView bytes, std::span<double> values) const {
    DecodeValues(type_, bytes, values);
    if (dequantiser_) dequantiser_->Apply(first, values);
  }

 private:
  explicit ValuesOf(DataType type) : type_(type) {}

  DataType type_;
  std::optional<Dequantiser> dequantiser_;
};

// Nothing where the values cannot be compared one by one.
absl::StatusOr<std::optional<ChangeStatistics>> Measure(const TensorPair& pair,
                                                        const TensorPlace& before,
                                                        const TensorPlace& after,
                                                        const ValuesOf& from_values,
                                                        const ValuesOf& to_values) {
  const size_t from_bits = NumberBits(*pair.before, before);
  const size_t to_bits = NumberBits(*pair.after, after);
  if (!HaveSameRows(pair.before->dims, pair.after->dims)) return std::nullopt;
  if (from_bits == 0 || to_bits == 0) return std::nullopt;
  const uint64_t count = std::min(ElementCount(pair.before->dims), ElementCount(pair.after->dims));
  const bool are_same_bytes = pair.before->type == pair.after->type && from_bits % 8 == 0;
  Statistics statistics;
  const auto piece = static_cast<size_t>(std::min<uint64_t>(kPieceElements, count));
  std::vector<double> from(piece), to(piece);
  const absl::Status status = ForBlocks(
      before, from_bits, after, to_bits, count,
      [&](uint64_t first, ByteView from_bytes, ByteView to_bytes, size_t length) {
        from_values.Decode(first, from_bytes, {from.data(), length});
        to_values.Decode(first, to_bytes, {to.data(), length});
        statistics.AddBlock(from, to, length);
        statistics.CountChanged(are_same_bytes ? CountDifferent(from_bytes, to_bytes, from_bits / 8)
                                               : CountDifferent(from, to, length));
      });
  MREG_RETURN_IF_ERROR(status);
  return statistics.Finish();
}

bool IsPlain(const TensorRecord& tensor) { return tensor.is_external || HasPlainPayload(tensor); }

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
  if (is_alike && IsPlain(*pair.before) == IsPlain(*pair.after)) {
    MREG_ASSIGN_OR_RETURN(const bool are_equal, AreEqual(*from, *to));
    if (are_equal && pair.name == pair.name_before) return std::nullopt;
    if (are_equal) {
      change.kind = Kind::kRenamed;
      return change;
    }
  }
  // Levels are compared as such where only of one side it is known what they stand for.
  const bool are_levels =
      pair.before->type == pair.after->type && !(pair.quantised_before && pair.quantised_after);
  const auto quantisation = [&](const std::optional<Quantisation>& known) {
    return are_levels ? std::nullopt : known;
  };
  MREG_ASSIGN_OR_RETURN(const auto from_values,
                        ValuesOf::Make(*pair.before, quantisation(pair.quantised_before), before));
  MREG_ASSIGN_OR_RETURN(const auto to_values,
                        ValuesOf::Make(*pair.after, quantisation(pair.quantised_after), after));
  if (from_values && to_values) {
    MREG_ASSIGN_OR_RETURN(change.statistics, Measure(pair, *from, *to, *from_values, *to_values));
  }
  return change;
}

uint64_t ComparedElements(const TensorPair& pair, const std::optional<TensorChange>& change) {
  if (change && change->statistics) return change->statistics->elements;
  const bool is_equal = !change || change->kind == TensorChange::Kind::kRenamed;
  return is_equal ? ElementCount(pair.after->dims) : 0;
}

}  // namespace

absl::StatusOr<TensorDiff> DiffTensors(const std::vector<TensorPair>& pairs,
                                       const PlaceTensor& before, const PlaceTensor& after) {
  MREG_ASSIGN_OR_RETURN(const std::vector<TensorPair> all, RejoinTensors(pairs, before, after));
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
