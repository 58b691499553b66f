#include <fmt/format.h>
#include <sys/stat.h>

#include <string>
#include <utility>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/targets.h"
#include "cli/terminal/table.h"
#include "cli/terminal/units.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using targets::Profile;
using terminal::Json;

Json HeadJson(const Profile& profile, bool is_builtin) {
  return Json::Object({{"name", profile.name},
                       {"title", profile.title},
                       {"built_in", is_builtin},
                       {"source", profile.source},
                       {"base", profile.base},
                       {"fallback", profile.fallback},
                       {"runtime", profile.runtime},
                       {"runtime_version", profile.runtime_version},
                       {"provider", profile.provider},
                       {"library", profile.library},
                       {"memory", profile.memory},
                       {"max_ir", profile.max_ir}});
}

absl::StatusOr<ExitCode> List(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto list, TargetsOf(context).List());
  terminal::Table table({terminal::Align::kLeft, terminal::Align::kLeft, terminal::Align::kLeft});
  Json json = Json::Array();
  for (const auto& [head, is_builtin] : list) {
    json.Append(HeadJson(head, is_builtin));
    table.AddRow({head.name, is_builtin ? "" : "own", Shown(head.title)});
  }
  context.terminal().Print(arguments.wants_json()
                               ? Json::Object({{"targets", std::move(json)}}).ToText()
                               : table.ToText());
  return ExitCode::kOk;
}

absl::StatusOr<bool> IsBuiltin(const targets::TargetSet& set, const std::string& name) {
  MREG_ASSIGN_OR_RETURN(const auto list, set.List());
  for (const auto& [head, is_builtin] : list) {
    if (head.name == name) return is_builtin;
  }
  return false;
}

std::string ProfileText(const Profile& profile) {
  using terminal::Align;
  terminal::Table table({Align::kLeft, Align::kLeft});
  const auto add = [&](const std::string& what, const std::string& value) {
    if (!value.empty()) table.AddRow({what, Shown(value)});
  };
  add("Name", profile.name);
  add("Title", profile.title);
  add("Source", profile.source);
  add("Based on", profile.base);
  add("Fallback", profile.fallback);
  add("Runtime", fmt::format("{} {}", profile.runtime, profile.runtime_version));
  add("Provider", profile.provider);
  add("Library", profile.library);
  if (profile.memory > 0) add("Memory", terminal::FormatSize(profile.memory));
  if (profile.max_ir > 0) add("IR version", fmt::format("up to {}", profile.max_ir));
  for (const auto& [domain, range] : profile.opsets) {
    add("Opset", fmt::format("{} {} to {}", domain, range.first, range.last));
  }
  add("Operators",
      fmt::format("{}{}", profile.kernels.size(), profile.is_open ? ", others may run too" : ""));
  return table.ToText();
}

absl::StatusOr<ExitCode> Show(Context& context, const Arguments& arguments) {
  const targets::TargetSet set = TargetsOf(context);
  MREG_ASSIGN_OR_RETURN(const targets::Target target, set.Load(arguments.Get("NAME")));
  const Profile& profile = target.profile;
  if (arguments.Has("file")) {
    context.terminal().Print(targets::FormatProfile(profile));
    return ExitCode::kOk;
  }
  if (!arguments.wants_json()) {
    context.terminal().Print(ProfileText(profile));
    return ExitCode::kOk;
  }
  MREG_ASSIGN_OR_RETURN(const bool is_builtin, IsBuiltin(set, profile.name));
  Json json = HeadJson(profile, is_builtin);
  Json opsets = Json::Array();
  for (const auto& [domain, range] : profile.opsets) {
    opsets.Append(Json::Object({{"domain", domain}, {"first", range.first}, {"last", range.last}}));
  }
  json.Set("opsets", std::move(opsets));
  json.Set("operators", profile.kernels.size());
  json.Set("open", profile.is_open);
  context.terminal().Print(json.ToText());
  return ExitCode::kOk;
}

// A file's profile, or one that refines a target by its name.
absl::StatusOr<Profile> ProfileOf(const targets::TargetSet& set, const std::string& from) {
  struct stat info {};
  if (stat(from.c_str(), &info) == 0) {
    MREG_ASSIGN_OR_RETURN(const Bytes text,
                          ReadSmallFile(PosixFileSystem(), from, targets::kMaxProfileBytes));
    auto profile = targets::ParseProfile(text);
    if (!profile.ok()) return Annotate(profile.status(), Shown(from));
    return profile;
  }
  MREG_RETURN_IF_ERROR(set.Load(from).status());
  Profile profile;
  profile.base = from;
  return profile;
}

