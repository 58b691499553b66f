// `mregd stats`: what a registry keeps and where its bytes are.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace mreg::daemon {

struct StatsCommand {
  std::string data;  // the registry's folder
  bool json = false;
};

absl::Status RunStats(const StatsCommand& command);

}  // namespace mreg::daemon
