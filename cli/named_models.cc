#include "cli/named_models.h"

#include <fmt/format.h>

#include <utility>

#include "cli/display.h"
#include "cli/reference_names.h"
#include "schema/base/status.h"
#include "schema/onnx/model_reader.h"

namespace mreg::cli {
namespace {

absl::StatusOr<NamedModel> Read(std::string path, const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  auto model = onnx::ReadModel(file);
  if (!model.ok()) return Annotate(model.status(), Shown(path));
  return NamedModel{std::move(path), size, *std::move(model)};
}

// One file of a version, whatever it is, or all of its models.
absl::Status ReadVersion(const std::string& wanted, NamedModels& found) {
  bool is_found = false;
  for (const auto& [path, state] : found.files) {
    if (!wanted.empty() && path != wanted) continue;
    is_found = true;
    MREG_ASSIGN_OR_RETURN(const auto content, OpenContent(*found.workspace, state));
    if (content == nullptr) {
      if (wanted.empty()) continue;
      return absl::FailedPreconditionError(
          fmt::format("{} is {}", Shown(path), state.is_artifact ? "not here" : "a text"));
    }
    auto model = Read(path, *content);
    if (wanted.empty() && absl::IsInvalidArgument(model.status())) continue;
    if (!model.ok()) return model.status();
    found.models.push_back(*std::move(model));
  }
  if (!is_found && !wanted.empty()) {
    return absl::NotFoundError(fmt::format("the version has no file {}", Shown(wanted)));
  }
  if (!found.models.empty()) return absl::OkStatus();
  return absl::NotFoundError("none of the version's files here is an ONNX model");
}

// "REVISION:PATH", as git has it; a Windows drive is no revision.
std::pair<std::string, std::string> SplitModel(const Arguments& arguments) {
  const std::string target = arguments.Get("MODEL", "HEAD");
  const size_t colon = target.find(':');
  if (arguments.Has("PATH") || colon == std::string::npos) {
    return {target, arguments.Has("PATH") ? arguments.Get("PATH") : ""};
  }
  return {target.substr(0, colon), target.substr(colon + 1)};
}

}  // namespace

absl::StatusOr<NamedModels> FindModels(Context& context, const Arguments& arguments) {
  NamedModels found;
  const std::string target = arguments.Get("MODEL", "HEAD");
  if (!arguments.Has("PATH") && IsRegularFile(target)) {
    MREG_ASSIGN_OR_RETURN(const auto file, PosixFileSystem().OpenRead(target));
    MREG_ASSIGN_OR_RETURN(NamedModel model, Read(target, *file));
    found.models.push_back(std::move(model));
    return found;
  }
  auto workspace = context.OpenWorkspace();
  if (absl::IsNotFound(workspace.status()) && arguments.Has("MODEL")) {
    return absl::NotFoundError(
        fmt::format("there is no file {}, and {}", Shown(target), MessageOf(workspace.status())));
  }
  MREG_RETURN_IF_ERROR(workspace.status());
  found.workspace = *std::move(workspace);
  const auto [revision, wanted] = SplitModel(arguments);
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        ResolveRevision(found.workspace->history(), revision));
  found.commit = commit;
  MREG_ASSIGN_OR_RETURN(found.files, FilesOfCommit(found.workspace->history(), commit));
  MREG_RETURN_IF_ERROR(ReadVersion(wanted, found));
  return found;
}

}  // namespace mreg::cli
