#include "daemon/stats_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/admin_client.h"
#include "schema/base/status.h"

namespace mreg::daemon {
namespace {

using Json = nlohmann::ordered_json;

std::string Row(std::string_view label, int64_t bytes, std::string_view note = {}) {
  return fmt::format("{:<36} {:>20}{}{}\n", label, bytes, note.empty() ? "" : "  ", note);
}

// Each line is what the lines before it, with their signs, add up to.
std::string FormatWaterfall(const Json& stats) {
  const auto bytes = [&](const char* name) { return stats.value(name, int64_t{0}); };
  const auto count = [&](const char* name, const char* what) {
    return fmt::format("{} {}", stats.value(name, uint64_t{0}), what);
  };
  std::string text = Row("files of all versions", bytes("version_bytes"));
  text += Row("- the same in several versions", -bytes("repeated_bytes"));
  text += Row("+ of no version", bytes("unreached_bytes"));
  text += Row("= files, each once", bytes("logical_bytes"), count("artifacts", "files"));
  text += Row("- shared parts", -bytes("shared_bytes"));
  text += Row("+ parts of no file", bytes("loose_bytes"));
  text += Row("= chunks, plain", bytes("unique_bytes"), count("chunks", "chunks"));
  for (const Json& encoding : stats["encodings"]) {
    const auto plain = encoding.value("plain_bytes", int64_t{0});
    text +=
        Row(fmt::format("- saved by {}", encoding.value("name", "")),
            encoding.value("stored_bytes", int64_t{0}) - plain,
            fmt::format("{} chunks, of {} bytes", encoding.value("chunks", uint64_t{0}), plain));
  }
  text += Row("= chunks as stored", bytes("stored_bytes"));
  text += Row("+ headers and footers", bytes("overhead_bytes"));
  text += Row("+ dead", bytes("dead_bytes"), "mregd gc frees some of it");
  text += Row("= packs on the disk", bytes("pack_bytes"), count("packs", "packs"));
  return text;
}

std::string FormatRepositories(const Json& repositories) {
  std::string text = fmt::format("\n{:<36} {:>8} {:>17} {:>17} {:>17}\n", "repository", "versions",
                                 "of all versions", "each file once", "as stored");
  for (const Json& usage : repositories) {
    text += fmt::format(
        "{:<36} {:>8} {:>17} {:>17} {:>17}\n", usage.value("name", ""),
        usage.value("versions", uint64_t{0}), usage.value("version_bytes", uint64_t{0}),
        usage.value("file_bytes", uint64_t{0}), usage.value("stored_bytes", uint64_t{0}));
  }
  return text;
}

}  // namespace

absl::Status RunStats(const StatsCommand& command) {
  MREG_ASSIGN_OR_RETURN(const std::string answer,
                        CallAsOwner(command.data, IfAbsent::kFail, "GET", "/api/v1/stats", ""));
  if (command.json) {
    fmt::print("{}\n", answer);
    return absl::OkStatus();
  }
  const Json stats = Json::parse(answer);
  fmt::print("{}", FormatWaterfall(stats));
  if (!stats["repositories"].empty()) fmt::print("{}", FormatRepositories(stats["repositories"]));
  return absl::OkStatus();
}

}  // namespace mreg::daemon
