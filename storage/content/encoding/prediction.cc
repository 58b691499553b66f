#include "storage/content/encoding/prediction.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "schema/base/coding.h"
#include "storage/content/encoding/element.h"

namespace mreg::encoding {
namespace {

// TensorProto.DataType
constexpr onnx::DataType kFloat = 1, kUint8 = 2, kInt8 = 3, kFloat16 = 10, kBfloat16 = 16;
constexpr size_t kRuleBytes = 11;
// A rule that fails for more of the elements than this is none.
constexpr double kMaxMisses = 0.25;
constexpr size_t kSampleElements = 64 << 10;  // that a line is put through
constexpr float kMostSteps = 1024;
constexpr int kMostZeroPoint = 256;

uint16_t Load16(ByteView bytes, size_t i) {
  uint16_t word;
  std::memcpy(&word, bytes.data() + 2 * i, 2);
  return word;
}

float FromHalf(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | (magnitude << 13));
  if (magnitude >= 0x0400) return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(subnormal) | sign);
}

// To nearest even. NaN keeps the upper bits of its payload, and stays one.
uint16_t ToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return static_cast<uint16_t>(sign | 0x7c00u | 0x200u | ((magnitude >> 13) & 0x3ffu));
  }
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);
  if (magnitude >= 0x38800000u) {
    const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
  }
  // Adding .5 puts the last kept bit of a subnormal at the float's last bit.
  const float sum = std::bit_cast<float>(magnitude) + 0.5f;
  return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(sum) - 0x3f000000u));
}

uint16_t ToBfloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

std::vector<float> ToFloats(ByteView base, onnx::DataType type) {
  std::vector<float> floats(base.size() / (type == kFloat ? 4 : 2));
  if (type == kFloat) {
    std::memcpy(floats.data(), base.data(), floats.size() * 4);
    return floats;
  }
  for (size_t i = 0; i < floats.size(); ++i) {
    const uint16_t word = Load16(base, i);
    floats[i] = type == kFloat16 ? FromHalf(word) : std::bit_cast<float>(uint32_t{word} << 16);
  }
  return floats;
}

int Lowest(onnx::DataType type) { return type == kInt8 ? -128 : 0; }
int Highest(onnx::DataType type) { return type == kInt8 ? 127 : 255; }

int Quantised(float value, const Rule& rule) {
  // Beyond this everything is clamped. Written so that NaN becomes the lowest.
  const float steps = value / rule.scale;
  const float near = steps > -kMostSteps ? std::min(steps, kMostSteps) : -kMostSteps;
  // Adding this leaves no bits behind the point: rounding as IEEE 754 has it, without a call.
  constexpr float kRounder = 0x1.8p23f;
  const int level = static_cast<int>(near + kRounder - kRounder) + rule.zero_point;
  return std::clamp(level, Lowest(rule.to), Highest(rule.to));
}

int LevelOf(ByteView plain, size_t i, onnx::DataType type) {
  return type == kInt8 ? static_cast<signed char>(plain[i]) : static_cast<unsigned char>(plain[i]);
}

bool IsInside(int level, onnx::DataType type) {
  return level > Lowest(type) && level < Highest(type);
}

// Least squares of level = value / scale + zero_point over what was not clamped.
std::optional<Rule> FitLine(ByteView plain, const std::vector<float>& values, Rule rule) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int level = LevelOf(plain, i, rule.to);
    if (!IsInside(level, rule.to) || !std::isfinite(values[i])) continue;
    const double value = values[i];
    n += 1, x += value, y += level, xx += value * value, xy += value * level;
  }
  const double spread = n * xx - x * x;
  if (!(spread > 0)) return std::nullopt;
  const double slope = (n * xy - x * y) / spread;
  const double zero_point = (y - slope * x) / n;
  if (!(slope > 0) || !(std::abs(zero_point) <= kMostZeroPoint)) return std::nullopt;
  rule.scale = static_cast<float>(1 / slope);
  rule.zero_point = static_cast<int32_t>(std::lround(zero_point));
  return rule;
}

