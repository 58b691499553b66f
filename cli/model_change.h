// What changed from one model to another, for people and for programs.
#pragma once

#include <string>

#include "cli/model_file.h"
#include "cli/terminal/json.h"

namespace mreg::cli {

enum class ChangeDetail { kSummary, kLists };

// Lines indented by two blanks, long lists cut short, everything from the models escaped; "" if
// nothing changed.
std::string FormatModelChange(const ModelChange& change, ChangeDetail detail);

// All of it, as docs/cli-json.md says.
terminal::Json ModelChangeJson(const ModelChange& change);

}  // namespace mreg::cli
