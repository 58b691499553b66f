#include "daemon/serve.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>
#include <utility>

#include "daemon/admin_client.h"
#include "daemon/api/handler.h"
#include "schema/base/status.h"
#include "schema/lint/lint.h"
#include "schema/process/process.h"
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

// Does `step`, which says whether there was anything to do, until it is told to stop. What fails is
// logged as `event` and tried again later.
void Repeat(const char* event, const std::stop_token& stop,
            const std::function<absl::StatusOr<bool>()>& step) {
  constexpr std::chrono::milliseconds kPause{200};
  constexpr std::chrono::seconds kPauseAfterError{30};
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    const auto did = step();
    if (stop.stop_requested()) return;
    if (!did.ok()) {
      LogEvent(event, {{"error", std::string(MessageOf(did.status()))}});
    } else if (*did) {
      continue;
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, did.ok() ? kPause : kPauseAfterError, [] { return false; });
  }
}

// Keeps the catalog up to date with the journal.
void FollowJournal(registry::Knowledge& knowledge, const std::stop_token& stop) {
  Repeat("catalog_failed", stop, [&]() -> absl::StatusOr<bool> {
    MREG_ASSIGN_OR_RETURN(const uint64_t events, knowledge.FollowStep());
    return events > 0;
  });
}

absl::StatusOr<lint::Linter> OpenLinter(const lint::LintLimits& limits) {
  MREG_ASSIGN_OR_RETURN(std::string program, process::ProgramBeside("mreg-lint-onnx"));
  return lint::Linter::Open(std::move(program), limits);
}

// Lints what is in the catalog. Without the program a registry does all else.
void LintModels(registry::Knowledge& knowledge, const Config& config, const std::stop_token& stop) {
  if (!config.has_lint) return;
  const auto linter = OpenLinter(config.lint);
  if (!linter.ok()) {
    LogEvent("lint_unavailable", {{"error", std::string(MessageOf(linter.status()))}});
    return;
  }
  Repeat("lint_failed", stop, [&] { return knowledge.LintStep(*linter, stop); });
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
  std::jthread linter([&registry = *registry, &config](const std::stop_token& stop) {
    LintModels(registry.knowledge(), config, stop);
  });
  ExplainFirstStart(*registry, config);
  LogEvent("started", {{"version", MREG_VERSION}, {"data", config.data}});
  WaitForSignal(signals);
  LogEvent("stopping");
  follower.request_stop();
  linter.request_stop();
  registry->StopUpkeep();
  server->Stop(config.stop_grace);
  LogEvent("stopped");
  return absl::OkStatus();
}

}  // namespace mreg::daemon
