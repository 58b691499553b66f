#include "cli/credentials.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "cli/hint.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

constexpr char kToken[] = "token";
constexpr char kUser[] = "user";

absl::Status CheckPrivate(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("look at {}", path));
  }
  if ((info.st_mode & 077) == 0) return absl::OkStatus();
  return WithHint(absl::PermissionDeniedError(fmt::format("others can read {}", path)),
                  fmt::format("chmod 600 {}, and have its tokens replaced", path));
}

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

absl::StatusOr<std::string> RegistryOf(std::string_view url) {
  const size_t slashes = url.find("://");
  const size_t authority = slashes == std::string_view::npos ? 0 : slashes + 3;
  const size_t end = std::min(url.find_first_of("/?#", authority), url.size());
  std::string registry(url.substr(0, end));
  std::transform(registry.begin(), registry.end(), registry.begin(), ToLower);
  const bool is_http = registry.starts_with("http://") || registry.starts_with("https://");
  if (!is_http || end == authority || registry.find('@') != std::string::npos) {
    return absl::InvalidArgumentError(
        "a registry with tokens is http://host[:port] or https://host[:port]");
  }
  return registry;
}

absl::StatusOr<Credentials> Credentials::Load(const Environment& environment) {
  Credentials credentials(JoinPath(environment.config_directory, "credentials.toml"));
  MREG_RETURN_IF_ERROR(CheckPrivate(credentials.path_));
  MREG_ASSIGN_OR_RETURN(credentials.settings_, ReadSettings(credentials.path_));
  return credentials;
}

std::optional<Credential> Credentials::Find(const std::string& registry) const {
  const auto found = settings_.find(registry);
  if (found == settings_.end()) return std::nullopt;
  const auto token = found->second.find(kToken);
  if (token == found->second.end()) return std::nullopt;
  const auto user = found->second.find(kUser);
  return Credential{token->second, user == found->second.end() ? "" : user->second};
}

void Credentials::Put(const std::string& registry, const Credential& credential) {
  settings_[registry] = {{kToken, credential.token}, {kUser, credential.user}};
}

bool Credentials::Remove(const std::string& registry) { return settings_.erase(registry) > 0; }

absl::Status Credentials::Save() const { return WriteSettings(path_, settings_); }

absl::StatusOr<std::string> TokenFor(const Environment& environment, const std::string& registry) {
  if (!environment.token.empty()) return environment.token;
  MREG_ASSIGN_OR_RETURN(const Credentials credentials, Credentials::Load(environment));
  const auto found = credentials.Find(registry);
  return found ? found->token : "";
}

}  // namespace mreg::cli
