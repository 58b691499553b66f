#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/reference_names.h"
#include "cli/terminal/table.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "schema/onnx/data_type.h"

namespace mreg::cli {
namespace {

using terminal::Json;

bool IsBelow(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

// Only the file or folder `path`; NotFound if there is none.
absl::Status Narrow(registry::Manifest& manifest, std::string path) {
  while (path.ends_with('/')) path.pop_back();
  std::erase_if(manifest.files,
                [&](const registry::ManifestEntry& file) { return !IsBelow(file.path, path); });
  if (!manifest.files.empty()) return absl::OkStatus();
  return absl::NotFoundError(
      fmt::format("version {} has no file {}", manifest.commit.ToShortHex(), Shown(path)));
}

// The tensors of those files that are here, each with the path it lies in; counts the others.
using FoundTensors = std::vector<std::pair<std::string, content::TensorRange>>;

absl::StatusOr<FoundTensors> FindTensors(workspace::Workspace& workspace,
                                         const registry::Manifest& manifest, uint64_t& absent) {
  FoundTensors found;
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, workspace.store());
  for (const registry::ManifestEntry& file : manifest.files) {
    if (!file.is_artifact) continue;
    MREG_ASSIGN_OR_RETURN(const auto recipe, store->content().FindRecipe(file.digest));
    if (!recipe) {
      ++absent;
      continue;
    }
    for (content::TensorRange& tensor : content::TensorRangesOf(*recipe)) {
      found.emplace_back(file.path, std::move(tensor));
    }
  }
  return found;
}

std::string FormatTensors(const FoundTensors& tensors) {
  terminal::Table table({terminal::Align::kRight, terminal::Align::kRight, terminal::Align::kLeft,
                         terminal::Align::kLeft, terminal::Align::kLeft});
  for (const auto& [path, tensor] : tensors) {
    table.AddRow({fmt::to_string(tensor.offset), fmt::to_string(tensor.length),
                  onnx::DataTypeName(tensor.type), Shown(path), Shown(tensor.name)});
  }
  return table.ToText();
}

Json TensorsJson(const FoundTensors& tensors) {
  Json array = Json::Array();
  for (const auto& [path, tensor] : tensors) {
    array.Append(Json::Object({{"path", path},
                               {"name", tensor.name},
                               {"type", onnx::DataTypeName(tensor.type)},
                               {"offset", tensor.offset},
                               {"length", tensor.length}}));
  }
  return array;
}

absl::StatusOr<ExitCode> ShowTensors(Context& context, workspace::Workspace& workspace,
                                     const registry::Manifest& manifest, bool wants_json) {
  uint64_t absent = 0;
  MREG_ASSIGN_OR_RETURN(const FoundTensors tensors, FindTensors(workspace, manifest, absent));
  const Json json = Json::Object(
      {{"commit", manifest.commit.ToHex()}, {"tensors", TensorsJson(tensors)}, {"absent", absent}});
  context.terminal().Print(wants_json ? json.ToText() : FormatTensors(tensors));
  if (absent > 0) {
    context.terminal().Note(fmt::format("of {} that {} not here the tensors are not known",
                                        terminal::FormatCount(absent, "file", "files"),
                                        absent == 1 ? "is" : "are"));
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  const history::Repository& history = workspace->history();
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        ResolveRevision(history, arguments.Get("REVISION", "HEAD")));
  MREG_ASSIGN_OR_RETURN(registry::Manifest manifest, registry::ReadManifest(history, commit));
  if (arguments.Has("PATH")) MREG_RETURN_IF_ERROR(Narrow(manifest, arguments.Get("PATH")));
  if (arguments.Has("tensors")) {
    return ShowTensors(context, *workspace, manifest, arguments.wants_json());
  }
  const Json json =
      Json::Object({{"commit", commit.ToHex()}, {"files", FilesJson(manifest.files)}});
  context.terminal().Print(arguments.wants_json() ? json.ToText() : FormatFiles(manifest.files));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"REVISION", Count::kOptional, "The version (default: HEAD)"},
    {"PATH", Count::kOptional, "A file or folder, from the top of the repository"}};

constexpr Option kOptions[] = {
    {.name = "tensors",
     .help = "List the tensors of 1 KiB and more: offset in the file, bytes, type, file, name"}};

constexpr Example kExamples[] = {
    {"ls v1", "The files of v1."},
    {"ls HEAD weights", "What is below weights/."},
    {"ls --tensors HEAD model.onnx", "Where its tensors lie, to read one of them alone."}};

}  // namespace

const Command kLsCommand = {
    .name = "ls",
    .group = Group::kLook,
    .summary = "List the files of a version",
    .goal = "list files",
    .details = "Shows the beginning of each file's SHA-256, its size and its path.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
