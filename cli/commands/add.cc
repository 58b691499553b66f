#include <fmt/format.h>

#include <algorithm>

#include "cli/arguments.h"
#include "cli/checkout.h"
#include "cli/command_list.h"
#include "cli/context.h"
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
  for (size_t i = 0; i < listed; ++i) terminal.Note(Describe(report.added[i]));
  if (report.added.size() > listed) {
    terminal.Note(fmt::format("  and {} more", report.added.size() - listed));
  }
  if (!report.removed.empty()) {
    terminal.Note(
        fmt::format("  {} removed", terminal::FormatCount(report.removed.size(), "file", "files")));
  }
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const std::string here, context.CurrentDirectory());
  absl::StatusOr<workspace::AddReport> report;
  {
    terminal::ProgressBar bar(context.terminal());
    const Interrupts::Hold hold(context.interrupts());
    report = workspace->Add(arguments.All("PATH"), here, ShowOn(bar, context.interrupts()));
  }
  if (!report.ok()) return report.status();
  NoteReport(context.terminal(), *report);
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"PATH", Count::kSome, "Files, and folders with everything below"}};

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
        "is kept once. .mregignore names files to be left out, as .gitignore does.",
    .positionals = kPositionals,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
