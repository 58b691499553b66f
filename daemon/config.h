// What an operator sets: docs/operations.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/http/server.h"
#include "schema/lint/lint.h"
#include "storage/registry/access.h"
#include "storage/registry/content_rules.h"
#include "storage/registry/quotas.h"

namespace mreg::daemon {

struct Config {
  std::string data;  // the registry's folder
  std::vector<std::string> listen{"127.0.0.1:7878"};
  registry::AnonymousRead anonymous_read = registry::AnonymousRead::kAllowed;
  std::optional<http::TlsFiles> tls;
  http::Limits limits;
  size_t worker_threads = 16;
  std::string log_level = "info";  // debug, info, warn, error
  std::chrono::seconds stop_grace{30};
  registry::QuotaLimits quotas;
  registry::ContentRules content;
  bool has_lint = true;
  lint::LintLimits lint{.niceness = 19};
};

// Sets what the TOML text names and leaves the rest. InvalidArgument, with the key and line, for
// unknown keys and values of a wrong kind: a misspelt setting must not be ignored.
absl::Status ApplyToml(const std::string& text, Config& config);

}  // namespace mreg::daemon
