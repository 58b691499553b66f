#include "storage/content/encoding/quantisation.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace mreg::encoding {
namespace {

// TensorProto.DataType
constexpr onnx::DataType kUint8 = 2, kInt8 = 3, kUint4 = 21, kInt4 = 22;
constexpr float kMostSteps = 1024;
constexpr size_t kGridSample = 64, kLeastGridSample = 16;
constexpr int kMostStepsOfSmallest = 8;
constexpr uint32_t kBlocks[] = {16, 32, 64, 128, 256};

bool IsPacked(onnx::DataType type) { return type == kUint4 || type == kInt4; }

struct Range {
  int lowest, highest;
  bool Holds(int level) const { return level > lowest && level < highest; }  // and was not clamped
};
Range RangeOf(onnx::DataType type) {
  switch (type) {
    case kInt8:
      return {-128, 127};
    case kInt4:
      return {-8, 7};
    case kUint4:
      return {0, 15};
    default:
      return {0, 255};
  }
}

// Calls `visit` with every element's number and group. Divides once for each run of elements
// that are together or whose groups follow each other, not for each element.
template <typename Visit>
void ForEach(const Grouping& grouping, size_t elements, const Visit& visit) {
  const uint64_t run = grouping.run, width = grouping.width;
  const uint64_t block =
      grouping.block == 0 ? std::numeric_limits<uint64_t>::max() : grouping.block;
  const bool is_one = width == 1;  // in a block
  const uint64_t stretch = is_one ? block : run == 1 ? width : run;
  const size_t step = run == 1 && !is_one ? 1 : 0;
  for (uint64_t i = 0; i < elements;) {
    const uint64_t at = grouping.first + i;
    size_t group = at / block * width + at / run % width;
    const uint64_t end = i + std::min({elements - i, stretch - at % stretch, block - at % block});
    for (; i < end; ++i, group += step) visit(i, group);
  }
}

// In a smaller pattern if the elements do not reach the first group again.
Grouping Trimmed(uint64_t run, uint64_t width, uint64_t first, uint64_t elements) {
  const uint64_t in_run = first % run;
  const uint64_t touched = (in_run + elements + run - 1) / run;
  if (touched <= width) first = in_run;
  return {static_cast<uint32_t>(run), static_cast<uint32_t>(std::min(touched, width)), 0,
          static_cast<uint32_t>(first % (run * width))};
}

// In whole steps of a scale.
float Steps(float value, float scale) {
  // Beyond this everything is clamped. Written so that NaN becomes the lowest.
  const float steps = value / scale;
  const float near = steps > -kMostSteps ? std::min(steps, kMostSteps) : -kMostSteps;
  // Adding this leaves no bits behind the point: rounding as IEEE 754 has it, without a call.
  constexpr float kRounder = 0x1.8p23f;
  return near + kRounder - kRounder;
}

int Level(float value, const Line& line, const Range& range) {
  const int level = static_cast<int>(Steps(value, line.scale)) + line.zero_point;
  return std::clamp(level, range.lowest, range.highest);
}

// Least squares of level = value / scale + zero_point.
struct Sums {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  void Add(double value, double level) {
    n += 1, x += value, y += level, xx += value * value, xy += value * level;
  }
  // Scale 0 if there is none.
  Line Fit(const Range& range) const {
    const double spread = n * xx - x * x;
    const double slope = spread > 0 ? (n * xy - x * y) / spread : 0;
    const auto scale = static_cast<float>(1 / slope);
    if (slope == 0 || !std::isfinite(scale) || scale == 0) return {0, 0};
    const double zero_point = (y - slope * x) / n;
    return {scale, static_cast<int32_t>(
                       std::clamp<double>(std::round(zero_point), range.lowest, range.highest))};
  }
};

// The shortest number between two positive ones, as far as they leave a choice.
float Roundest(double low, double high) {
  const auto from = std::bit_cast<uint32_t>(static_cast<float>(low)) + 4;
  const auto to = std::bit_cast<uint32_t>(static_cast<float>(high)) - 4;
  if (from >= to || to > std::bit_cast<uint32_t>(std::numeric_limits<float>::max())) {
    return static_cast<float>((low + high) / 2);
  }
  return std::bit_cast<float>(to & (~uint32_t{0} << (std::bit_width(from ^ to) - 1)));
}

// The scales of a group's elements. A level says between which values its element was, so between
// which scales the scale is, where the line's own is only good to some 1e-3.
struct Interval {
  double low = 0, high = 0;

