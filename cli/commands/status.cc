#include "schema/base/status.h"

#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/terminal/units.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using terminal::Style;
using terminal::Terminal;
using workspace::ChangedFile;
using workspace::StatusReport;

Json ChangesJson(const std::vector<ChangedFile>& files) {
  Json array = Json::Array();
  for (const ChangedFile& file : files) {
    array.Append(Json::Object({{"path", file.path}, {"change", ChangeName(file.change)}}));
  }
  return array;
}

Json ReportJson(const StatusReport& report) {
  return Json::Object({{"branch", report.branch},
                       {"head", IdJson(report.head)},
                       {"upstream", report.upstream},
                       {"ahead", report.ahead},
                       {"behind", report.behind},
                       {"staged", ChangesJson(report.staged)},
                       {"unstaged", ChangesJson(report.unstaged)},
                       {"untracked", Json::ArrayOf(report.untracked)},
                       {"sparse_patterns", Json::ArrayOf(report.sparse_patterns)},
                       {"left_out", report.left_out}});
}

std::string FormatHead(const StatusReport& report) {
  if (report.branch) return fmt::format("On branch {}\n", Shown(*report.branch));
  return fmt::format("HEAD is at {}, on no branch\n", report.head ? report.head->ToShortHex() : "");
}

std::string FormatUpstream(const StatusReport& report) {
  if (!report.upstream) return "";
  const std::string upstream = Shown(*report.upstream);
  const auto commits = [](uint64_t count) {
    return terminal::FormatCount(count, "commit", "commits");
  };
  if (report.ahead == 0 && report.behind == 0) {
    return fmt::format("Your branch is up to date with {}.\n", upstream);
  }
  if (report.behind == 0) {
    return fmt::format("Your branch is ahead of {} by {}.\n", upstream, commits(report.ahead));
  }
  if (report.ahead == 0) {
    return fmt::format("Your branch is behind {} by {}: `mreg pull` takes them over.\n", upstream,
                       commits(report.behind));
  }
  return fmt::format("Your branch and {} have parted: {} here, {} there; `mreg pull` merges.\n",
                     upstream, commits(report.ahead), commits(report.behind));
}

std::string FormatSparse(const StatusReport& report) {
  if (report.sparse_patterns.empty() && report.left_out == 0) return "";
  std::string patterns;
  for (const std::string& pattern : report.sparse_patterns) patterns += " " + Shown(pattern);
  return fmt::format(
      "The work tree has a part of the files, {} left out; patterns:{} (mreg pull --include)\n",
      terminal::FormatCount(report.left_out, "file is", "files are"), patterns);
}

std::string FormatChanges(const Terminal& terminal, std::string_view title, Style style,
                          const std::vector<ChangedFile>& files) {
  if (files.empty()) return "";
  std::string text = fmt::format("\n{}:\n", title);
  for (const ChangedFile& file : files) {
    const std::string line =
        fmt::format("{:<10}{}", fmt::format("{}:", ChangeName(file.change)), Shown(file.path));
    text += fmt::format("  {}\n", terminal.Paint(style, line));
  }
  return text;
}

std::string FormatReport(const Terminal& terminal, const StatusReport& report) {
  std::string text = FormatHead(report) + FormatUpstream(report) + FormatSparse(report);
  if (!report.head) text += "No commits yet\n";
  text += FormatChanges(terminal, "Changes for the next commit", Style::kGreen, report.staged);
  text += FormatChanges(terminal, "Changes not added (mreg add PATH, mreg restore PATH)",
                        Style::kRed, report.unstaged);
  if (!report.untracked.empty()) text += "\nFiles that are not tracked (mreg add PATH):\n";
  for (const std::string& path : report.untracked) {
    text += fmt::format("  {}\n", terminal.Paint(Style::kRed, Shown(path)));
  }
  if (report.staged.empty() && report.unstaged.empty() && report.untracked.empty()) {
    text += "Nothing to commit, the work tree is clean.\n";
  }
  return text;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const StatusReport report, workspace->Status());
  Terminal& terminal = context.terminal();
  terminal.Print(arguments.wants_json() ? ReportJson(report).ToText()
                                        : FormatReport(terminal, report));
  return ExitCode::kOk;
}

constexpr Example kExamples[] = {
    {"status", "What changed since the last commit, and what the next one will hold."},
    {"status --json", "The same for a program."}};

}  // namespace

const Command kStatusCommand = {
    .name = "status",
    .group = Group::kWork,
    .summary = "Show what changed",
    .goal = "show the status",
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
