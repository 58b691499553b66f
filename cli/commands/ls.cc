#include <fmt/format.h>

#include <algorithm>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/reference_names.h"
#include "schema/base/status.h"

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

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  const history::Repository& history = workspace->history();
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        ResolveRevision(history, arguments.Get("REVISION", "HEAD")));
  MREG_ASSIGN_OR_RETURN(registry::Manifest manifest, registry::ReadManifest(history, commit));
  if (arguments.Has("PATH")) MREG_RETURN_IF_ERROR(Narrow(manifest, arguments.Get("PATH")));
  const Json json =
      Json::Object({{"commit", commit.ToHex()}, {"files", FilesJson(manifest.files)}});
  context.terminal().Print(arguments.wants_json() ? json.ToText() : FormatFiles(manifest.files));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"REVISION", Count::kOptional, "The version (default: HEAD)"},
    {"PATH", Count::kOptional, "A file or folder, from the top of the repository"}};

constexpr Example kExamples[] = {{"ls v1", "The files of v1."},
                                 {"ls HEAD weights", "What is below weights/."}};

}  // namespace

const Command kLsCommand = {
    .name = "ls",
    .group = Group::kLook,
    .summary = "List the files of a version",
    .goal = "list files",
    .details = "Shows the beginning of each file's SHA-256, its size and its path.",
    .positionals = kPositionals,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
