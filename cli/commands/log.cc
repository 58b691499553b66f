#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/reference_names.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using terminal::Style;

// Turns commits into output as they come.
class LogWriter {
 public:
  LogWriter(terminal::Terminal& terminal, const ReferenceNames& names, bool is_oneline)
      : terminal_(terminal), names_(names), is_oneline_(is_oneline) {}

  void Print(const history::Commit& commit) {
    const auto names = NamesOf(commit);
    if (is_oneline_) return terminal_.Print(FormatLine(commit, names));
    terminal_.Print(
        fmt::format("{}{}", is_first_ ? "" : "\n", FormatCommit(terminal_, commit, names)));
    is_first_ = false;
  }

  std::span<const std::string> NamesOf(const history::Commit& commit) const {
    const auto found = names_.find(commit.id);
    if (found == names_.end()) return {};
    return found->second;
  }

 private:
  std::string FormatLine(const history::Commit& commit, std::span<const std::string> names) const {
    std::string line = terminal_.Paint(Style::kYellow, commit.id.ToShortHex());
    if (!names.empty()) {
      line += terminal_.Paint(Style::kGreen, fmt::format(" ({})", fmt::join(names, ", ")));
    }
    return fmt::format("{} {}\n", line, SubjectOf(commit.message));
  }

  terminal::Terminal& terminal_;
  const ReferenceNames& names_;
  const bool is_oneline_;
  bool is_first_ = true;
};

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(uint64_t left, arguments.Number("max-count", UINT64_MAX));
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  const history::Repository& history = workspace->history();
  MREG_ASSIGN_OR_RETURN(const CommitId from,
                        ResolveRevision(history, arguments.Get("REVISION", "HEAD")));
  MREG_ASSIGN_OR_RETURN(const ReferenceNames names, ReadReferenceNames(history));
  LogWriter writer(context.terminal(), names, arguments.Has("oneline"));
  Json commits = Json::Array();
  MREG_RETURN_IF_ERROR(history.Walk({&from, 1}, {}, [&](const history::Commit& commit) {
    if (arguments.wants_json()) {
      commits.Append(CommitJson(commit, writer.NamesOf(commit)));
    } else {
      writer.Print(commit);
    }
    return --left > 0;
  }));
  if (arguments.wants_json()) {
    context.terminal().Print(Json::Object({{"commits", std::move(commits)}}).ToText());
  }
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"REVISION", Count::kOptional, "The version to begin with (default: HEAD)"}};

constexpr Option kOptions[] = {
    {.name = "max-count", .letter = 'n', .value = "COUNT", .help = "Show COUNT versions at most"},
    {.name = "oneline", .help = "A line for each version"}};

constexpr Example kExamples[] = {{"log -n 3", "The last three versions."},
                                 {"log --oneline v1", "v1 and all before it, in short."}};

}  // namespace

const Command kLogCommand = {
    .name = "log",
    .group = Group::kLook,
    .summary = "List versions, newest first",
    .goal = "show the history",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
