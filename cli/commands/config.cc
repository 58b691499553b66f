#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/user_settings.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

absl::Status Set(Context& context, const Arguments& arguments) {
  const Interrupts::Hold hold(context.interrupts());
  const std::string key = arguments.Get("KEY");
  if (arguments.Has("global")) {
    return SetUserSetting(context.environment(), key, arguments.Get("VALUE"));
  }
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  return workspace->SetConfig(key, arguments.Get("VALUE"));
}

absl::StatusOr<std::optional<std::string>> Get(Context& context, const Arguments& arguments) {
  const std::string key = arguments.Get("KEY");
  if (arguments.Has("global")) return GetUserSetting(context.environment(), key);
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(auto of_clone, workspace->GetConfig(key));
  if (of_clone) return of_clone;
  return GetUserSetting(context.environment(), key);
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  if (arguments.Has("VALUE")) {
    MREG_RETURN_IF_ERROR(Set(context, arguments));
    return ExitCode::kOk;
  }
  MREG_ASSIGN_OR_RETURN(const auto value, Get(context, arguments));
  if (!value) {
    return absl::NotFoundError(fmt::format("{} is not set", Shown(arguments.Get("KEY"))));
  }
  context.terminal().Print(*value + "\n");
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"KEY", Count::kOne, "Such as user.name, user.email, remote.origin.url"},
    {"VALUE", Count::kOptional, "What to set it to; without it the setting is shown"}};

constexpr Option kOptions[] = {
    {.name = "global", .help = "Yours, for all clones: user.name and user.email"}};

constexpr Example kExamples[] = {
    {"config --global user.name 'Ada Lovelace'", "The author's name in all your commits."},
    {"config --global user.email ada@example.org", "And address."}};

}  // namespace

const Command kConfigCommand = {
    .name = "config",
    .group = Group::kBegin,
    .summary = "Show or change a setting",
    .goal = "work on settings",
    .details = "A clone's settings are in .mreg/config, in git's form, and go before yours.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
