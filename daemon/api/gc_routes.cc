#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/api/endpoint.h"
#include "daemon/api/monitor.h"
#include "daemon/api/routes.h"
#include "schema/base/status.h"

namespace mreg::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kGraceDays = 14;
constexpr uint64_t kMostDays = 36'500;

std::string ReportJson(const registry::GcReport& report, bool is_dry_run, uint64_t grace_days) {
  const content::GcPlan& plan = report.plan;
  const content::GcOutcome& outcome = report.outcome;
  return Json{{"dry_run", is_dry_run},
              {"grace_days", grace_days},
              {"files", plan.files},
              {"used_files", plan.used_files},
              {"kept_files", plan.kept_files},
              {"free_files", plan.dead_files.size()},
              {"free_chunks", plan.dead_chunks.size()},
              {"free_bytes", plan.dead_bytes},
              {"free_disk_bytes", plan.free_bytes},
              {"free_objects", report.objects},
              {"removed_files", outcome.removed_files},
              {"removed_chunks", outcome.removed_chunks},
              {"removed_objects", report.removed_objects},
              {"removed_attestations", report.removed_attestations},
              {"removed_packs", outcome.removed_packs},
              {"rewritten_packs", outcome.rewritten_packs},
              {"freed_bytes", outcome.freed_bytes},
              {"held", outcome.held},
              {"busy_repositories", report.busy_repositories},
              {"problems", outcome.problems}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<std::string> Collect(const Call& call, Monitor& monitor) {
  MREG_ASSIGN_OR_RETURN(const uint64_t grace_days,
                        NumberFrom(call.request, "grace_days", kGraceDays, kMostDays));
  registry::GcOptions options;
  options.grace = std::chrono::days(grace_days);
  const bool is_dry_run = call.request.Query("dry_run") == "true";
  if (is_dry_run) options.mode = registry::GcMode::kPlanOnly;
  const auto report = monitor.Watch([&](const content::GcProgress& progress) {
    return call.registry.CollectGarbage(call.caller, options, progress);
  });
  if (!report.ok()) return report.status();
  return ReportJson(*report, is_dry_run, grace_days);
}

}  // namespace

void AddGcRoutes(registry::Registry& registry, std::vector<http::Route>& routes) {
  const auto monitor = std::make_shared<Monitor>();
  routes.push_back(JsonRoute(registry, "POST", "/api/v1/gc",
                             [monitor](const Call& call) { return Collect(call, *monitor); }));
  routes.push_back(MonitorRoute(registry, "/api/v1/gc", monitor));
}

}  // namespace mreg::api
