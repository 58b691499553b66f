// The tokens that `mreg login` keeps, by registry: credentials.toml in the user's configuration.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/settings_file.h"

namespace mreg::cli {

struct Credential {
  std::string token;
  std::string user;  // whose it is, as the registry says
};

// The registry of a URL: "https://host:port", its scheme and host in lower case, without what
// follows. InvalidArgument unless it is an http or https URL without user and password.
absl::StatusOr<std::string> RegistryOf(std::string_view url);

class Credentials {
 public:
  // PermissionDenied if others can read the file: its tokens have to be taken for known.
  static absl::StatusOr<Credentials> Load(const Environment& environment);

  std::optional<Credential> Find(const std::string& registry) const;
  void Put(const std::string& registry, const Credential& credential);
  // False if there was none.
  bool Remove(const std::string& registry);

  // Durably, readable by the owner only.
  absl::Status Save() const;

 private:
  explicit Credentials(std::string path) : path_(std::move(path)) {}

  std::string path_;
  Settings settings_;
};

// The token for `registry`: MREG_TOKEN, else the stored one, else "".
absl::StatusOr<std::string> TokenFor(const Environment& environment, const std::string& registry);

}  // namespace mreg::cli
