// How far a long request is, for other requests to ask.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "daemon/http/router.h"
#include "storage/registry/registry.h"

namespace mreg::api {

// Thread-safe.
class Monitor {
 public:
  // What `work` gives, which is called with the progress to tell of.
  template <typename Work>
  auto Watch(Work work) {
    bool is_ours = false;  // not one that another request began
    auto result = work([&](std::string_view phase, uint64_t done, uint64_t total) {
      is_ours = true;
      Tell(phase, done, total);
    });
    if (is_ours) Tell("", 0, 0);
    return result;
  }

  std::string ToJson() const;

 private:
  void Tell(std::string_view phase, uint64_t done, uint64_t total);

  mutable std::mutex mutex_;
  std::string phase_;  // empty: none is under way
  uint64_t done_ = 0, total_ = 0;
};

// GET `path` tells an admin what `monitor` knows.
http::Route MonitorRoute(registry::Registry& registry, const char* path,
                         std::shared_ptr<const Monitor> monitor);

}  // namespace mreg::api
