// `mregd optimize`: stores better what a registry has, from the command line.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace mreg::daemon {

struct OptimizeCommand {
  std::string data;  // the registry's folder
  bool is_dry_run = false;
  uint64_t threads = 1;
  uint64_t cpu_percent = 100;
  bool json = false;
};

// Says on stdout what was saved, on stderr how far it is. DataLoss if something damaged was passed
// over.
absl::Status RunOptimize(const OptimizeCommand& command);

}  // namespace mreg::daemon
