#include <fmt/format.h>

#include <chrono>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "storage/registry/store_gc.h"

namespace mreg::cli {
namespace {

using content::GcOutcome;
using registry::LocalStore;
using registry::StoreGcPlan;
using terminal::FormatCount;
using terminal::FormatSize;
using terminal::Json;

// A version that was added and not committed, or whose clone was removed by mistake, can be
// brought back for this long.
constexpr uint64_t kGraceDays = 14;
constexpr uint64_t kMostDays = 36'500;
constexpr std::chrono::milliseconds kBetweenBars{100};

std::string FormatPlan(const StoreGcPlan& plan, uint64_t grace_days) {
  std::string text = fmt::format(
      "{} in the store, {} in use by {}\n{} unused, but with data of the last {}: kept\n",
      FormatCount(plan.content.files, "file", "files"), plan.content.used_files,
      FormatCount(plan.clones.size(), "clone", "clones"), plan.content.kept_files,
      FormatCount(grace_days, "day", "days"));
  for (const std::string& clone : plan.lost_clones) {
    text += fmt::format("not there, so that its files count as unused: {}\n", Shown(clone));
  }
  return text;
}

std::string FormatPromise(const content::GcPlan& plan) {
  return fmt::format("{} would be freed: {}, {} on the disk\n",
                     FormatCount(plan.dead_files.size(), "file", "files"),
                     FormatCount(plan.dead_chunks.size(), "chunk", "chunks"),
                     FormatSize(plan.free_bytes));
}

std::string FormatOutcome(const GcOutcome& outcome) {
  std::string text = fmt::format(
      "freed {}: {}, {} on the disk ({}, {} of them written again)\n",
      FormatCount(outcome.removed_files, "file", "files"),
      FormatCount(outcome.removed_chunks, "chunk", "chunks"), FormatSize(outcome.freed_bytes),
      FormatCount(outcome.removed_packs, "pack", "packs"), outcome.rewritten_packs);
  for (const std::string& problem : outcome.problems) text += problem + "\n";
  return text;
}

Json ToJson(const StoreGcPlan& plan, const GcOutcome& outcome, bool is_dry_run,
            uint64_t grace_days) {
  return Json::Object({{"dry_run", is_dry_run},
                       {"files", plan.content.files},
                       {"used_files", plan.content.used_files},
                       {"kept_files", plan.content.kept_files},
                       {"free_files", plan.content.dead_files.size()},
                       {"free_chunks", plan.content.dead_chunks.size()},
                       {"free_bytes", plan.content.dead_bytes},
                       {"free_disk_bytes", plan.content.free_bytes},
                       {"removed_files", outcome.removed_files},
                       {"removed_chunks", outcome.removed_chunks},
                       {"removed_packs", outcome.removed_packs},
                       {"rewritten_packs", outcome.rewritten_packs},
                       {"freed_bytes", outcome.freed_bytes},
                       {"grace_days", grace_days},
                       {"clones", Json::ArrayOf(plan.clones)},
                       {"lost_clones", Json::ArrayOf(plan.lost_clones)},
                       {"problems", Json::ArrayOf(outcome.problems)}});
}

content::GcProgress DrawOn(terminal::Terminal& terminal) {
  using SteadyClock = std::chrono::steady_clock;
  return [&terminal, last = SteadyClock::time_point()](std::string_view phase, uint64_t done,
                                                       uint64_t total) mutable {
    const auto now = SteadyClock::now();
    if (now - last < kBetweenBars) return;
    last = now;
    terminal.DrawBar(fmt::format("{}  {} of {}", phase, done, total));
  };
}

absl::Status CheckLostClones(const StoreGcPlan& plan, const Arguments& arguments) {
  if (plan.lost_clones.empty() || arguments.Has("forget-lost")) return absl::OkStatus();
  return WithHint(absl::FailedPreconditionError(
                      fmt::format("{} not there, and what only they need would be lost: {}",
                                  plan.lost_clones.size() == 1 ? "a clone is" : "some clones are",
                                  Shown(plan.lost_clones.front()))),
                  "if they were removed for good: mreg gc --forget-lost");
}

absl::StatusOr<std::unique_ptr<LocalStore>> OpenStore(Context& context, bool is_dry_run) {
  const std::string& directory = context.environment().store_directory;
  return is_dry_run ? LocalStore::Open(directory, PosixFileSystem())
                    : LocalStore::OpenAlone(directory, PosixFileSystem());
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  terminal::Terminal& terminal = context.terminal();
  const bool is_dry_run = arguments.Has("dry-run");
  MREG_ASSIGN_OR_RETURN(const uint64_t grace_days,
                        arguments.Number("grace-days", kGraceDays, /*least=*/0));
  if (grace_days > kMostDays) {
    return absl::InvalidArgumentError(fmt::format("--grace-days is at most {}", kMostDays));
  }
  MREG_ASSIGN_OR_RETURN(const auto store, OpenStore(context, is_dry_run));
  const std::chrono::days grace(grace_days);
  MREG_ASSIGN_OR_RETURN(const StoreGcPlan plan,
                        registry::PlanStoreGc(*store, {context.clock().Now(), grace}));
  GcOutcome outcome;
  if (!is_dry_run) {
    MREG_RETURN_IF_ERROR(CheckLostClones(plan, arguments));
    auto executed = registry::ExecuteStoreGc(*store, plan, DrawOn(terminal));
    terminal.DrawBar("");
    if (!executed.ok()) return executed.status();
    outcome = *std::move(executed);
  }
  if (arguments.wants_json()) {
    terminal.Print(ToJson(plan, outcome, is_dry_run, grace_days).ToText());
  } else {
    terminal.Print(FormatPlan(plan, grace_days) +
                   (is_dry_run ? FormatPromise(plan.content) : FormatOutcome(outcome)));
  }
  return outcome.problems.empty() ? ExitCode::kOk : ExitCode::kVerificationFailed;
}

constexpr Option kOptions[] = {
    {.name = "dry-run", .letter = 'n', .help = "Only say what would be freed"},
    {.name = "grace-days",
     .value = "DAYS",
     .help = "Keep what was written in the last so many days (default: 14)"},
    {.name = "forget-lost", .help = "Also free what only clones need that are not there any more"}};

constexpr Example kExamples[] = {{"gc --dry-run", "See how much no clone needs any more."},
                                 {"gc", "Free it."}};

}  // namespace

const Command kGcCommand = {
    .name = "gc",
    .group = Group::kCare,
    .summary = "Free what no clone needs any more",
    .goal = "collect garbage",
    .details =
        "Frees the files in the user's store that neither the history nor the index of any clone "
        "reaches, and whose data is older than 14 days. Other commands wait meanwhile. Killed at "
        "any moment it leaves a sound store, and the next one does the rest. Exits with 5 if "
        "some packs had to be left as they are.",
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
