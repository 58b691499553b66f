// The texts of data/*.tsv.
#pragma once

#include <string_view>

namespace mreg::targets {

extern const std::string_view kOpenvino20254;
extern const std::string_view kOrt1171Cpu;
extern const std::string_view kOrt1232Cpu;
extern const std::string_view kOrt1244Coreml;
extern const std::string_view kOrt1244Cpu;
extern const std::string_view kOrt1244Cuda;
extern const std::string_view kOrt1244Directml;
extern const std::string_view kOrt1244Nnapi;
extern const std::string_view kOrt1244Qnn;
extern const std::string_view kOrt1282Cpu;
extern const std::string_view kOrt1300Cpu;
extern const std::string_view kTensorrt1015;
extern const std::string_view kTensorrt85;

}  // namespace mreg::targets
