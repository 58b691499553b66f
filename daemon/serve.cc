#include "daemon/serve.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>

#include "daemon/admin_client.h"
#include "daemon/api/handler.h"
#include "schema/base/status.h"
#include "storage/registry/registry.h"

namespace mreg::daemon {
namespace {

using Json = nlohmann::ordered_json;

// One JSON object a line on stderr.
void SetUpLog(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("mregd");
  logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                      spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

// `fields` without the braces, which the log's pattern writes.
std::string Inner(const Json& fields) {
  const std::string text = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

void LogEvent(std::string_view event, Json fields = Json::object()) {
  Json line{{"event", event}};
  line.update(fields);
  spdlog::info("{}", Inner(line));
}

void LogRequest(const http::AccessRecord& record) {
  spdlog::info("{}", Inner({{"event", "request"},
                            {"request_id", record.request_id},
                            {"peer", record.peer},
                            {"method", record.method},
                            {"path", record.path},
                            {"status", record.status},
                            {"bytes_in", record.bytes_in},
                            {"bytes_out", record.bytes_out},
                            {"duration_us", record.duration.count()}}));
}

// Blocked in every thread, so that the wait below gets them and nothing is interrupted.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void WaitForSignal(const sigset_t& signals) {
  int signal_number = 0;
  while (sigwait(&signals, &signal_number) != 0) {
  }
}

// For the person who starts a registry for the first time.
void ExplainFirstStart(registry::Registry& registry, const Config& config) {
  const auto tokens = registry.access().ListTokens(registry::Access::Owner());
  if (!tokens.ok() || !tokens->empty()) return;
  fmt::print(stderr,
             "mregd: this registry has no tokens yet, so nobody can push to it.\n"
             "mregd: make one with: mregd token create --data {} --name NAME --role write\n",
             config.data);
}

// Keeps the catalog up to date with the journal until it is told to stop.
void FollowJournal(registry::Knowledge& knowledge, const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kPause{200};
  constexpr std::chrono::seconds kPauseAfterError{30};
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    const auto events = knowledge.FollowStep();
    if (!events.ok()) {
      LogEvent("catalog_failed", {{"error", std::string(MessageOf(events.status()))}});
    } else if (*events > 0) {
      continue;
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, events.ok() ? kPause : kPauseAfterError, [] { return false; });
  }
}

}  // namespace

absl::Status Serve(const Config& config) {
  const sigset_t signals = BlockStopSignals();
  SetUpLog(config.log_level);
  const SystemClock clock;
  MREG_ASSIGN_OR_RETURN(const auto registry,
                        registry::OpenRegistry(config.data, registry::OpenMode::kCreate,
                                               {.anonymous_read = config.anonymous_read,
                                                .quotas = config.quotas,
                                                .content = config.content},
                                               PosixFileSystem(), clock));
  const auto handler = api::MakeApiHandler(*registry);
  http::ServerOptions options;
  options.listen = config.listen;
  options.unix_socket = SocketPath(config.data);
  options.tls = config.tls;
  options.limits = config.limits;
  options.worker_threads = config.worker_threads;
  MREG_ASSIGN_OR_RETURN(const auto server,
                        http::StartServer(std::move(options), *handler, LogRequest));
  for (const std::string& address : server->addresses()) {
    fmt::print(stderr, "mregd: serving {} on {}://{}\n", config.data, config.tls ? "https" : "http",
               address);
  }
  std::jthread follower([&registry = *registry](const std::stop_token& stop) {
    FollowJournal(registry.knowledge(), stop);
  });
  ExplainFirstStart(*registry, config);
  LogEvent("started", {{"version", MREG_VERSION}, {"data", config.data}});
  WaitForSignal(signals);
  LogEvent("stopping");
  follower.request_stop();
  registry->StopUpkeep();
  server->Stop(config.stop_grace);
  LogEvent("stopped");
  return absl::OkStatus();
}

}  // namespace mreg::daemon
