// The text of data/operators.tsv; data/make_operators.py tells its form.
#pragma once

#include <string_view>

namespace mreg::onnx {

extern const std::string_view kOperatorsData;

}  // namespace mreg::onnx
