// What changed between two texts, in the form that patch takes.
#pragma once

#include <string>
#include <string_view>

namespace mreg::terminal {

// Hunks of a unified difference with three lines of context; "" if the texts are equal. The
// shortest difference is found up to a bounded effort, beyond which the middle is given as
// replaced whole. Lines are given as they are: the caller escapes them.
std::string UnifiedDiff(std::string_view before, std::string_view after);

}  // namespace mreg::terminal