absl::StatusOr<ExitCode> Add(Context& context, const Arguments& arguments) {
  targets::TargetSet set = TargetsOf(context);
  MREG_ASSIGN_OR_RETURN(Profile profile, ProfileOf(set, arguments.Get("FROM")));
  if (arguments.Has("name")) profile.name = arguments.Get("name");
  if (!targets::IsProfileName(profile.name)) {
    return absl::InvalidArgumentError("say --name: 1 to 64 of a-z, 0-9, '.', '_', '-'");
  }
  if (arguments.Has("title")) profile.title = arguments.Get("title");
  if (arguments.Has("library")) {
    MREG_ASSIGN_OR_RETURN(const std::string here, context.CurrentDirectory());
    const std::string library = arguments.Get("library");
    profile.library = library.starts_with('/') ? library : JoinPath(here, library);
  }
  MREG_ASSIGN_OR_RETURN(profile.memory, arguments.Number("memory", profile.memory));
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(set.Add(profile, arguments.Has("force")));
  // Said while it can be taken back easily.
  return set.Load(profile.name).ok() ? ExitCode::kOk : ExitCode::kNotFound;
}

absl::StatusOr<ExitCode> Remove(Context& context, const Arguments& arguments) {
  const Interrupts::Hold hold(context.interrupts());
  MREG_RETURN_IF_ERROR(TargetsOf(context).Remove(arguments.Get("NAME")));
  return ExitCode::kOk;
}

constexpr Positional kName[] = {{"NAME", Count::kOne, "The target's name"}};
constexpr Positional kFrom[] = {
    {"FROM", Count::kOne, "A profile's file, or a target that the new one refines"}};
constexpr Option kShowOptions[] = {{.name = "file", .help = "Print the whole profile as a file"}};
constexpr Option kAddOptions[] = {
    {.name = "name", .value = "NAME", .help = "Its name (default: the file's)"},
    {.name = "title", .value = "TEXT", .help = "What it is, in a line"},
    {.name = "library", .value = "FILE", .help = "The runtime's library, for mreg validate"},
    {.name = "memory", .value = "BYTES", .help = "The device's memory"},
    {.name = "force", .letter = 'f', .help = "Replace one of that name"}};
constexpr Example kListExamples[] = {{"target list", "What models can be checked against."}};
constexpr Example kShowExamples[] = {
    {"target show ort-1.23.2-cpu", "What is known of it."},
    {"target show ort-1.23.2-cpu --file", "All its operators, to make another of it."}};
constexpr Example kAddExamples[] = {
    {"target add ort-1.23.2-cpu --name edge --memory 536870912", "The same on a small device."},
    {"target add board.tsv", "A profile of your own."}};
constexpr Example kRemoveExamples[] = {{"target remove edge", "Forget it."}};

}  // namespace

const Command kTargetListCommand = {
    .name = "target list",
    .group = Group::kLook,
    .summary = "List the targets that models can be checked against",
    .goal = "list targets",
    .details = "Some are built in; own ones are in the folder targets/ of your configuration.",
    .examples = kListExamples,
    .output = Output::kTextOrJson,
    .run = List,
};

const Command kTargetShowCommand = {
    .name = "target show",
    .group = Group::kLook,
    .summary = "Show what is known of a target",
    .goal = "show the target",
    .positionals = kName,
    .options = kShowOptions,
    .examples = kShowExamples,
    .output = Output::kTextOrJson,
    .run = Show,
};

const Command kTargetAddCommand = {
    .name = "target add",
    .group = Group::kLook,
    .summary = "Add a target of your own",
    .goal = "add the target",
    .positionals = kFrom,
    .options = kAddOptions,
    .examples = kAddExamples,
    .run = Add,
};

const Command kTargetRemoveCommand = {
    .name = "target remove",
    .group = Group::kLook,
    .summary = "Remove a target of your own",
    .goal = "remove the target",
    .positionals = kName,
    .examples = kRemoveExamples,
    .run = Remove,
};

}  // namespace mreg::cli
