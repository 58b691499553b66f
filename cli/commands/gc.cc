#include <fmt/format.h>

#include <chrono>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/gc_plan.h"
#include "cli/hint.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;

// A version that was added and not committed, or whose clone was removed by mistake, can be
// brought back for this long.
constexpr std::chrono::days kGrace{14};

std::string FormatPlan(const GcPlan& plan) {
  std::string text = fmt::format(
      "{} in the store, {} in use by {}\n{} unused, but with data of the last {} days: kept\n"
      "{} would be freed: {}, {}\n",
      terminal::FormatCount(plan.files, "file", "files"), plan.used_files,
      terminal::FormatCount(plan.clones.size(), "clone", "clones"), plan.kept_files, kGrace.count(),
      terminal::FormatCount(plan.free_files, "file", "files"),
      terminal::FormatCount(plan.free_chunks, "chunk", "chunks"),
      terminal::FormatSize(plan.free_bytes));
  for (const std::string& clone : plan.lost_clones) {
    text += fmt::format("not there, so that its files count as unused: {}\n", Shown(clone));
  }
  return text;
}

Json PlanJson(const GcPlan& plan) {
  return Json::Object({{"files", plan.files},
                       {"used_files", plan.used_files},
                       {"kept_files", plan.kept_files},
                       {"free_files", plan.free_files},
                       {"free_chunks", plan.free_chunks},
                       {"free_bytes", plan.free_bytes},
                       {"grace_days", kGrace.count()},
                       {"clones", Json::ArrayOf(plan.clones)},
                       {"lost_clones", Json::ArrayOf(plan.lost_clones)}});
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  if (!arguments.Has("dry-run")) {
    return WithHint(absl::UnimplementedError("this version of mreg frees nothing"),
                    "`mreg gc --dry-run` says what could be freed");
  }
  MREG_ASSIGN_OR_RETURN(const GcPlan plan, PlanGc(context, context.clock().Now() - kGrace));
  context.terminal().Print(arguments.wants_json() ? PlanJson(plan).ToText() : FormatPlan(plan));
  return ExitCode::kOk;
}

constexpr Option kOptions[] = {
    {.name = "dry-run", .letter = 'n', .help = "Only say what could be freed; needed as yet"}};

constexpr Example kExamples[] = {{"gc --dry-run", "See how much no clone needs any more."}};

}  // namespace

const Command kGcCommand = {
    .name = "gc",
    .group = Group::kCare,
    .summary = "Say what no clone needs any more",
    .goal = "collect garbage",
    .details =
        "Counts the files in the user's store that neither the history nor the index of "
        "any clone reaches, and whose data is older than 14 days. Freeing them is not "
        "available in this version.",
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
