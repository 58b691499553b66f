#include <utility>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/diff_output.h"
#include "cli/reference_names.h"
#include "cli/versions.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using workspace::Workspace;

struct Sides {
  std::string from, to;  // what is compared, for programs
  FileStates before, after;
};

absl::StatusOr<FileStates> FilesOfRevision(Workspace& workspace, const std::string& revision) {
  MREG_ASSIGN_OR_RETURN(const CommitId commit, ResolveRevision(workspace.history(), revision));
  return FilesOfCommit(workspace.history(), commit);
}

// As git: A against B; A against the work tree; HEAD against the index; the index against the
// work tree.
absl::StatusOr<Sides> ReadSides(Workspace& workspace, const Arguments& arguments) {
  const bool is_staged = arguments.Has("staged");
  Sides sides;
  sides.from = arguments.Get("A", is_staged ? "HEAD" : "index");
  sides.to = arguments.Get("B", is_staged ? "index" : "work tree");
  const bool is_unborn =
      is_staged && !arguments.Has("A") && !workspace.history().Resolve("HEAD").ok();
  if (sides.from == "index" && !arguments.Has("A")) {
    MREG_ASSIGN_OR_RETURN(sides.before, FilesOfIndex(workspace));
  } else if (!is_unborn) {
    MREG_ASSIGN_OR_RETURN(sides.before, FilesOfRevision(workspace, sides.from));
  }
  if (arguments.Has("B")) {
    MREG_ASSIGN_OR_RETURN(sides.after, FilesOfRevision(workspace, sides.to));
  } else if (is_staged) {
    MREG_ASSIGN_OR_RETURN(sides.after, FilesOfIndex(workspace));
  } else {
    MREG_ASSIGN_OR_RETURN(sides.after, FilesOfWorkTree(workspace));
  }
  return sides;
}

absl::Status PrintJson(terminal::Terminal& terminal, Workspace& workspace, const Sides& sides,
                       const std::vector<FileDifference>& differences) {
  Json files = Json::Array();
  for (const FileDifference& file : differences) {
    MREG_ASSIGN_OR_RETURN(Json json, DifferenceJson(workspace, file));
    files.Append(std::move(json));
  }
  terminal.Print(
      Json::Object({{"from", sides.from}, {"to", sides.to}, {"files", std::move(files)}}).ToText());
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  if (arguments.Has("staged") && arguments.Has("B")) {
    return absl::InvalidArgumentError("--staged compares one version with what was added");
  }
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const Sides sides, ReadSides(*workspace, arguments));
  const std::vector<FileDifference> differences = Compare(sides.before, sides.after);
  if (arguments.wants_json()) {
    MREG_RETURN_IF_ERROR(PrintJson(context.terminal(), *workspace, sides, differences));
  } else {
    for (const FileDifference& file : differences) {
      MREG_RETURN_IF_ERROR(PrintDifference(context.terminal(), *workspace, file));
    }
    for (const FileDifference& file : differences) {
      if (arguments.Has("files")) break;
      MREG_RETURN_IF_ERROR(PrintTextDifference(context.terminal(), *workspace, file));
    }
  }
  return arguments.Has("exit-code") && !differences.empty() ? ExitCode::kDifferences
                                                            : ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"A", Count::kOptional, "A version (default: what was added)"},
    {"B", Count::kOptional, "Another version (default: the work tree)"}};

constexpr Option kOptions[] = {
    {.name = "staged", .help = "Compare A (default: HEAD) with what was added"},
    {.name = "files", .letter = 'f', .help = "List files only, without the lines of texts"},
    {.name = "exit-code", .help = "Exit with 1 if there are differences"}};

constexpr Example kExamples[] = {{"diff v1 v2", "What changed from v1 to v2."},
                                 {"diff", "What changed and was not added yet."},
                                 {"diff --staged", "What the next commit will change."}};

}  // namespace

const Command kDiffCommand = {
    .name = "diff",
    .group = Group::kLook,
    .summary = "Compare two versions",
    .goal = "compare",
    .details =
        "Lists the files that differ with their sizes, of models also what changed inside, "
        "and of texts the lines.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
