#include <fmt/format.h>

#include <utility>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/remote_access.h"
#include "cli/terminal/table.h"
#include "schema/base/status.h"
#include "storage/registry/names.h"

namespace mreg::cli {
namespace {

using terminal::Json;

// The URL in the form in which it is kept.
absl::StatusOr<std::string> CheckedUrl(const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const sync::RemoteUrl url, sync::ParseRemoteUrl(arguments.Get("URL")));
  return url.ToString();
}

absl::StatusOr<ExitCode> List(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const auto remotes, workspace->Remotes());
  terminal::Table table({terminal::Align::kLeft, terminal::Align::kLeft});
  Json json = Json::Array();
  for (const auto& [name, url] : remotes) {
    table.AddRow({Shown(name), Shown(url)});
    json.Append(Json::Object({{"name", name}, {"url", url}}));
  }
  context.terminal().Print(arguments.wants_json()
                               ? Json::Object({{"remotes", std::move(json)}}).ToText()
                               : table.ToText());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Add(Context& context, const Arguments& arguments) {
  const std::string name = arguments.Get("NAME");
  MREG_ASSIGN_OR_RETURN(const std::string url, CheckedUrl(arguments));
  if (!registry::IsValidNamePart(name)) {
    return absl::InvalidArgumentError(fmt::format("'{}' is no name for a remote", Shown(name)));
  }
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const auto remotes, workspace->Remotes());
  if (remotes.contains(name)) {
    return absl::AlreadyExistsError(fmt::format("there is a remote {} already", name));
  }
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(workspace->SetConfig(RemoteKey(name, "url"), url));
  MREG_RETURN_IF_ERROR(workspace->SetConfig(RemoteKey(name, "fetch"),
                                            fmt::format("+refs/heads/*:refs/remotes/{}/*", name)));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> SetUrl(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const std::string url, CheckedUrl(arguments));
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const NamedRemote remote, ChooseRemote(*workspace, arguments.Get("NAME")));
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(workspace->SetConfig(RemoteKey(remote.name, "url"), url));
  return ExitCode::kOk;
}

constexpr Positional kName = {"NAME", Count::kOne, "The remote's name here, such as origin"};
constexpr Positional kUrl = {
    "URL", Count::kOne, "http(s)://host[:port]/namespace/name or file:///folder/namespace/name"};
constexpr Positional kNameAndUrl[] = {kName, kUrl};

constexpr Example kListExamples[] = {{"remote", "The remotes with their URLs."}};
constexpr Example kAddExamples[] = {
    {"remote add origin https://models.example.org/acme/vad", "A registry's repository."},
    {"remote add usb file:///media/stick/acme/vad", "A folder, which a push makes a registry."}};
constexpr Example kSetUrlExamples[] = {
    {"remote set-url origin https://models.example.org/acme/vad", "The registry has moved."}};

}  // namespace

const Command kRemoteListCommand = {
    .name = "remote list",
    .group = Group::kShare,
    .summary = "List remotes (also: mreg remote)",
    .goal = "list remotes",
    .examples = kListExamples,
    .output = Output::kTextOrJson,
    .run = List,
};

const Command kRemoteAddCommand = {
    .name = "remote add",
    .group = Group::kShare,
    .summary = "Name a repository somewhere else",
    .goal = "add the remote",
    .details = "The repository need not exist: the first push makes it.",
    .positionals = kNameAndUrl,
    .examples = kAddExamples,
    .run = Add,
};

const Command kRemoteSetUrlCommand = {
    .name = "remote set-url",
    .group = Group::kShare,
    .summary = "Change where a remote is",
    .goal = "change the remote",
    .positionals = kNameAndUrl,
    .examples = kSetUrlExamples,
    .run = SetUrl,
};

}  // namespace mreg::cli
