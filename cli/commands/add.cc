#include <fmt/format.h>

#include <algorithm>

#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/derivation.h"
#include "cli/display.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

// More files than these are counted, not listed.
constexpr size_t kListedFiles = 20;

std::string Describe(const workspace::AddedFile& file) {
  std::string text = fmt::format("  {}  {}", Shown(file.path), terminal::FormatSize(file.size));
  if (file.is_artifact) text += fmt::format(", {} new", terminal::FormatSize(file.new_bytes));
  if (!file.model_summary.empty()) text += fmt::format("  ({})", Shown(file.model_summary));
  return text;
}

void NoteReport(terminal::Terminal& terminal, const workspace::AddReport& report) {
  if (report.added.empty() && report.removed.empty()) {
    terminal.Note("nothing to add: everything named is unchanged");
  }
  const size_t listed = std::min(report.added.size(), kListedFiles);
  for (size_t i = 0; i < listed; ++i) {
    terminal.Note(Describe(report.added[i]));
    for (const std::string& note : report.added[i].notes) terminal.Note("    " + note);
  }
  if (report.added.size() > listed) {
    terminal.Note(fmt::format("  and {} more", report.added.size() - listed));
  }
  if (!report.removed.empty()) {
    terminal.Note(
        fmt::format("  {} removed", terminal::FormatCount(report.removed.size(), "file", "files")));
  }
}

// Without its files here nothing can be stored as a difference to them.
absl::Status NoteMissing(Context& context, workspace::Workspace& workspace,
                         std::span<const Source> sources) {
  for (const Source& source : sources) {
    MREG_ASSIGN_OR_RETURN(const auto missing, workspace.MissingFiles(source.commit));
    if (missing.empty()) continue;
    context.terminal().Note(
        fmt::format("{} of {} are not here and of no use now; `mreg switch --detach {}` fetches "
                    "them",
                    terminal::FormatCount(missing.size(), "file", "files"), Shown(source.name),
                    source.commit.ToShortHex()));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const std::string here, context.CurrentDirectory());
  MREG_ASSIGN_OR_RETURN(const auto sources,
                        ResolveSources(*workspace, arguments.All("derived-from")));
  MREG_RETURN_IF_ERROR(NoteMissing(context, *workspace, sources));
  absl::StatusOr<workspace::AddReport> report;
  {
    terminal::ProgressBar bar(context.terminal());
    const Interrupts::Hold hold(context.interrupts());
    report = workspace->Add(arguments.All("PATH"), here, CommitsOf(sources),
                            ShowOn(bar, context.interrupts()));
  }
  if (!report.ok()) return report.status();
  NoteReport(context.terminal(), *report);
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"PATH", Count::kSome, "Files, and folders with everything below"}};

constexpr Option kOptions[] = {
    {.name = "derived-from",
     .value = "REVISION",
     .help = "A version that the files were made from, also as NAMESPACE/NAME@REVISION: what they "
             "share with it is kept once",
     .repeats = true}};

constexpr Example kExamples[] = {
    {"add .", "Take all new, changed and removed files into the next version."},
    {"add model.onnx README.md", "Take these two."}};

}  // namespace

const Command kAddCommand = {
    .name = "add",
    .group = Group::kWork,
    .summary = "Take files into the next version",
    .goal = "add",
    .details =
        "Small text files become part of the history; the content of all others goes to "
        "the user's store, models cut at their tensors, so that what two versions share "
        "is kept once. Tensors that are like others of the store are found by their values; "
        "--derived-from helps where they have changed much. .mregignore names files to be left "
        "out, as .gitignore does. Files that could run a program when they are loaded, such as "
        "pickles, are refused by their content, whatever their names; nothing is added then. What "
        "is "
        "wrong with the front matter of README.md is told, and refuses nothing.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
