// How a file that differs between two versions is shown.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "cli/model_change.h"
#include "cli/model_file.h"
#include "cli/terminal/json.h"
#include "cli/terminal/terminal.h"
#include "cli/versions.h"

namespace mreg::cli {

// The models that a file was and is; null where it is none, or not here.
struct ModelSides {
  std::unique_ptr<ModelFile> before, after;
  std::optional<ModelChange> change;  // where both are there
};

// Of a file that differs between the two. All outlive the result.
absl::StatusOr<ModelSides> CompareSides(workspace::Workspace& workspace, const FileStates& before,
                                        const FileStates& after, const FileDifference& file);

// A line: how it changed and its sizes.
void PrintDifference(terminal::Terminal& terminal, const FileDifference& file);

// The lines that changed; nothing if it is no text.
absl::Status PrintTextDifference(terminal::Terminal& terminal, workspace::Workspace& workspace,
                                 const FileDifference& file);

terminal::Json DifferenceJson(const FileDifference& file, const ModelSides& models);

}  // namespace mreg::cli
