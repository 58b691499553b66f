#include "cli/environment.h"

#include <cstdlib>
#include <filesystem>

#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

absl::StatusOr<std::string> XdgFolder(const GetVariable& get, const char* variable,
                                      std::string_view below_home) {
  const auto value = get(variable);
  if (value && value->starts_with('/')) return JoinPath(*value, "mreg");
  const auto home = get("HOME");
  if (!home || !home->starts_with('/')) {
    return absl::FailedPreconditionError("neither MREG_HOME nor HOME names a folder");
  }
  return JoinPath(JoinPath(*home, below_home), "mreg");
}

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return ErrnoStatus(error.value(), "find the current folder");
  return absolute.lexically_normal().string();
}

}  // namespace

absl::StatusOr<Environment> ReadEnvironment(const GetVariable& get) {
  Environment environment;
  environment.token = get("MREG_TOKEN").value_or("");
  environment.author = get("MREG_AUTHOR").value_or("");
  if (const auto home = get("MREG_HOME"); home && !home->empty()) {
    MREG_ASSIGN_OR_RETURN(environment.config_directory, AbsolutePath(*home));
    environment.store_directory = JoinPath(environment.config_directory, "store");
    return environment;
  }
  MREG_ASSIGN_OR_RETURN(environment.config_directory, XdgFolder(get, "XDG_CONFIG_HOME", ".config"));
  MREG_ASSIGN_OR_RETURN(const std::string data, XdgFolder(get, "XDG_DATA_HOME", ".local/share"));
  environment.store_directory = JoinPath(data, "store");
  return environment;
}

std::optional<std::string> GetProcessVariable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace mreg::cli
