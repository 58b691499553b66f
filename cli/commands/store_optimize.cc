#include "storage/registry/store_optimize.h"

#include <fmt/format.h>

#include <chrono>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/terminal/json.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using content::OptimizeMode;
using content::OptimizeOptions;
using content::OptimizeReport;
using terminal::FormatCount;
using terminal::FormatSize;
using terminal::Json;

constexpr uint64_t kMostThreads = 256;
constexpr std::chrono::milliseconds kBetweenBars{100};

std::string Format(const OptimizeReport& report, bool is_dry_run) {
  std::string text = fmt::format("looked at {} of {}\n", report.looked_files,
                                 FormatCount(report.files, "file", "files"));
  if (report.improved_chunks == 0) {
    text += "nothing to store better\n";
  } else {
    text += fmt::format("{} {}: {} instead of {}\n",
                        FormatCount(report.improved_chunks, "chunk", "chunks"),
                        is_dry_run ? "would be stored better" : "stored better",
                        FormatSize(report.bytes_after), FormatSize(report.bytes_before));
  }
  if (report.held > 0) {
    text += fmt::format("{} stayed as they are, since others began to use them\n",
                        FormatCount(report.held, "chunk", "chunks"));
  }
  if (!is_dry_run && report.improved_chunks > 0) text += "mreg gc frees the old copies\n";
  for (const std::string& problem : report.problems) text += problem + "\n";
  return text;
}

Json ToJson(const OptimizeReport& report, bool is_dry_run) {
  return Json::Object({{"dry_run", is_dry_run},
                       {"files", report.files},
                       {"looked_files", report.looked_files},
                       {"tensors", report.tensors},
                       {"chunks", report.chunks},
                       {"improved_chunks", report.improved_chunks},
                       {"bytes_before", report.bytes_before},
                       {"bytes_after", report.bytes_after},
                       {"held", report.held},
                       {"problems", Json::ArrayOf(report.problems)}});
}

absl::StatusOr<OptimizeOptions> OptionsFrom(const Arguments& arguments) {
  OptimizeOptions options;
  if (arguments.Has("dry-run")) options.mode = OptimizeMode::kDryRun;
  MREG_ASSIGN_OR_RETURN(const uint64_t threads, arguments.Number("threads", 1, /*least=*/1));
  MREG_ASSIGN_OR_RETURN(const uint64_t percent, arguments.Number("cpu", 100, /*least=*/1));
  if (threads > kMostThreads) {
    return absl::InvalidArgumentError(fmt::format("--threads is at most {}", kMostThreads));
  }
  if (percent > 100) return absl::InvalidArgumentError("--cpu is at most 100, for each thread");
  options.threads = threads;
  options.cpu_percent = static_cast<unsigned>(percent);
  return options;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  terminal::Terminal& terminal = context.terminal();
  MREG_ASSIGN_OR_RETURN(const OptimizeOptions options, OptionsFrom(arguments));
  MREG_ASSIGN_OR_RETURN(
      const auto store,
      registry::LocalStore::Open(context.environment().store_directory, PosixFileSystem()));
  using SteadyClock = std::chrono::steady_clock;
  const auto report =
      registry::OptimizeStore(*store, options,
                              [&terminal, last = SteadyClock::time_point()](
                                  std::string_view phase, uint64_t done, uint64_t total) mutable {
                                const auto now = SteadyClock::now();
                                if (now - last < kBetweenBars) return;
                                last = now;
                                terminal.DrawBar(fmt::format("{}  {} of {}", phase, done, total));
                              });
  terminal.DrawBar("");
  if (!report.ok()) return report.status();
  const bool is_dry_run = options.mode == OptimizeMode::kDryRun;
  terminal.Print(arguments.wants_json() ? ToJson(*report, is_dry_run).ToText()
                                        : Format(*report, is_dry_run));
  return report->problems.empty() ? ExitCode::kOk : ExitCode::kVerificationFailed;
}

constexpr Option kOptions[] = {
    {.name = "dry-run", .letter = 'n', .help = "Only say what would be saved"},
    {.name = "threads", .value = "N", .help = "Work with so many threads (default: 1)"},
    {.name = "cpu",
     .value = "PERCENT",
     .help = "Let each thread work for so much of the time (default: 100)"}};

constexpr Example kExamples[] = {{"store optimize --dry-run", "See what it would save."},
                                 {"store optimize --cpu 50", "Do it, beside other work."}};

}  // namespace

const Command kStoreOptimizeCommand = {
    .name = "store optimize",
    .group = Group::kCare,
    .summary = "Store tensors as differences to others that are like them",
    .goal = "make the store smaller",
    .details =
        "Looks at the files that came since the last time. Tensors that were stored whole, because "
        "what they are like was not known or not here, are stored as differences to it. Files and "
        "ids stay as they are, and other commands go on meanwhile; mreg gc frees the old copies. "
        "Killed at any moment it leaves a sound store, and the next one does the rest. Exits with "
        "5 if something damaged was passed over.",
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
