#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/terminal/json.h"
#include "cli/terminal/table.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "storage/content/usage.h"
#include "storage/registry/local_store.h"

namespace mreg::cli {
namespace {

using content::Usage;
using terminal::FormatSize;
using terminal::Json;

// Each line is what the lines before it, with their signs, add up to.
std::string FormatUsage(const std::string& folder, const Usage& usage, size_t clones) {
  terminal::Table table({terminal::Align::kLeft, terminal::Align::kRight, terminal::Align::kRight});
  const auto add = [&](std::string label, uint64_t bytes, std::string count = "") {
    table.AddRow({std::move(label), std::move(count), FormatSize(bytes)});
  };
  const bool shares = usage.shared_bytes >= 0;
  add("files, each once", usage.file_bytes, fmt::format("{}", usage.files));
  add(shares ? "- shared parts" : "+ unused parts",
      static_cast<uint64_t>(shares ? usage.shared_bytes : -usage.shared_bytes));
  add("+ parts of no file", usage.loose_bytes);
  add("= chunks, plain", usage.plain_bytes(), fmt::format("{}", usage.chunks()));
  for (const content::EncodingUsage& encoding : usage.encodings) {
    add("- saved by " + encoding.name, encoding.plain_bytes - encoding.stored_bytes,
        fmt::format("{}", encoding.chunks));
  }
  add("= chunks as stored", usage.stored_bytes());
  add("+ headers and footers", usage.overhead_bytes);
  add("+ dead", usage.dead_bytes);
  add("= packs on the disk", usage.pack_bytes, fmt::format("{}", usage.packs));
  table.AddRow({"clones", fmt::format("{}", clones), ""});
  return fmt::format("{}\n{}", folder, table.ToText(2));
}

Json EncodingsJson(const Usage& usage) {
  Json encodings = Json::Array();
  for (const content::EncodingUsage& encoding : usage.encodings) {
    encodings.Append(Json::Object({{"name", encoding.name},
                                   {"chunks", encoding.chunks},
                                   {"plain_bytes", encoding.plain_bytes},
                                   {"stored_bytes", encoding.stored_bytes}}));
  }
  return encodings;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const std::string& folder = context.environment().store_directory;
  MREG_ASSIGN_OR_RETURN(const auto store, registry::LocalStore::Open(folder, PosixFileSystem()));
  MREG_ASSIGN_OR_RETURN(const Usage usage, content::MeasureUsage(store->content()));
  MREG_ASSIGN_OR_RETURN(const auto clones, store->Clones());
  const Json json = Json::Object({{"folder", folder},
                                  {"artifacts", usage.files},
                                  {"logical_bytes", usage.file_bytes},
                                  {"shared_bytes", usage.shared_bytes},
                                  {"loose_bytes", usage.loose_bytes},
                                  {"chunks", usage.chunks()},
                                  {"unique_bytes", usage.plain_bytes()},
                                  {"encodings", EncodingsJson(usage)},
                                  {"stored_bytes", usage.stored_bytes()},
                                  {"overhead_bytes", usage.overhead_bytes},
                                  {"dead_bytes", usage.dead_bytes},
                                  {"packs", usage.packs},
                                  {"pack_bytes", usage.pack_bytes},
                                  {"clones", clones.size()}});
  context.terminal().Print(arguments.wants_json() ? json.ToText()
                                                  : FormatUsage(folder, usage, clones.size()));
  return ExitCode::kOk;
}

constexpr Example kExamples[] = {
    {"store stats", "From the files down to the packs, in steps that add up."}};

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
