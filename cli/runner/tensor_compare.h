// How close what a model gave is to what it should give.
#pragma once

#include <cstdint>
#include <string>

#include "cli/runner/tensor.h"

namespace mreg::runner {

// A value v is close enough to w where |v - w| <= absolute + relative * |w|; NaN is close to NaN.
struct Tolerance {
  double relative = 1e-3;  // as ONNX's own tests have it
  double absolute = 1e-7;
};

struct Comparison {
  std::string name;
  bool matches = false;
  uint64_t elements = 0;
  uint64_t wrong = 0;       // elements that are not close enough
  double max_absolute = 0;  // the largest |v - w|
  std::string message;      // where types or shapes differ; else ""
};

// Elements of types that are no plain numbers have to be the same.
Comparison Compare(const Tensor& value, const Tensor& wanted, const Tolerance& tolerance);

}  // namespace mreg::runner
