// Verdicts as JSON: what `mreg check --json` prints, the API gives and the catalog keeps. The
// members are described in docs/cli-json.md.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "schema/targets/compatibility.h"
#include "schema/targets/target_set.h"

namespace mreg::targets {

// One object, on one line, with the first `most_findings` of the findings. Text that is not UTF-8
// has its wrong bytes replaced by U+FFFD.
std::string VerdictToJson(const Target& target, const Verdict& verdict,
                          size_t most_findings = std::numeric_limits<size_t>::max());

}  // namespace mreg::targets
