#include "daemon/gc_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/watched_call.h"

namespace mreg::daemon {
namespace {

using Json = nlohmann::ordered_json;

std::string Megabytes(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string Format(const Json& report) {
  const auto number = [&](const char* name) { return report.value(name, uint64_t{0}); };
  std::string text = fmt::format(
      "{} files in the registry, {} in use\n{} unused, but with data of the last {} days: kept\n",
      number("files"), number("used_files"), number("kept_files"), number("grace_days"));
  if (report.value("dry_run", false)) {
    return text + fmt::format(
                      "would be freed: {} files, {} chunks, {} objects of history, {} on "
                      "the disk\n",
                      number("free_files"), number("free_chunks"), number("free_objects"),
                      Megabytes(number("free_disk_bytes")));
  }
  text += fmt::format(
      "freed: {} files, {} chunks, {} objects of history, {} on the disk ({} packs, {} of them "
      "written again)\n",
      number("removed_files"), number("removed_chunks"), number("removed_objects"),
      Megabytes(number("freed_bytes")), number("removed_packs"), number("rewritten_packs"));
  if (number("held") > 0) {
    text += fmt::format("{} files and chunks stayed for pushes under way\n", number("held"));
  }
  if (number("busy_repositories") > 0) {
    text += fmt::format("{} repositories were pushed to meanwhile: their history stayed whole\n",
                        number("busy_repositories"));
  }
  return text;
}

}  // namespace

absl::Status RunGc(const GcCommand& command) {
  const auto answer =
      CallWatched(command.data, "/api/v1/gc",
                  fmt::format("grace_days={}&dry_run={}", command.grace_days, command.is_dry_run));
  if (!answer.ok()) return answer.status();
  const Json report = Json::parse(*answer);
  fmt::print("{}", command.json ? *answer + "\n" : Format(report));
  for (const Json& problem : report["problems"]) {
    fmt::print(stderr, "mregd: {}\n", problem.get<std::string>());
  }
  if (report["problems"].empty()) return absl::OkStatus();
  return absl::DataLossError("some packs were left as they are");
}

}  // namespace mreg::daemon
