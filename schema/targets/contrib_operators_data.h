// The text of data/contrib_operators.tsv; data/make_contrib_operators.py tells its form.
#pragma once

#include <string_view>

namespace mreg::targets {

extern const std::string_view kContribOperatorsData;

}  // namespace mreg::targets