// A level says between which values its element was, so between which scales the scale is. The
// line's own is good to some 1e-4, where this leaves next to no doubt.
void NarrowScale(ByteView plain, const std::vector<float>& values, Rule& rule) {
  const double near = rule.scale;
  double low = near * 0.99, high = near * 1.01;
  for (size_t i = 0; i < values.size(); ++i) {
    const int level = LevelOf(plain, i, rule.to);
    const int steps = std::abs(level - rule.zero_point);
    if (!IsInside(level, rule.to) || steps == 0) continue;
    const double value = std::abs(static_cast<double>(values[i]));
    const double at_least = value / (steps + 0.5), at_most = value / (steps - 0.5);
    // An element that was computed in another way says nothing.
    if (at_least > low && at_least < high) low = at_least;
    if (at_most < high && at_most > low) high = at_most;
  }
  rule.scale = static_cast<float>((low + high) / 2);
}

double Misses(ByteView plain, const std::vector<float>& values, const Rule& rule) {
  size_t misses = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    misses += Quantised(values[i], rule) != LevelOf(plain, i, rule.to);
  }
  return static_cast<double>(misses) / static_cast<double>(values.size());
}

bool IsShortFloat(onnx::DataType type) { return type == kFloat16 || type == kBfloat16; }
bool IsQuantised(onnx::DataType type) { return type == kUint8 || type == kInt8; }

bool IsValid(const Rule& rule) {
  if (!CanFollow(rule.from, rule.to)) return false;
  if (rule.kind == Rule::Kind::kRound) return IsShortFloat(rule.to);
  return rule.kind == Rule::Kind::kQuantise && IsQuantised(rule.to) && rule.scale > 0 &&
         std::isfinite(rule.scale) && std::abs(int64_t{rule.zero_point}) <= kMostZeroPoint;
}

std::optional<Rule> FindQuantisation(ByteView plain, ByteView base, const Rule& form) {
  const size_t sample = std::min(plain.size(), kSampleElements) * (form.from == kFloat ? 4 : 2);
  std::vector<float> values = ToFloats(base.substr(0, sample), form.from);
  const auto fitted = FitLine(plain, values, form);
  if (!fitted) return std::nullopt;
  Rule narrowed = *fitted;
  NarrowScale(plain, values, narrowed);
  const double before = Misses(plain, values, *fitted), after = Misses(plain, values, narrowed);
  const Rule& best = after <= before ? narrowed : *fitted;
  if (std::min(before, after) > kMaxMisses || !IsValid(best)) return std::nullopt;
  return best;
}

}  // namespace

bool CanFollow(onnx::DataType from, onnx::DataType to) {
  if (from != kFloat && !IsShortFloat(from)) return false;
  return IsQuantised(to) || (from == kFloat && IsShortFloat(to));
}

std::optional<Rule> FindRule(ByteView plain, onnx::DataType to, ByteView base,
                             onnx::DataType from) {
  if (!CanFollow(from, to)) return std::nullopt;
  Rule rule{Rule::Kind::kRound, from, to};
  if (IsShortFloat(to)) return rule;
  rule.kind = Rule::Kind::kQuantise;
  return FindQuantisation(plain, base, rule);
}

Bytes Predict(ByteView base, const Rule& rule) {
  const std::vector<float> values = ToFloats(base, rule.from);
  if (rule.kind == Rule::Kind::kQuantise) {
    Bytes predicted(values.size(), '\0');
    for (size_t i = 0; i < values.size(); ++i) {
      predicted[i] = static_cast<char>(Quantised(values[i], rule));
    }
    return predicted;
  }
  Bytes predicted(2 * values.size(), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t word = rule.to == kFloat16 ? ToHalf(values[i]) : ToBfloat(values[i]);
    std::memcpy(predicted.data() + 2 * i, &word, 2);
  }
  return predicted;
}

void AppendRule(const Rule& rule, Bytes& out) {
  out.push_back(static_cast<char>(rule.kind));
  out.push_back(static_cast<char>(rule.from));
  out.push_back(static_cast<char>(rule.to));
  AppendU32Le(out, std::bit_cast<uint32_t>(rule.scale));
  AppendU32Le(out, static_cast<uint32_t>(rule.zero_point));
}

absl::StatusOr<Rule> TakeRule(ByteView& in) {
  const absl::Status broken = absl::DataLossError("an encoded chunk is damaged");
  if (in.size() < kRuleBytes) return broken;
  const Rule rule{static_cast<Rule::Kind>(in[0]), static_cast<unsigned char>(in[1]),
                  static_cast<unsigned char>(in[2]), std::bit_cast<float>(ReadU32Le(in.substr(3))),
                  static_cast<int32_t>(ReadU32Le(in.substr(7)))};
  in.remove_prefix(kRuleBytes);
  if (!IsValid(rule)) return broken;
  return rule;
}

}  // namespace mreg::encoding
