// Targets on the command line: where they are kept, how verdicts are shown.
#pragma once

#include <string>

#include "cli/context.h"
#include "schema/targets/compatibility.h"
#include "schema/targets/target_set.h"

namespace mreg::cli {

// Those built in and the user's own in the configuration's folder targets/.
targets::TargetSet TargetsOf(const Context& context);

// Coloured by how bad it is.
std::string PaintSupport(const terminal::Terminal& terminal, targets::Support support);

// A line for each finding and what would help, indented.
std::string FormatFindings(const targets::Verdict& verdict);

}  // namespace mreg::cli
