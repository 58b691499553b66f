// Which providers ran a model's nodes, from the profile that ONNX Runtime writes.
#pragma once

#include <string>
#include <vector>

#include "cli/runner/protocol.h"

namespace mreg::runner {

// Of the newest profile whose path begins with `prefix`; its nodes are counted once each. Empty
// where there is none that can be read.
std::vector<ProviderUse> ReadProviderUse(const std::string& prefix);

}  // namespace mreg::runner
