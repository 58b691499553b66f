// A user's own settings, for all clones: settings.toml.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/environment.h"

namespace mreg::cli {

inline constexpr char kUserNameKey[] = "user.name";
inline constexpr char kUserEmailKey[] = "user.email";

// `key` is table.name. Nothing if it is not set.
absl::StatusOr<std::optional<std::string>> GetUserSetting(const Environment& environment,
                                                          std::string_view key);
// InvalidArgument for a key that means nothing to mreg.
absl::Status SetUserSetting(const Environment& environment, std::string_view key,
                            const std::string& value);

}  // namespace mreg::cli