  Interval(const Line& line, double elements) {
    const double scale = std::abs(double{line.scale}),
                 doubt = std::max(.01, 1 / std::sqrt(elements));
    low = scale * (1 - std::min(.5, doubt)), high = scale * (1 + doubt);
  }
  void Narrow(double value, int steps) {
    const double at_least = value / (steps + 0.5), at_most = value / (steps - 0.5);
    // An element that was computed in another way says nothing.
    if (at_least > low && at_least < high) low = at_least;
    if (at_most < high && at_most > low) high = at_most;
  }
};

std::vector<Line> Narrowed(std::span<const int16_t> levels, const Range& range,
                           std::span<const float> values, const Grouping& grouping,
                           const std::vector<Line>& lines) {
  std::vector<Interval> intervals;
  intervals.reserve(lines.size());
  const double size = static_cast<double>(levels.size()) / static_cast<double>(lines.size());
  for (const Line& line : lines) intervals.emplace_back(line, size);
  ForEach(grouping, levels.size(), [&](size_t i, size_t group) {
    const int steps = std::abs(levels[i] - lines[group].zero_point);
    if (range.Holds(levels[i]) && steps != 0) {
      intervals[group].Narrow(std::abs(double{values[i]}), steps);
    }
  });
  std::vector<Line> narrowed = lines;
  for (size_t group = 0; group < lines.size(); ++group) {
    const auto& [low, high] = intervals[group];
    if (!(low > 0) || !std::isfinite(static_cast<float>(high))) continue;
    const float scale = Roundest(low, high);
    if (scale > 0) narrowed[group].scale = std::copysign(scale, lines[group].scale);
  }
  return narrowed;
}

// The first values of each group: some tell its scale.
std::vector<std::vector<float>> Samples(std::span<const float> values, const Grouping& grouping) {
  std::vector<std::vector<float>> samples(GroupCount(grouping, values.size()));
  ForEach(grouping, values.size(), [&](size_t i, size_t group) {
    if (samples[group].size() < kGridSample) samples[group].push_back(values[i]);
  });
  return samples;
}

// The same of the group that the first element is in, without looking at others.
std::vector<float> FirstSample(std::span<const float> values, const Grouping& grouping) {
  std::vector<float> sample;
  const uint64_t block = grouping.block == 0 ? std::numeric_limits<uint64_t>::max()
                                             : grouping.block - grouping.first % grouping.block;
  for (uint64_t i = 0; i < std::min<uint64_t>(values.size(), block);) {
    if (sample.size() == kGridSample) break;
    sample.push_back(values[i++]);
    if ((grouping.first + i) % grouping.run == 0)
      i += uint64_t{grouping.run} * (grouping.width - 1);
  }
  return sample;
}

// What all values are multiples of, or nearly; 0 if of nothing that is not much smaller. The
// smallest is so many steps that all others fit; each one makes the step surer for the next.
float StepOf(std::vector<float> values) {
  constexpr float kDoubt = 0.05f;  // of a step
  for (float& value : values) value = std::abs(value);
  std::erase_if(values, [](float value) { return !(value > 0) || !std::isfinite(value); });
  if (values.empty()) return 1;  // of anything
  std::ranges::sort(values);
  for (int steps = 1; steps <= kMostStepsOfSmallest; ++steps) {
    float step = values.front() / static_cast<float>(steps);
    const bool fits = std::ranges::all_of(values, [&](float value) {
      const float number = Steps(value, step);
      if (!(std::abs(value / step - number) <= kDoubt)) return false;
      step = value / number;
      return true;
    });
    if (fits) return step;
  }
  return 0;
}

std::vector<uint32_t> Misses(std::span<const int16_t> levels, const Range& range,
                             std::span<const float> values, const Grouping& grouping,
                             const std::vector<Line>& lines) {
  std::vector<uint32_t> misses(lines.size());
  ForEach(grouping, levels.size(), [&](size_t i, size_t group) {
    misses[group] += Level(values[i], lines[group], range) != levels[i];
  });
  return misses;
}

}  // namespace

