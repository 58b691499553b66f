#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/merging.h"
#include "cli/reference_names.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  const std::string name = arguments.Get("REVISION");
  MREG_ASSIGN_OR_RETURN(const CommitId other, ResolveRevision(workspace->history(), name));
  MREG_ASSIGN_OR_RETURN(const auto report,
                        MergeCommit(context, *workspace, other, name, arguments, nullptr));
  if (arguments.wants_json()) context.terminal().Print(MergeJson(report).ToText());
  return NoteMerge(context, report);
}

constexpr Positional kPositionals[] = {
    {"REVISION", Count::kOne, "The branch or version to merge into the current branch"}};

constexpr Option kOptions[] = {
    kOursOption,
    kTheirsOption,
    kForwardOption,
    {.name = "message", .letter = 'm', .value = "TEXT", .help = "The merge's message"}};

constexpr Example kExamples[] = {
    {"merge quantised", "Take over what was done on another branch."},
    {"merge --theirs model.onnx quantised", "The same, with their model where both changed it."}};

}  // namespace

const Command kMergeCommand = {
    .name = "merge",
    .group = Group::kHistory,
    .summary = "Merge another branch into this one",
    .goal = "merge",
    .details =
        "Texts that both sides changed in different places are merged by lines. For any "
        "other file that both changed, say which side to take; nothing is changed before "
        "every conflict is settled.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
