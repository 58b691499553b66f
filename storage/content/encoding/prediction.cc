#include "storage/content/encoding/prediction.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "storage/content/encoding/element.h"
#include "storage/content/encoding/floats.h"
#include "storage/content/encoding/frame.h"
#include "storage/content/encoding/planes.h"

namespace mreg::encoding {
namespace {

constexpr onnx::DataType kFloat = 1, kUint8 = 2, kInt8 = 3, kInt4 = 22;  // TensorProto.DataType
constexpr Element kScale{4, 8, 23};                                      // how scales are kept
constexpr size_t kLineSize = 8, kGroupingBytes = 16;
constexpr int kMostZeroPoint = 256;
// A rule that fails for more of the elements than this is none.
constexpr double kMaxMisses = 0.25;
// Levels go along with their values, whatever the groups' scales are; other numbers do not.
constexpr double kLeastCorrelation = 0.3;
constexpr size_t kSampleElements = 64 << 10;  // by which groupings are compared
constexpr size_t kSampleOfGroup = 16;
constexpr double kGoodEnough = 0.002;               // misses at which no other grouping is tried
constexpr double kMissBytes = 1.5, kLineBytes = 3;  // what they cost, about

absl::Status Broken() { return absl::DataLossError("an encoded chunk is damaged"); }

bool IsShortFloat(onnx::DataType type) { return IsFloat(type) && type != kFloat; }

// What there is to find lines from. Levels and values are as many.
struct Pair {
  std::span<const int16_t> levels;
  std::span<const float> values;
  Pair First(size_t count) const { return {levels.first(count), values.first(count)}; }
};

double Correlation(const Pair& pair) {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < pair.values.size(); ++i) {
    const double value = pair.values[i], level = pair.levels[i];
    if (!std::isfinite(value)) continue;
    n += 1, x += value, y += level, xx += value * value, yy += level * level, xy += value * level;
  }
  const double spread = (n * xx - x * x) * (n * yy - y * y);
  return spread > 0 ? std::abs(n * xy - x * y) / std::sqrt(spread) : 0;
}

// Finds rule.lines and the share of elements for which they fail.
double FitQuantisation(const Pair& pair, Rule& rule) {
  rule.lines = FitLines(pair.levels, rule.to, pair.values, rule.grouping);
  std::vector<int16_t> levels(pair.levels.size());
  Quantise(pair.values, rule.grouping, rule.lines, rule.to, levels);
  size_t misses = 0;
  for (size_t i = 0; i < levels.size(); ++i) misses += levels[i] != pair.levels[i];
  return static_cast<double>(misses) / static_cast<double>(levels.size());
}
// What the rounding to a shorter float may change of a product.
float DoubtOf(float value, onnx::DataType to) { return to == kFloat ? 0 : std::abs(value) / 128; }
double FitDequantisation(const Pair& pair, Rule& rule) {
  rule.lines = FitProducts(pair.levels, rule.from, pair.values, rule.grouping);
  std::vector<float> values(pair.values.size());
  Dequantise(pair.levels, rule.grouping, rule.lines, values);
  size_t misses = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    misses += !(std::abs(values[i] - pair.values[i]) <= DoubtOf(values[i], rule.to));
  }
  return static_cast<double>(misses) / static_cast<double>(values.size());
}

double FitGrid(std::span<const float> values, std::span<const float> base, Rule& rule) {
  if (!MayBeGrid(values, rule.grouping)) return 1;
  rule.lines = FitGridLines(values, rule.grouping);
  std::vector<float> near(values.size());
  ToGrid(base, rule.grouping, rule.lines, near);
  size_t misses = 0;
  for (size_t i = 0; i < near.size(); ++i) {
    misses += !(std::abs(near[i] - values[i]) <= DoubtOf(near[i], rule.to));
  }
  return static_cast<double>(misses) / static_cast<double>(values.size());
}

// Whether levels and values have to do with each other, whatever the scales.
bool GoTogether(const Pair& pair) {
  const size_t count = std::min(pair.values.size(), kSampleElements);
  return Correlation(pair.First(count)) >= kLeastCorrelation;
}

