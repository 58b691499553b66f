#include "schema/targets/builtin_profiles.h"

#include <array>

#include "schema/targets/profiles_data.h"

namespace mreg::targets {

std::span<const std::string_view* const> BuiltinProfiles() {
  static constexpr std::array<const std::string_view*, 13> kProfiles = {
      &kOpenvino20254, &kOrt1171Cpu,      &kOrt1232Cpu,   &kOrt1244Coreml, &kOrt1244Cpu,
      &kOrt1244Cuda,   &kOrt1244Directml, &kOrt1244Nnapi, &kOrt1244Qnn,    &kOrt1282Cpu,
      &kOrt1300Cpu,    &kTensorrt1015,    &kTensorrt85};
  return kProfiles;
}

}  // namespace mreg::targets
