#include "daemon/optimize_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/watched_call.h"

namespace mreg::daemon {
namespace {

using Json = nlohmann::ordered_json;

std::string Format(const Json& report) {
  const auto number = [&](const char* name) { return report.value(name, uint64_t{0}); };
  const auto megabytes = [&](const char* name) { return static_cast<double>(number(name)) / 1e6; };
  std::string text =
      fmt::format("looked at {} of {} files\n", number("looked_files"), number("files"));
  if (number("improved_chunks") == 0) {
    text += "nothing to store better\n";
  } else {
    text += fmt::format("{} chunks {}: {:.1f} MB instead of {:.1f} MB\n", number("improved_chunks"),
                        report.value("dry_run", false) ? "would be stored better" : "stored better",
                        megabytes("bytes_after"), megabytes("bytes_before"));
  }
  if (number("held") > 0) {
    text +=
        fmt::format("{} chunks stayed as they are for pushes of the last day\n", number("held"));
  }
  return text;
}

}  // namespace

absl::Status RunOptimize(const OptimizeCommand& command) {
  const auto answer = CallWatched(command.data, "/api/v1/optimize",
                                  fmt::format("dry_run={}&threads={}&cpu={}", command.is_dry_run,
                                              command.threads, command.cpu_percent));
  if (!answer.ok()) return answer.status();
  const Json report = Json::parse(*answer);
  fmt::print("{}", command.json ? *answer + "\n" : Format(report));
  for (const Json& problem : report["problems"]) {
    fmt::print(stderr, "mregd: {}\n", problem.get<std::string>());
  }
  if (report["problems"].empty()) return absl::OkStatus();
  return absl::DataLossError("something damaged was passed over");
}

}  // namespace mreg::daemon
