// The profiles that mreg brings along: data/*.tsv. How each was made is told in its line "source"
// and in docs/targets.md.
#pragma once

#include <span>
#include <string_view>

namespace mreg::targets {

// Each a text for ParseProfile. In no particular order.
std::span<const std::string_view* const> BuiltinProfiles();

}  // namespace mreg::targets
