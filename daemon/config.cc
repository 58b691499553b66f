#include "daemon/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <chrono>
#include <functional>
#include <map>

#include "schema/base/status.h"

namespace mreg::daemon {
namespace {

// Puts a value where it belongs; false if it is of a wrong kind.
using Setter = std::function<bool(const toml::node& value, Config& config)>;
using Setters = std::map<std::string, Setter, std::less<>>;

bool ToNumber(const toml::node& value, int64_t min, int64_t max, int64_t& number) {
  const auto found = value.value_exact<int64_t>();
  if (!found || *found < min || *found > max) return false;
  number = *found;
  return true;
}

template <typename T>
Setter Text(T Config::*member) {
  return [member](const toml::node& value, Config& config) {
    const auto text = value.value_exact<std::string>();
    if (text) config.*member = *text;
    return text.has_value();
  };
}

template <typename T>
Setter Limit(T http::Limits::*member, int64_t max) {
  return [member, max](const toml::node& value, Config& config) {
    int64_t number = 0;
    if (!ToNumber(value, 1, max, number)) return false;
    config.limits.*member = static_cast<T>(number);
    return true;
  };
}

Setter LimitSeconds(std::chrono::milliseconds http::Limits::*member) {
  return [member](const toml::node& value, Config& config) {
    int64_t seconds = 0;
    if (!ToNumber(value, 1, 86'400, seconds)) return false;
    config.limits.*member = std::chrono::seconds(seconds);
    return true;
  };
}

bool SetListen(const toml::node& value, Config& config) {
  const toml::array* const addresses = value.as_array();
  if (addresses == nullptr || addresses->empty()) return false;
  config.listen.clear();
  for (const toml::node& address : *addresses) {
    const auto text = address.value_exact<std::string>();
    if (!text) return false;
    config.listen.push_back(*text);
  }
  return true;
}

bool SetAnonymousRead(const toml::node& value, Config& config) {
  const auto allowed = value.value_exact<bool>();
  if (!allowed) return false;
  config.anonymous_read =
      *allowed ? registry::AnonymousRead::kAllowed : registry::AnonymousRead::kForbidden;
  return true;
}

Setter Tls(std::string http::TlsFiles::*member) {
  return [member](const toml::node& value, Config& config) {
    const auto path = value.value_exact<std::string>();
    if (!path) return false;
    if (!config.tls) config.tls.emplace();
    (*config.tls).*member = *path;
    return true;
  };
}

bool SetWorkers(const toml::node& value, Config& config) {
  int64_t number = 0;
  if (!ToNumber(value, 1, 1'024, number)) return false;
  config.worker_threads = static_cast<size_t>(number);
  return true;
}

bool SetGrace(const toml::node& value, Config& config) {
  int64_t seconds = 0;
  if (!ToNumber(value, 0, 3'600, seconds)) return false;
  config.stop_grace = std::chrono::seconds(seconds);
  return true;
}

bool SetHasLint(const toml::node& value, Config& config) {
  const auto enabled = value.value_exact<bool>();
  if (enabled) config.has_lint = *enabled;
  return enabled.has_value();
}

bool SetLintSeconds(const toml::node& value, Config& config) {
  int64_t seconds = 0;
  if (!ToNumber(value, 1, 3'600, seconds)) return false;
  config.lint.seconds = static_cast<double>(seconds);
  return true;
}

bool SetLintMemory(const toml::node& value, Config& config) {
  constexpr int64_t kLeast = 64 << 20;  // libonnx itself needs some
  int64_t bytes = 0;
  if (!ToNumber(value, kLeast, int64_t{1} << 40, bytes)) return false;
  config.lint.memory = static_cast<uint64_t>(bytes);
  return true;
}

constexpr int64_t kMostBytes = int64_t{1} << 60;
constexpr std::string_view kNamespaceQuota = "quota.namespaces.";

bool SetQuota(const toml::node& value, Config& config) {
  int64_t bytes = 0;
  if (!ToNumber(value, 0, kMostBytes, bytes)) return false;
  config.quotas.each = static_cast<uint64_t>(bytes);
  return true;
}

// A key for each namespace that the operator names.
Setter NamespaceQuota(std::string space) {
  return [space = std::move(space)](const toml::node& value, Config& config) {
    int64_t bytes = 0;
    if (!registry::IsValidNamePart(space) || !ToNumber(value, 0, kMostBytes, bytes)) return false;
    config.quotas.by_namespace[space] = static_cast<uint64_t>(bytes);
    return true;
  };
}

constexpr std::string_view kContent = "content.";
constexpr std::string_view kNamespaceContent = "content.namespaces.";

Setter ContentAnswerOf(std::string space, registry::ContentRule rule) {
  return [space = std::move(space), rule](const toml::node& value, Config& config) {
    const auto text = value.value_exact<std::string>();
    const bool is_valid = space.empty() || registry::IsValidNamePart(space);
    if (!is_valid || !text || (*text != "allow" && *text != "refuse")) return false;
    config.content.Set(
        space, rule,
        *text == "allow" ? registry::ContentAnswer::kAllow : registry::ContentAnswer::kRefuse);
    return true;
  };
}

// A rule for all namespaces, or for one: its name may have dots, the rule's has none.
Setter ContentSetter(std::string_view name) {
  const bool is_own = name.starts_with(kNamespaceContent);
  name.remove_prefix(is_own ? kNamespaceContent.size() : kContent.size());
  const size_t dot = name.rfind('.');
  if ((dot != name.npos) != is_own) return nullptr;
  const auto rule = registry::ContentRuleOf(is_own ? name.substr(dot + 1) : name);
  if (!rule) return nullptr;
  return ContentAnswerOf(std::string(is_own ? name.substr(0, dot) : ""), *rule);
}

const Setters& AllSetters() {
  constexpr int64_t kMany = int64_t{1} << 40;
  static const Setters* const setters = new Setters{
      {"data", Text(&Config::data)},
      {"listen", SetListen},
      {"anonymous_read", SetAnonymousRead},
      {"worker_threads", SetWorkers},
      {"stop_grace_seconds", SetGrace},
      {"lint.enabled", SetHasLint},
      {"lint.seconds", SetLintSeconds},
      {"lint.memory_bytes", SetLintMemory},
      {"log.level", Text(&Config::log_level)},
      {"quota.default_bytes", SetQuota},
      {"tls.certificate_chain", Tls(&http::TlsFiles::certificate_chain)},
      {"tls.private_key", Tls(&http::TlsFiles::private_key)},
      {"limits.header_timeout_seconds", LimitSeconds(&http::Limits::header_timeout)},
      {"limits.idle_timeout_seconds", LimitSeconds(&http::Limits::idle_timeout)},
      {"limits.min_body_bytes_per_second", Limit(&http::Limits::min_body_bytes_per_second, kMany)},
      {"limits.max_body_bytes", Limit(&http::Limits::max_body_bytes, int64_t{1} << 50)},
      {"limits.max_connections", Limit(&http::Limits::max_connections, 1'000'000)},
      {"limits.max_connections_per_address",
       Limit(&http::Limits::max_connections_per_address, 1'000'000)},
  };
  return *setters;
}

// Empty if there is no such setting.
Setter SetterOf(const std::string& name) {
  if (name.starts_with(kNamespaceQuota)) return NamespaceQuota(name.substr(kNamespaceQuota.size()));
  if (name.starts_with(kContent)) return ContentSetter(name);
  const auto found = AllSetters().find(name);
  return found == AllSetters().end() ? nullptr : found->second;
}

absl::Status Apply(const toml::table& table, const std::string& prefix, Config& config) {
  for (const auto& [key, value] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const toml::table* const section = value.as_table()) {
      MREG_RETURN_IF_ERROR(Apply(*section, name + ".", config));
      continue;
    }
    const Setter setter = SetterOf(name);
    const auto line = value.source().begin.line;
    if (!setter) {
      return absl::InvalidArgumentError(fmt::format("line {}: unknown setting {}", line, name));
    }
    if (!setter(value, config)) {
      return absl::InvalidArgumentError(
          fmt::format("line {}: {} cannot have this value", line, name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyToml(const std::string& text, Config& config) {
  try {
    return Apply(toml::parse(text), "", config);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        fmt::format("line {}: {}", error.source().begin.line, error.description()));
  }
}

}  // namespace mreg::daemon
