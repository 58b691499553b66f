// The models that a command's TARGET and PATH mean: a file, all of a version, or one of a version.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/versions.h"
#include "schema/base/file_system.h"
#include "schema/onnx/model.h"

namespace mreg::cli {

// What is to be given such arguments to.
inline constexpr Positional kModelPositionals[] = {
    {"MODEL", Count::kOptional, "A file, a version, or VERSION:PATH (default: HEAD)"},
    {"PATH", Count::kOptional, "One file of the version (default: all models)"}};

struct NamedModel {
  std::string path;
  uint64_t size = 0;  // of the file, in bytes
  onnx::Model model;
};

struct NamedModels {
  std::unique_ptr<workspace::Workspace> workspace;  // null: `models` has one file of the disk
  std::optional<CommitId> commit;                   // the version
  FileStates files;                                 // of the version
  std::vector<NamedModel> models;                   // at least one
};

// NotFound if there is none; InvalidArgument, with the reason, for a file that is no ONNX model;
// FailedPrecondition for one that is not here. Of a version's files those that are no models, or
// not here, are passed over, unless they are named.
absl::StatusOr<NamedModels> FindModels(Context& context, const Arguments& arguments);

}  // namespace mreg::cli
