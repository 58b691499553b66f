#include "cli/runner/tensor_compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace mreg::runner {
namespace {

template <typename Number>
Number At(const Bytes& data, size_t index) {
  Number number;
  std::memcpy(&number, data.data() + index * sizeof(Number), sizeof(Number));
  return number;
}

double FromBfloat16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

// IEEE 754 binary16.
double FromFloat16(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  double value = std::ldexp(fraction, -24);
  if (exponent == 0x1f) {
    value = fraction == 0 ? std::numeric_limits<double>::infinity()
                          : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent > 0) {
    value = std::ldexp(fraction | 0x400, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

using Getter = double (*)(const Bytes& data, size_t index);

template <typename Number>
double Get(const Bytes& data, size_t index) {
  return static_cast<double>(At<Number>(data, index));
}

// Null for types whose elements are no plain numbers.
Getter GetterOf(const std::string& type) {
  if (type == "float") return Get<float>;
  if (type == "double") return Get<double>;
  if (type == "float16") {
    return [](const Bytes& data, size_t index) { return FromFloat16(At<uint16_t>(data, index)); };
  }
  if (type == "bfloat16") {
    return [](const Bytes& data, size_t index) { return FromBfloat16(At<uint16_t>(data, index)); };
  }
  if (type == "int8") return Get<int8_t>;
  if (type == "uint8" || type == "bool") return Get<uint8_t>;
  if (type == "int16") return Get<int16_t>;
  if (type == "uint16") return Get<uint16_t>;
  if (type == "int32") return Get<int32_t>;
  if (type == "uint32") return Get<uint32_t>;
  return nullptr;
}

bool IsClose(double value, double wanted, const Tolerance& tolerance) {
  if (std::isnan(value) || std::isnan(wanted)) return std::isnan(value) && std::isnan(wanted);
  if (std::isinf(value) || std::isinf(wanted)) return value == wanted;
  return std::abs(value - wanted) <= tolerance.absolute + tolerance.relative * std::abs(wanted);
}

void CompareNumbers(Getter get, const Tensor& value, const Tensor& wanted,
                    const Tolerance& tolerance, Comparison& comparison) {
  for (size_t i = 0; i < comparison.elements; ++i) {
    const double v = get(value.data, i);
    const double w = get(wanted.data, i);
    if (!IsClose(v, w, tolerance)) ++comparison.wrong;
    const double difference = std::abs(v - w);
    if (std::isfinite(difference)) {
      comparison.max_absolute = std::max(comparison.max_absolute, difference);
    }
  }
}

void CompareBytes(const Tensor& value, const Tensor& wanted, Comparison& comparison) {
  const size_t width =
      comparison.elements == 0 ? 1 : std::max<size_t>(wanted.data.size() / comparison.elements, 1);
  for (size_t at = 0; at < wanted.data.size(); at += width) {
    if (value.data.compare(at, width, wanted.data, at, width) != 0) ++comparison.wrong;
  }
}

}  // namespace

Comparison Compare(const Tensor& value, const Tensor& wanted, const Tolerance& tolerance) {
  Comparison comparison;
  comparison.name = value.name;
  if (value.type != wanted.type) {
    comparison.message = fmt::format("it is of {} in place of {}", value.type, wanted.type);
    return comparison;
  }
  if (value.shape != wanted.shape) {
    comparison.message = fmt::format("its shape is [{}] in place of [{}]",
                                     fmt::join(value.shape, ", "), fmt::join(wanted.shape, ", "));
    return comparison;
  }
  if (!CheckTensor(value).ok() || !CheckTensor(wanted).ok()) {
    comparison.message = "it is malformed";
    return comparison;
  }
  comparison.elements = *ElementsOf(value.shape);
  if (const Getter get = GetterOf(value.type)) {
    CompareNumbers(get, value, wanted, tolerance, comparison);
  } else if (value.type == "string") {
    for (size_t i = 0; i < value.strings.size(); ++i) {
      comparison.wrong += value.strings[i] != wanted.strings[i];
    }
  } else {
    CompareBytes(value, wanted, comparison);
  }
  comparison.matches = comparison.wrong == 0;
  return comparison;
}

}  // namespace mreg::runner
