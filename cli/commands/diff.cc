#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/diff_output.h"
#include "cli/display.h"
#include "cli/reference_names.h"
#include "cli/versions.h"
#include "schema/base/file_system.h"
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

// Prints what is shown one by one, and for programs at the end.
class Printer {
 public:
  Printer(terminal::Terminal& terminal, const Arguments& arguments)
      : terminal_(terminal), arguments_(arguments) {}

  void Add(const FileDifference& file, const ModelSides& models) {
    if (arguments_.wants_json()) {
      files_.Append(DifferenceJson(file, models));
      return;
    }
    PrintDifference(terminal_, file);
    if (!models.change || arguments_.Has("files")) return;
    const auto detail = arguments_.Has("stat") ? ChangeDetail::kSummary : ChangeDetail::kLists;
    terminal_.Print(FormatModelChange(*models.change, detail));
  }

  void Finish(const std::string& from, const std::string& to) {
    if (!arguments_.wants_json()) return;
    terminal_.Print(
        Json::Object({{"from", from}, {"to", to}, {"files", std::move(files_)}}).ToText());
  }

 private:
  terminal::Terminal& terminal_;
  const Arguments& arguments_;
  Json files_ = Json::Array();
};

// Whether there are differences.
absl::StatusOr<bool> DiffVersions(Context& context, const Arguments& arguments, Printer& printer) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const Sides sides, ReadSides(*workspace, arguments));
  const std::vector<FileDifference> differences = Compare(sides.before, sides.after);
  const bool is_short = arguments.Has("files") || arguments.Has("stat");
  for (const FileDifference& file : differences) {
    ModelSides models;
    if (arguments.wants_json() || !arguments.Has("files")) {
      MREG_ASSIGN_OR_RETURN(models, CompareSides(*workspace, sides.before, sides.after, file));
    }
    printer.Add(file, models);
  }
  for (const FileDifference& file : differences) {
    if (is_short || arguments.wants_json()) break;
    MREG_RETURN_IF_ERROR(PrintTextDifference(context.terminal(), *workspace, file));
  }
  printer.Finish(sides.from, sides.to);
  return !differences.empty();
}

absl::StatusOr<std::unique_ptr<ModelFile>> ReadLoose(const std::string& path, FileState& state) {
  state.work_path = path;
  MREG_ASSIGN_OR_RETURN(const auto file, PosixFileSystem().OpenRead(path));
  MREG_ASSIGN_OR_RETURN(state.size, file->Size());
  MREG_ASSIGN_OR_RETURN(auto model, ReadModelFile(path));
  if (model != nullptr) return model;
  return absl::InvalidArgumentError(
      fmt::format("{} is no ONNX model; other files are compared in a repository", Shown(path)));
}

// Two files on the disk: whether anything in them differs that is looked at.
absl::StatusOr<bool> DiffFiles(const std::string& from, const std::string& to, Printer& printer) {
  FileState before, after;
  ModelSides models;
  MREG_ASSIGN_OR_RETURN(models.before, ReadLoose(from, before));
  MREG_ASSIGN_OR_RETURN(models.after, ReadLoose(to, after));
  MREG_ASSIGN_OR_RETURN(models.change, CompareModels(*models.before, *models.after));
  const bool differs = before.size != after.size ||
                       !FormatModelChange(*models.change, ChangeDetail::kSummary).empty();
  if (differs) printer.Add({to, workspace::Change::kModified, before, after}, models);
  printer.Finish(from, to);
  return differs;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  if (arguments.Has("staged") && arguments.Has("B")) {
    return absl::InvalidArgumentError("--staged compares one version with what was added");
  }
  Printer printer(context.terminal(), arguments);
  const std::string from = arguments.Get("A", ""), to = arguments.Get("B", "");
  const bool are_files = arguments.Has("B") && IsRegularFile(from) && IsRegularFile(to);
  MREG_ASSIGN_OR_RETURN(const bool differs, are_files ? DiffFiles(from, to, printer)
                                                      : DiffVersions(context, arguments, printer));
  return arguments.Has("exit-code") && differs ? ExitCode::kDifferences : ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"A", Count::kOptional, "A version or a model's file (default: what was added)"},
    {"B", Count::kOptional, "Another version or file (default: the work tree)"}};

constexpr Option kOptions[] = {
    {.name = "staged", .help = "Compare A (default: HEAD) with what was added"},
    {.name = "files", .letter = 'f', .help = "List files only, without what changed inside"},
    {.name = "stat", .help = "Count what changed inside models, without lists or lines of texts"},
    {.name = "exit-code", .help = "Exit with 1 if there are differences"}};

constexpr Example kExamples[] = {{"diff v1 v2", "What changed from v1 to v2."},
                                 {"diff old.onnx new.onnx", "Two files; no repository is needed."},
                                 {"diff", "What changed and was not added yet."},
                                 {"diff --staged", "What the next commit will change."}};

}  // namespace

const Command kDiffCommand = {
    .name = "diff",
    .group = Group::kLook,
    .summary = "Compare two versions",
    .goal = "compare",
    .details =
        "Lists the files that differ with their sizes, of texts the lines, and of ONNX models what "
        "changed inside: opsets, inputs and outputs, nodes that were added (+), removed (-) or "
        "changed (~), and tensors with how much their values changed: the share that did, the "
        "largest and the mean difference, and the differences' norm relative to the tensor's. "
        "Quantised weights are compared by the values that their scales make of them. "
        "Nodes and tensors are recognised by what they compute and hold where names differ.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
