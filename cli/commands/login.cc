#include <fmt/format.h>

#include <iostream>
#include <string>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/credentials.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/terminal/json.h"
#include "schema/base/status.h"
#include "storage/sync/http_remote.h"

namespace mreg::cli {
namespace {

// Never from an argument: other users see a process's arguments.
absl::StatusOr<std::string> ReadToken() {
  std::string token;
  std::getline(std::cin, token);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.empty()) return absl::InvalidArgumentError("there is no token on the standard input");
  return token;
}

bool IsPlainHttpToElsewhere(std::string_view registry) {
  if (!registry.starts_with("http://")) return false;
  const std::string_view host = registry.substr(std::string_view("http://").size());
  return !host.starts_with("127.") && !host.starts_with("localhost") && !host.starts_with("[::1]");
}

absl::StatusOr<std::string> AskWho(const std::string& registry, const std::string& token) {
  auto reply = sync::CallApi({registry, "", token}, "GET", "/api/v1/whoami", "");
  if (absl::IsUnauthenticated(reply.status())) {
    return WithHint(reply.status(), "the token is wrong, revoked or expired");
  }
  if (!reply.ok()) return reply.status();
  const auto name = terminal::FindText(*reply, "name");
  if (name) return *name;
  return absl::InvalidArgumentError(fmt::format("{} is no model registry", registry));
}

absl::StatusOr<ExitCode> Login(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const std::string registry, RegistryOf(arguments.Get("URL")));
  if (!arguments.Has("token-stdin")) {
    return WithHint(absl::InvalidArgumentError("a token is read from the standard input only"),
                    fmt::format("mreg login {} --token-stdin < FILE", registry));
  }
  if (IsPlainHttpToElsewhere(registry)) {
    context.terminal().Note("warning: over http:// everybody on the way can read the token");
  }
  MREG_ASSIGN_OR_RETURN(const std::string token, ReadToken());
  MREG_ASSIGN_OR_RETURN(const std::string user, AskWho(registry, token));
  MREG_ASSIGN_OR_RETURN(Credentials credentials, Credentials::Load(context.environment()));
  credentials.Put(registry, {token, user});
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(credentials.Save());
  context.terminal().Note(fmt::format("logged in to {} as {}", registry, Shown(user)));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Logout(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const std::string registry, RegistryOf(arguments.Get("URL")));
  MREG_ASSIGN_OR_RETURN(Credentials credentials, Credentials::Load(context.environment()));
  if (!credentials.Remove(registry)) {
    return absl::NotFoundError(fmt::format("there is no token for {}", registry));
  }
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(credentials.Save());
  context.terminal().Note(fmt::format("the token for {} is no longer kept here", registry));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"URL", Count::kOne, "The registry, http(s)://host[:port]; what follows is ignored"}};

constexpr Option kOptions[] = {
    {.name = "token-stdin", .help = "Read the token from the standard input's first line"}};

constexpr Example kLoginExamples[] = {
    {"login https://models.example.org --token-stdin < token.txt", "Check and keep a token."}};
constexpr Example kLogoutExamples[] = {
    {"logout https://models.example.org", "Forget the token for this registry."}};

}  // namespace

const Command kLoginCommand = {
    .name = "login",
    .group = Group::kShare,
    .summary = "Keep a token for a registry",
    .goal = "log in",
    .details =
        "The token is tried first, and kept in credentials.toml, readable by you only. "
        "Where MREG_TOKEN is set, it is used in place of any that is kept, for every "
        "registry: meant for automation that talks to one.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kLoginExamples,
    .run = Login,
};

const Command kLogoutCommand = {
    .name = "logout",
    .group = Group::kShare,
    .summary = "Forget the token for a registry",
    .goal = "log out",
    .details = "The token itself stays valid: its registry can revoke it.",
    .positionals = kPositionals,
    .examples = kLogoutExamples,
    .run = Logout,
};

}  // namespace mreg::cli
