// `mregd gc`: a registry's garbage collection from the command line.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace mreg::daemon {

struct GcCommand {
  std::string data;  // the registry's folder
  bool is_dry_run = false;
  uint64_t grace_days = 14;
  bool json = false;
};

// Says on stdout what was freed, on stderr how far it is. DataLoss if something damaged had to be
// left alone.
absl::Status RunGc(const GcCommand& command);

}  // namespace mreg::daemon
