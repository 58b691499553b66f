#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/terminal/json.h"
#include "cli/terminal/table.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "storage/registry/local_store.h"

namespace mreg::cli {
namespace {

using content::StoreStats;
using terminal::FormatSize;
using terminal::Json;

std::string FormatStats(const std::string& folder, const StoreStats& stats, size_t clones) {
  terminal::Table table({terminal::Align::kLeft, terminal::Align::kRight, terminal::Align::kRight});
  table.AddRow({"files", fmt::format("{}", stats.artifacts), FormatSize(stats.logical_bytes)});
  table.AddRow({"chunks", fmt::format("{}", stats.chunks), FormatSize(stats.unique_bytes)});
  table.AddRow({"chunks as stored", "", FormatSize(stats.stored_bytes)});
  table.AddRow({"packs", fmt::format("{}", stats.packs), FormatSize(stats.pack_bytes)});
  table.AddRow({"clones", fmt::format("{}", clones), ""});
  return fmt::format("{}\n{}", folder, table.ToText(2));
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const std::string& folder = context.environment().store_directory;
  MREG_ASSIGN_OR_RETURN(const auto store, registry::LocalStore::Open(folder, PosixFileSystem()));
  MREG_ASSIGN_OR_RETURN(const StoreStats stats, store->content().Stats());
  MREG_ASSIGN_OR_RETURN(const auto clones, store->Clones());
  const Json json = Json::Object({{"folder", folder},
                                  {"artifacts", stats.artifacts},
                                  {"logical_bytes", stats.logical_bytes},
                                  {"chunks", stats.chunks},
                                  {"unique_bytes", stats.unique_bytes},
                                  {"stored_bytes", stats.stored_bytes},
                                  {"packs", stats.packs},
                                  {"pack_bytes", stats.pack_bytes},
                                  {"clones", clones.size()}});
  context.terminal().Print(arguments.wants_json() ? json.ToText()
                                                  : FormatStats(folder, stats, clones.size()));
  return ExitCode::kOk;
}

constexpr Example kExamples[] = {
    {"store stats", "How much all files would take, and how much they do."}};

}  // namespace

const Command kStoreStatsCommand = {
    .name = "store stats",
    .group = Group::kCare,
    .summary = "Show what the user's store holds",
    .goal = "look at the store",
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
