#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/api/endpoint.h"
#include "daemon/api/monitor.h"
#include "schema/base/status.h"

namespace mreg::api {

void Monitor::Tell(std::string_view phase, uint64_t done, uint64_t total) {
  std::lock_guard lock(mutex_);
  phase_ = phase;
  done_ = done;
  total_ = total;
}

std::string Monitor::ToJson() const {
  std::lock_guard lock(mutex_);
  return nlohmann::ordered_json{
      {"running", !phase_.empty()}, {"phase", phase_}, {"done", done_}, {"total", total_}}
      .dump();
}

http::Route MonitorRoute(registry::Registry& registry, const char* path,
                         std::shared_ptr<const Monitor> monitor) {
  return JsonRoute(registry, "GET", path,
                   [monitor = std::move(monitor)](const Call& call) -> absl::StatusOr<std::string> {
                     MREG_RETURN_IF_ERROR(call.registry.access().RequireAdmin(call.caller));
                     return monitor->ToJson();
                   });
}

}  // namespace mreg::api
