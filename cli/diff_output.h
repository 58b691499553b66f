// How a file that differs between two versions is shown.
#pragma once

#include "absl/status/statusor.h"
#include "cli/terminal/json.h"
#include "cli/terminal/terminal.h"
#include "cli/versions.h"

namespace mreg::cli {

// A line: how it changed, its sizes, and of a model what changed inside.
absl::Status PrintDifference(terminal::Terminal& terminal, workspace::Workspace& workspace,
                             const FileDifference& file);

// The lines that changed; nothing if it is no text.
absl::Status PrintTextDifference(terminal::Terminal& terminal, workspace::Workspace& workspace,
                                 const FileDifference& file);

absl::StatusOr<terminal::Json> DifferenceJson(workspace::Workspace& workspace,
                                              const FileDifference& file);

}  // namespace mreg::cli