bool IsQuantised(onnx::DataType type) { return type == kUint8 || type == kInt8 || IsPacked(type); }

std::vector<int16_t> UnpackLevels(ByteView packed, onnx::DataType type) {
  const int sign = RangeOf(type).lowest < 0 ? (IsPacked(type) ? 8 : 128) : 0;
  // Flipping the sign bit and taking its value off extends the sign.
  const auto value = [sign](int bits) { return static_cast<int16_t>((bits ^ sign) - sign); };
  std::vector<int16_t> levels(packed.size() * (IsPacked(type) ? 2 : 1));
  for (size_t i = 0; i < packed.size(); ++i) {
    const int byte = static_cast<unsigned char>(packed[i]);
    if (IsPacked(type)) {
      levels[2 * i] = value(byte & 15);
      levels[2 * i + 1] = value(byte >> 4);
    } else {
      levels[i] = value(byte);
    }
  }
  return levels;
}

Bytes PackLevels(std::span<const int16_t> levels, onnx::DataType type) {
  if (!IsPacked(type)) return Bytes(levels.begin(), levels.end());
  Bytes packed((levels.size() + 1) / 2, '\0');
  for (size_t i = 0; i < levels.size(); ++i) {
    const int half = (levels[i] & 15) << (i % 2 * 4);
    packed[i / 2] = static_cast<char>(packed[i / 2] | half);
  }
  return packed;
}

uint64_t GroupCount(const Grouping& grouping, size_t elements) {
  if (grouping.run == 0 || grouping.width == 0 || grouping.width > elements) return 0;
  const uint64_t last = uint64_t{grouping.first} + elements - 1;
  const uint64_t blocks = grouping.block == 0 ? 1 : last / grouping.block + 1;
  return blocks <= elements && blocks * grouping.width <= elements ? blocks * grouping.width : 0;
}

std::vector<Grouping> UsualGroupings(std::span<const int64_t> dims, uint64_t first,
                                     size_t elements) {
  std::vector<Grouping> usual = {{}};
  // A tensor of more elements has chunks whose places these numbers cannot hold.
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  uint64_t total = 1;
  for (const int64_t dim : dims) {
    if (dim <= 0 || static_cast<uint64_t>(dim) > kMost / total) return usual;
    total *= static_cast<uint64_t>(dim);
  }
  const auto add = [&](const Grouping& grouping) {
    const uint64_t groups = GroupCount(grouping, elements);
    if (groups > 1 && groups <= elements / 8) usual.push_back(grouping);
  };
  uint64_t run = total;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const auto width = static_cast<uint64_t>(dims[axis]);
    run /= width;
    if (axis <= 1 || axis + 1 == dims.size()) add(Trimmed(run, width, first, elements));
  }
  if (dims.empty()) return usual;
  const auto last = static_cast<uint64_t>(dims.back());
  for (const uint32_t block : kBlocks) {
    if (last % block == 0 && last != block) {
      add(Trimmed(block, total / block, first, elements));
    }
    const uint64_t rows = block * last;
    if (dims.size() == 2 && rows < total) {
      add({1, static_cast<uint32_t>(last), static_cast<uint32_t>(rows),
           static_cast<uint32_t>(first % rows)});
    }
  }
  return usual;
}

void Quantise(std::span<const float> values, const Grouping& grouping, std::span<const Line> lines,
              onnx::DataType to, std::span<int16_t> levels) {
  const Range range = RangeOf(to);
  ForEach(grouping, levels.size(), [&](size_t i, size_t group) {
    levels[i] = static_cast<int16_t>(Level(values[i], lines[group], range));
  });
}

