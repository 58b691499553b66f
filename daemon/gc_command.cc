#include "daemon/gc_command.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>

#include "daemon/admin_client.h"
#include "schema/base/status.h"

namespace mreg::daemon {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kBetweenLooks{1};

// A line on stderr each second in which it went on. Nobody waits for it.
void TellProgress(const std::stop_token& stop, OwnerConnection& connection) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  std::string last;
  while (!stopped.wait_for(lock, stop, kBetweenLooks, [&] { return stop.stop_requested(); })) {
    const auto answer = connection.Call("GET", "/api/v1/gc", "");
    const Json state = answer.ok() ? Json::parse(*answer, nullptr, false) : Json();
    if (!state.is_object() || !state.value("running", false)) continue;
    const std::string line =
        fmt::format("{}: {} of {}", state.value("phase", ""), state.value("done", uint64_t{0}),
                    state.value("total", uint64_t{0}));
    if (line != last) fmt::print(stderr, "mregd: {}\n", line);
    last = line;
  }
}

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
  MREG_ASSIGN_OR_RETURN(const auto connection, ConnectAsOwner(command.data, IfAbsent::kFail));
  absl::StatusOr<std::string> answer;
  {
    const std::jthread progress(
        [&](const std::stop_token& stop) { TellProgress(stop, *connection); });
    answer = connection->Call(
        "POST",
        fmt::format("/api/v1/gc?grace_days={}&dry_run={}", command.grace_days, command.is_dry_run),
        "");
  }
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