// Of the usual groupings the one that costs least with its best lines. `fit` finds those from the
// first so many of the `count` elements, and says for what share of them they fail.
template <typename Fit>
std::optional<Rule> FindGroups(size_t count, Rule rule, const Place& place, const Fit& fit) {
  double least = std::numeric_limits<double>::max();
  Grouping best;
  for (const Grouping& grouping : UsualGroupings(place.dims, place.first, count)) {
    rule.grouping = grouping;
    const size_t groups = GroupCount(grouping, count);
    const size_t sample = std::min(count, std::max(kSampleElements, kSampleOfGroup * groups));
    if (GroupCount(grouping, sample) == 0) continue;
    const double misses = fit(sample, rule);
    const double cost =
        misses * kMissBytes + kLineBytes * static_cast<double>(groups) / static_cast<double>(count);
    if (cost < least) least = cost, best = grouping;
    if (groups == 1 && misses < kGoodEnough) break;
  }
  rule.grouping = best;
  if (fit(count, rule) > kMaxMisses) return std::nullopt;
  return rule;
}

std::optional<Rule> FindQuantisation(ByteView plain, ByteView base, Rule rule, const Place& place) {
  const std::vector<int16_t> levels = UnpackLevels(plain, rule.to);
  const std::vector<float> values = ToFloats(base, rule.from);
  const Pair pair = Pair{levels, std::span(values).subspan(rule.skip)}.First(rule.count);
  if (!GoTogether(pair)) return std::nullopt;
  rule.kind = Rule::Kind::kQuantiseGroups;
  auto found = FindGroups(rule.count, std::move(rule), place, [&](size_t count, Rule& tried) {
    return FitQuantisation(pair.First(count), tried);
  });
  if (found && found->lines.size() == 1 && found->skip == 0 && found->lines[0].scale > 0) {
    found->kind = Rule::Kind::kQuantise;
  }
  return found;
}

std::optional<Rule> FindDequantisation(ByteView plain, ByteView base, Rule rule,
                                       const Place& place) {
  const std::vector<int16_t> levels = UnpackLevels(base, rule.from);
  const std::vector<float> values = ToFloats(plain, rule.to);
  const Pair pair = Pair{std::span(levels).subspan(rule.skip), values}.First(rule.count);
  if (!GoTogether(pair)) return std::nullopt;
  rule.kind = Rule::Kind::kDequantiseGroups;
  return FindGroups(rule.count, std::move(rule), place, [&](size_t count, Rule& tried) {
    return FitDequantisation(pair.First(count), tried);
  });
}

// Types whose numbers are those of the levels' zero points, a byte each.
onnx::DataType ZeroPointType(onnx::DataType levels) {
  return levels == kInt8 || levels == kInt4 ? kInt8 : kUint8;
}

bool IsScale(float scale) { return std::isfinite(scale) && scale != 0; }

void AppendScales(const Rule& rule, Bytes& out) {
  for (const uint32_t number :
       {rule.grouping.run, rule.grouping.width, rule.grouping.block, rule.grouping.first}) {
    AppendU32Le(out, number);
  }
  std::vector<float> scales;
  for (const Line& line : rule.lines) scales.push_back(line.scale);
  AppendPlanes(FromFloats(scales, kFloat), kScale, out);
}

void AppendGroups(const Rule& rule, onnx::DataType levels, Bytes& out) {
  AppendScales(rule, out);
  std::vector<int16_t> zero_points;
  for (const Line& line : rule.lines) {
    zero_points.push_back(static_cast<int16_t>(line.zero_point));
  }
  AppendFrame(PackLevels(zero_points, ZeroPointType(levels)), out);
}

absl::Status TakeScales(ByteView& in, Rule& rule) {
  if (in.size() < kGroupingBytes) return Broken();
  rule.grouping = {ReadU32Le(in), ReadU32Le(in.substr(4)), ReadU32Le(in.substr(8)),
                   ReadU32Le(in.substr(12))};
  in.remove_prefix(kGroupingBytes);
  const uint64_t groups = GroupCount(rule.grouping, rule.count);
  if (groups == 0) return Broken();
  std::vector<float> scales(groups);
  MREG_RETURN_IF_ERROR(TakePlanes(
      in, kScale, std::span(reinterpret_cast<char*>(scales.data()), groups * sizeof(float))));
  for (const float scale : scales) {
    if (!IsScale(scale)) return Broken();
    rule.lines.push_back({scale, 0});
  }
  return absl::OkStatus();
}

