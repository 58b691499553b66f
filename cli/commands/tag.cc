#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/author.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/reference_names.h"
#include "cli/remote_access.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using workspace::Workspace;

absl::StatusOr<Json> TagJson(const history::Repository& history, const history::Reference& tag) {
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history.Peel(tag.target));
  Json json = Json::Object({{"name", ShortReference(tag.name)}, {"commit", commit.ToHex()}});
  const bool is_annotated = ToObjectId(commit) != tag.target;
  json.Set("annotated", is_annotated);
  if (!is_annotated) return json.Set("message", Json());
  MREG_ASSIGN_OR_RETURN(const history::AnnotatedTag annotated, history.ReadTag(tag.target));
  return json.Set("message", annotated.message);
}

absl::StatusOr<ExitCode> List(Context& context, const history::Repository& history,
                              const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto tags, history.references().List(kTagPrefix));
  if (!arguments.wants_json()) {
    for (const history::Reference& tag : tags) {
      context.terminal().Print(ShortReference(tag.name) + "\n");
    }
    return ExitCode::kOk;
  }
  Json json = Json::Array();
  for (const history::Reference& tag : tags) {
    MREG_ASSIGN_OR_RETURN(Json entry, TagJson(history, tag));
    json.Append(std::move(entry));
  }
  context.terminal().Print(Json::Object({{"tags", std::move(json)}}).ToText());
  return ExitCode::kOk;
}

// The tagged commit, or a tag object that leads to it.
absl::StatusOr<ObjectId> MakeTarget(history::Repository& history, const Arguments& arguments,
                                    const history::Signature& author) {
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        ResolveRevision(history, arguments.Get("REVISION", "HEAD")));
  if (!arguments.Has("message")) return ToObjectId(commit);
  MREG_ASSIGN_OR_RETURN(const ObjectId tag,
                        history.WriteTag({ToObjectId(commit), arguments.Get("NAME"), author,
                                          arguments.Get("message") + "\n"}));
  MREG_RETURN_IF_ERROR(history.Flush());
  return tag;
}

absl::StatusOr<ExitCode> Move(Context& context, Workspace& workspace, const Arguments& arguments) {
  history::Repository& history = workspace.history();
  const std::string reference = fmt::format("{}{}", kTagPrefix, arguments.Get("NAME"));
  const bool is_removal = arguments.Has("delete");
  MREG_ASSIGN_OR_RETURN(const auto author, ChooseAuthor(context, workspace));
  MREG_ASSIGN_OR_RETURN(const auto now, history.references().Read(reference));
  if (is_removal && !now) {
    return absl::NotFoundError(fmt::format("there is no tag {}", ShortReference(reference)));
  }
  if (!is_removal && now && !arguments.Has("force")) {
    return WithHint(absl::AlreadyExistsError(
                        fmt::format("there is a tag {} already", ShortReference(reference))),
                    "others may rely on it; `mreg tag -f` moves it all the same");
  }
  const Interrupts::Hold hold(context.interrupts());
  history::ReferenceMove move{reference, now, std::nullopt};
  if (!is_removal) {
    MREG_ASSIGN_OR_RETURN(move.target, MakeTarget(history, arguments, author));
  }
  MREG_RETURN_IF_ERROR(history.references().Move(
      {&move, 1},
      RecordOf(author, context.clock().Now(), is_removal ? "tag: deleted" : "tag: set")));
  if (is_removal) {
    context.terminal().Note(
        fmt::format("removed tag {} (was {})", ShortReference(reference), now->ToShortHex()));
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  if (arguments.Has("NAME")) return Move(context, *workspace, arguments);
  if (arguments.Has("delete")) return absl::InvalidArgumentError("--delete needs a tag's name");
  return List(context, workspace->history(), arguments);
}

constexpr Positional kPositionals[] = {
    {"NAME", Count::kOptional, "The tag to set or remove; without it tags are listed"},
    {"REVISION", Count::kOptional, "The version that is tagged (default: HEAD)"}};

constexpr Option kOptions[] = {
    {.name = "message", .letter = 'm', .value = "TEXT", .help = "Keep a message with the tag"},
    {.name = "force", .letter = 'f', .help = "Move the tag if there is one"},
    {.name = "delete", .letter = 'd', .help = "Remove the tag"}};

constexpr Example kExamples[] = {
    {"tag v1", "Name the current version v1."},
    {"tag -m 'first release' v1 main~2", "With a message, for an older version."}};

}  // namespace

const Command kTagCommand = {
    .name = "tag",
    .group = Group::kHistory,
    .summary = "List, set or remove tags",
    .goal = "work on tags",
    .details = "A tag names one version for good; `mreg push --tags` shares it.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
