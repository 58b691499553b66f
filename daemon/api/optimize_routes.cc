#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/api/endpoint.h"
#include "daemon/api/monitor.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"

namespace mreg::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMostThreads = 256;

std::string ReportJson(const content::OptimizeReport& report, bool is_dry_run) {
  return Json{{"dry_run", is_dry_run},
              {"files", report.files},
              {"looked_files", report.looked_files},
              {"tensors", report.tensors},
              {"chunks", report.chunks},
              {"improved_chunks", report.improved_chunks},
              {"bytes_before", report.bytes_before},
              {"bytes_after", report.bytes_after},
              {"held", report.held},
              {"problems", report.problems}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<std::string> Optimize(const Call& call, Monitor& monitor) {
  MREG_ASSIGN_OR_RETURN(const uint64_t threads,
                        NumberFrom(call.request, "threads", 1, kMostThreads));
  MREG_ASSIGN_OR_RETURN(const uint64_t percent, NumberFrom(call.request, "cpu", 100, 100));
  if (threads == 0 || percent == 0) {
    return absl::InvalidArgumentError("threads and cpu are at least 1");
  }
  content::OptimizeOptions options;
  options.threads = threads;
  options.cpu_percent = static_cast<unsigned>(percent);
  const bool is_dry_run = call.request.Query("dry_run") == "true";
  if (is_dry_run) options.mode = content::OptimizeMode::kDryRun;
  const auto report = monitor.Watch([&](const content::GcProgress& progress) {
    return call.registry.Optimize(call.caller, options, progress);
  });
  if (!report.ok()) return report.status();
  return ReportJson(*report, is_dry_run);
}

}  // namespace

void AddOptimizeRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  const auto monitor = std::make_shared<Monitor>();
  routes.push_back(JsonRoute(registry, "POST", "/api/v1/optimize",
                             [monitor](const Call& call) { return Optimize(call, *monitor); }));
  routes.push_back(MonitorRoute(registry, "/api/v1/optimize", monitor));
}

}  // namespace mreg::api