absl::Status TakeGroups(ByteView& in, onnx::DataType levels, Rule& rule) {
  MREG_RETURN_IF_ERROR(TakeScales(in, rule));
  Bytes bytes(rule.lines.size(), '\0');
  MREG_RETURN_IF_ERROR(TakeFrame(in, bytes));
  const std::vector<int16_t> zero_points = UnpackLevels(bytes, ZeroPointType(levels));
  for (size_t group = 0; group < rule.lines.size(); ++group) {
    rule.lines[group].zero_point = zero_points[group];
  }
  return absl::OkStatus();
}

// The one line of a rule without groups; a rounding has it too, and does not look at it.
absl::Status TakeLine(ByteView& in, Rule& rule) {
  if (in.size() < kLineSize) return Broken();
  rule.lines = {
      {std::bit_cast<float>(ReadU32Le(in)), static_cast<int32_t>(ReadU32Le(in.substr(4)))}};
  in.remove_prefix(kLineSize);
  const Line& line = rule.lines[0];
  const bool is_valid =
      IsScale(line.scale) && line.scale > 0 && std::abs(int64_t{line.zero_point}) <= kMostZeroPoint;
  return is_valid || rule.kind == Rule::Kind::kRound ? absl::OkStatus() : Broken();
}

bool HasSkip(Rule::Kind kind) {
  return kind == Rule::Kind::kDequantiseGroups || kind == Rule::Kind::kWiden ||
         kind == Rule::Kind::kGrid;
}

// One of a kind to be decided, for the elements that both have. Nothing if there are none.
std::optional<Rule> RuleFor(ByteView plain, onnx::DataType to, ByteView base, onnx::DataType from,
                            const Place& place) {
  Rule rule{Rule::Kind::kRound, from, to};
  const uint64_t there = CountElements(from, base.size());
  if (place.skip >= there) return std::nullopt;
  rule.skip = place.skip;
  rule.count = static_cast<uint32_t>(std::min(CountElements(to, plain.size()), there - place.skip));
  return rule.count == 0 ? std::nullopt : std::optional(rule);
}

// Whether a rule of that kind leads from the one type to the other.
bool Leads(Rule::Kind kind, onnx::DataType from, onnx::DataType to) {
  switch (kind) {
    case Rule::Kind::kRound:
      return from == kFloat && IsShortFloat(to);
    case Rule::Kind::kQuantise:
    case Rule::Kind::kQuantiseGroups:
      return IsFloat(from) && IsQuantised(to);
    case Rule::Kind::kDequantiseGroups:
      return IsQuantised(from) && IsFloat(to);
    case Rule::Kind::kWiden:
      return IsShortFloat(from) && to == kFloat;
    case Rule::Kind::kGrid:
      return IsFloat(from) && IsFloat(to);
  }
  return false;
}

}  // namespace

bool CanFollow(onnx::DataType from, onnx::DataType to) {
  return Leads(Rule::Kind::kRound, from, to) || Leads(Rule::Kind::kQuantise, from, to) ||
         Leads(Rule::Kind::kDequantiseGroups, from, to) || Leads(Rule::Kind::kWiden, from, to);
}

std::optional<Rule> FindRule(ByteView plain, onnx::DataType to, ByteView base, onnx::DataType from,
                             const Place& place) {
  if (!CanFollow(from, to)) return std::nullopt;
  auto rule = RuleFor(plain, to, base, from, place);
  if (!rule) return std::nullopt;
  if (IsQuantised(from)) return FindDequantisation(plain, base, *rule, place);
  if (IsQuantised(to)) {
    return rule->skip == 0 ? FindQuantisation(plain, base, *rule, place) : std::nullopt;
  }
  rule->kind = to == kFloat ? Rule::Kind::kWiden : Rule::Kind::kRound;
  rule->lines = {{}};
  return rule;
}