void Dequantise(std::span<const int16_t> levels, const Grouping& grouping,
                std::span<const Line> lines, std::span<float> values) {
  ForEach(grouping, values.size(), [&](size_t i, size_t group) {
    values[i] = static_cast<float>(levels[i] - lines[group].zero_point) * lines[group].scale;
  });
}

void ToGrid(std::span<const float> values, const Grouping& grouping, std::span<const Line> lines,
            std::span<float> near) {
  ForEach(grouping, near.size(), [&](size_t i, size_t group) {
    near[i] = Steps(values[i], lines[group].scale) * lines[group].scale;
  });
}

std::vector<Line> FitLines(std::span<const int16_t> levels, onnx::DataType to,
                           std::span<const float> values, const Grouping& grouping) {
  const Range range = RangeOf(to);
  std::vector<Sums> sums(GroupCount(grouping, levels.size()));
  std::vector<int16_t> any(sums.size());
  ForEach(grouping, levels.size(), [&](size_t i, size_t group) {
    any[group] = levels[i];
    if (range.Holds(levels[i]) && std::isfinite(values[i])) sums[group].Add(values[i], levels[i]);
  });
  std::vector<Line> fitted;
  fitted.reserve(sums.size());
  for (size_t group = 0; group < sums.size(); ++group) {
    Line line = sums[group].Fit(range);
    // Nothing but zeros, say.
    if (line.scale == 0) line = {1, any[group]};
    fitted.push_back(line);
  }
  std::vector<Line> best = Narrowed(levels, range, values, grouping, fitted);
  const auto before = Misses(levels, range, values, grouping, fitted);
  const auto after = Misses(levels, range, values, grouping, best);
  for (size_t group = 0; group < best.size(); ++group) {
    if (before[group] < after[group]) best[group] = fitted[group];
  }
  return best;
}

std::vector<Line> FitProducts(std::span<const int16_t> levels, onnx::DataType from,
                              std::span<const float> values, const Grouping& grouping) {
  const Range range = RangeOf(from);
  std::vector<Sums> sums(GroupCount(grouping, values.size()));
  ForEach(grouping, values.size(), [&](size_t i, size_t group) {
    if (std::isfinite(values[i])) sums[group].Add(values[i], levels[i]);
  });
  std::vector<Line> lines;
  lines.reserve(sums.size());
  for (const Sums& sum : sums) lines.push_back(sum.Fit(range));
  // The product of the scale and a power of two is exact, so such an element tells the scale; of
  // others the one with the most steps does to a unit in the last place.
  std::vector<int> told(lines.size());
  ForEach(grouping, values.size(), [&](size_t i, size_t group) {
    const int steps = levels[i] - lines[group].zero_point, size = std::abs(steps);
    const bool is_exact = std::has_single_bit(static_cast<unsigned>(size));
    const int tells = is_exact ? std::numeric_limits<int>::max() : size;
    if (tells <= told[group]) return;
    const float scale = values[i] / static_cast<float>(steps);
    if (!std::isfinite(scale) || scale == 0) return;
    told[group] = tells;
    lines[group].scale = scale;
  });
  for (Line& line : lines) {
    if (line.scale == 0) line.scale = 1;
  }
  return lines;
}

bool MayBeGrid(std::span<const float> values, const Grouping& grouping) {
  std::vector<float> sample = FirstSample(values, grouping);
  return sample.size() >= kLeastGridSample && StepOf(std::move(sample)) != 0;
}

std::vector<Line> FitGridLines(std::span<const float> values, const Grouping& grouping) {
  std::vector<float> steps;
  for (auto& sample : Samples(values, grouping)) steps.push_back(StepOf(std::move(sample)));
  // A group that is no grid is left to its residual.
  std::ranges::replace(steps, 0.0f, 1.0f);
  std::vector<int16_t> levels(values.size());
  ForEach(grouping, values.size(), [&](size_t i, size_t group) {
    levels[i] = static_cast<int16_t>(Steps(values[i], steps[group]));
  });
  std::vector<Line> lines = FitProducts(levels, kInt8, values, grouping);
  for (Line& line : lines) line.zero_point = 0;
  return lines;
}

}  // namespace mreg::encoding
