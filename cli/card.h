// What a version's card says, as commands show it.
#pragma once

#include <string>

#include "cli/terminal/json.h"
#include "schema/formats/card.h"

namespace mreg::cli {

// "License:  mit" and the like, a line each for license, task, tags and base models; "" if it says
// nothing of them.
std::string FormatCard(const formats::Card& card);

terminal::Json CardJson(const formats::Card& card);  // docs/formats/card.md

}  // namespace mreg::cli