std::optional<Rule> FindGrid(ByteView plain, onnx::DataType to, ByteView base, onnx::DataType from,
                             const Place& place) {
  if (!IsFloat(from) || !IsFloat(to)) return std::nullopt;
  auto rule = RuleFor(plain, to, base, from, place);
  if (!rule) return std::nullopt;
  rule->kind = Rule::Kind::kGrid;
  const std::vector<float> values = ToFloats(plain, to);
  const auto tried_values = std::span(values).first(rule->count);
  const auto groupings = UsualGroupings(place.dims, place.first, rule->count);
  if (std::ranges::none_of(
          groupings, [&](const Grouping& grouping) { return MayBeGrid(tried_values, grouping); })) {
    return std::nullopt;
  }
  const std::vector<float> before = ToFloats(base, from);
  const auto tried_before = std::span(before).subspan(rule->skip, rule->count);
  return FindGroups(rule->count, *std::move(rule), place, [&](size_t count, Rule& tried) {
    return FitGrid(tried_values.first(count), tried_before.first(count), tried);
  });
}

Bytes Predict(ByteView base, const Rule& rule) {
  if (rule.kind == Rule::Kind::kDequantiseGroups) {
    const std::vector<int16_t> levels = UnpackLevels(base, rule.from);
    std::vector<float> values(rule.count);
    Dequantise(std::span(levels).subspan(rule.skip, rule.count), rule.grouping, rule.lines, values);
    return FromFloats(values, rule.to);
  }
  const size_t width = ElementOf(rule.from)->width;
  const std::vector<float> values =
      ToFloats(base.substr(rule.skip * width, rule.count * width), rule.from);
  if (rule.kind == Rule::Kind::kGrid) {
    std::vector<float> near(rule.count);
    ToGrid(values, rule.grouping, rule.lines, near);
    return FromFloats(near, rule.to);
  }
  if (!IsQuantised(rule.to)) return FromFloats(values, rule.to);
  std::vector<int16_t> levels(rule.count);
  Quantise(values, rule.grouping, rule.lines, rule.to, levels);
  return PackLevels(levels, rule.to);
}

void AppendRule(const Rule& rule, Bytes& out) {
  out.push_back(static_cast<char>(rule.kind));
  out.push_back(static_cast<char>(rule.from));
  out.push_back(static_cast<char>(rule.to));
  if (HasSkip(rule.kind)) AppendU32Le(out, rule.skip);
  switch (rule.kind) {
    case Rule::Kind::kRound:
    case Rule::Kind::kQuantise:
      AppendU32Le(out, std::bit_cast<uint32_t>(rule.lines[0].scale));
      AppendU32Le(out, static_cast<uint32_t>(rule.lines[0].zero_point));
      return;
    case Rule::Kind::kQuantiseGroups:
      return AppendGroups(rule, rule.to, out);
    case Rule::Kind::kDequantiseGroups:
      return AppendGroups(rule, rule.from, out);
    case Rule::Kind::kGrid:
      return AppendScales(rule, out);
    case Rule::Kind::kWiden:
      return;
  }
}

absl::StatusOr<Rule> TakeRuleHead(ByteView& in) {
  if (in.size() < 3) return Broken();
  Rule rule{static_cast<Rule::Kind>(in[0]), static_cast<unsigned char>(in[1]),
            static_cast<unsigned char>(in[2])};
  in.remove_prefix(3);
  if (!Leads(rule.kind, rule.from, rule.to)) return Broken();
  if (HasSkip(rule.kind)) {
    if (in.size() < 4) return Broken();
    rule.skip = ReadU32Le(in);
    in.remove_prefix(4);
  }
  return rule;
}

absl::StatusOr<Rule> TakeRule(ByteView& in, size_t plain_bytes, size_t base_bytes) {
  MREG_ASSIGN_OR_RETURN(Rule rule, TakeRuleHead(in));
  const uint64_t there = CountElements(rule.from, base_bytes);
  if (rule.skip > there) return Broken();
  rule.count =
      static_cast<uint32_t>(std::min(CountElements(rule.to, plain_bytes), there - rule.skip));
  switch (rule.kind) {
    case Rule::Kind::kRound:
    case Rule::Kind::kQuantise:
      MREG_RETURN_IF_ERROR(TakeLine(in, rule));
      break;
    case Rule::Kind::kQuantiseGroups:
      MREG_RETURN_IF_ERROR(TakeGroups(in, rule.to, rule));
      break;
    case Rule::Kind::kDequantiseGroups:
      MREG_RETURN_IF_ERROR(TakeGroups(in, rule.from, rule));
      break;
    case Rule::Kind::kGrid:
      MREG_RETURN_IF_ERROR(TakeScales(in, rule));
      break;
    case Rule::Kind::kWiden:
      break;
  }
  return rule;
}

}  // namespace mreg::encoding
