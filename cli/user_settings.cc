#include "cli/user_settings.h"

#include <fmt/format.h>

#include "cli/settings_file.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

std::string SettingsPath(const Environment& environment) {
  return JoinPath(environment.config_directory, "settings.toml");
}

std::pair<std::string, std::string> SplitKey(std::string_view key) {
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) return {std::string(key), ""};
  return {std::string(key.substr(0, dot)), std::string(key.substr(dot + 1))};
}

}  // namespace

absl::StatusOr<std::optional<std::string>> GetUserSetting(const Environment& environment,
                                                          std::string_view key) {
  MREG_ASSIGN_OR_RETURN(Settings settings, ReadSettings(SettingsPath(environment)));
  const auto [table, name] = SplitKey(key);
  const auto found = settings[table].find(name);
  if (found == settings[table].end()) return std::nullopt;
  return found->second;
}

absl::Status SetUserSetting(const Environment& environment, std::string_view key,
                            const std::string& value) {
  if (key != kUserNameKey && key != kUserEmailKey) {
    return absl::InvalidArgumentError(fmt::format("the settings of a user are {} and {}, not '{}'",
                                                  kUserNameKey, kUserEmailKey, key));
  }
  MREG_ASSIGN_OR_RETURN(Settings settings, ReadSettings(SettingsPath(environment)));
  const auto [table, name] = SplitKey(key);
  settings[table][name] = value;
  return WriteSettings(SettingsPath(environment), settings);
}

}  // namespace mreg::cli
