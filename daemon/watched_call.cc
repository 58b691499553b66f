#include "daemon/watched_call.h"

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
void TellProgress(const std::stop_token& stop, OwnerConnection& connection,
                  const std::string& path) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  std::string last;
  while (!stopped.wait_for(lock, stop, kBetweenLooks, [&] { return stop.stop_requested(); })) {
    const auto answer = connection.Call("GET", path, "");
    const Json state = answer.ok() ? Json::parse(*answer, nullptr, false) : Json();
    if (!state.is_object() || !state.value("running", false)) continue;
    const std::string line =
        fmt::format("{}: {} of {}", state.value("phase", ""), state.value("done", uint64_t{0}),
                    state.value("total", uint64_t{0}));
    if (line != last) fmt::print(stderr, "mregd: {}\n", line);
    last = line;
  }
}

}  // namespace

absl::StatusOr<std::string> CallWatched(const std::string& directory, const std::string& path,
                                        const std::string& query) {
  MREG_ASSIGN_OR_RETURN(const auto connection, ConnectAsOwner(directory, IfAbsent::kFail));
  const std::jthread progress(
      [&](const std::stop_token& stop) { TellProgress(stop, *connection, path); });
  return connection->Call("POST", path + "?" + query, "");
}

}  // namespace mreg::daemon
