#include "storage/sync/lineage.h"

#include <fmt/format.h>

#include <string>

#include "absl/strings/numbers.h"
#include "cli/arguments.h"
#include "cli/asked_registry.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/hint.h"
#include "cli/lineage_output.h"
#include "cli/reference_names.h"
#include "cli/remote_access.h"
#include "cli/terminal/json.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

// A revision of the clone is a commit's id to the registry; all else that names a repository is
// for the registry to know.
absl::StatusOr<std::string> VersionOf(Context& context, const std::string& revision) {
  const bool is_elsewhere = revision.find('/') != revision.npos;
  const auto workspace = context.OpenWorkspace();
  if (absl::IsNotFound(workspace.status()) && is_elsewhere) return revision;
  MREG_RETURN_IF_ERROR(workspace.status());
  const auto commit = ResolveRevision((*workspace)->history(), revision);
  if (commit.ok()) return commit->ToHex();
  if (absl::IsNotFound(commit.status()) || absl::IsInvalidArgument(commit.status())) {
    if (is_elsewhere) return revision;
  }
  return commit.status();
}

absl::StatusOr<registry::LineageQuestion> ReadQuestion(Context& context,
                                                       const Arguments& arguments) {
  registry::LineageQuestion question;
  MREG_ASSIGN_OR_RETURN(question.version, VersionOf(context, arguments.Get("REVISION", "HEAD")));
  question.has_sources = arguments.Has("up") || !arguments.Has("down");
  question.has_derived = arguments.Has("down") || !arguments.Has("up");
  question.reference = arguments.Get("ref");
  MREG_ASSIGN_OR_RETURN(question.most_nodes, arguments.Number("limit", question.most_nodes));
  if (!arguments.Has("min-confidence")) return question;
  int percent = 0;
  if (!absl::SimpleAtoi(arguments.Get("min-confidence"), &percent) || percent < 0 ||
      percent > 100) {
    return absl::InvalidArgumentError("--min-confidence takes a number from 0 to 100");
  }
  question.least_confidence = percent / 100.0;
  return question;
}

void PrintNotes(terminal::Terminal& terminal, const registry::Lineage& lineage) {
  if (lineage.is_cut) {
    terminal.Note(fmt::format("there is more than these {}; --limit takes up to {}",
                              terminal::FormatCount(lineage.nodes.size(), "version", "versions"),
                              registry::kMostLineageNodes));
  }
  if (lineage.behind > 0) {
    terminal.Note(fmt::format("the registry has not entered the last {} yet",
                              terminal::FormatCount(lineage.behind, "event", "events")));
  }
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  if (arguments.Has("dot") && arguments.wants_json()) {
    return absl::InvalidArgumentError("--dot and --json exclude each other");
  }
  MREG_ASSIGN_OR_RETURN(const auto question, ReadQuestion(context, arguments));
  MREG_ASSIGN_OR_RETURN(const std::string registry, ChooseRegistry(context, arguments));
  MREG_ASSIGN_OR_RETURN(const std::string token, TokenForRegistry(context, registry));
  const auto lineage = sync::TraceLineage(
      registry, [&](const std::string&) { return token; }, question);
  if (absl::IsNotFound(lineage.status())) {
    return WithHint(lineage.status(), "a registry knows of a version a moment after `mreg push`");
  }
  if (!lineage.ok()) return AdviseOnRemote(lineage.status(), registry);
  terminal::Terminal& terminal = context.terminal();
  if (arguments.wants_json()) {
    terminal.Print(terminal::Json::Parse(sync::LineageToJson(*lineage)).ToText());
    return ExitCode::kOk;
  }
  terminal.Print(arguments.Has("dot") ? LineageToDot(*lineage) : FormatLineage(*lineage, question));
  PrintNotes(terminal, *lineage);
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"REVISION", Count::kOptional,
     "A version of this clone, or NAMESPACE/NAME[@REVISION] (default: HEAD)"}};

constexpr Option kOptions[] = {
    {.name = "up", .help = "What it came from, alone"},
    {.name = "down", .help = "What came of it, alone"},
    {.name = "ref",
     .value = "NAME",
     .help = "Only versions at which a branch or tag of this name points, and the ways to them"},
    {.name = "min-confidence",
     .value = "PERCENT",
     .help = "How sure an inferred edge must be (default: 50)"},
    {.name = "limit", .letter = 'n', .value = "COUNT", .help = "How many versions (default: 1000)"},
    {.name = "dot", .help = "Print a graph in Graphviz's language"},
    kRegistryOption};

constexpr Example kExamples[] = {
    {"lineage", "What the version that is checked out came from, and what came of it."},
    {"lineage acme/base@v1 --down --ref prod",
     "What in production descends from this base, in all repositories."},
    {"lineage --dot", "The same as a picture, for Graphviz."}};

}  // namespace

const Command kLineageCommand = {
    .name = "lineage",
    .group = Group::kShare,
    .summary = "Tell what a version came from, and what came of it",
    .goal = "tell the lineage",
    .details =
        "The registry is asked, across its repositories. An edge is a parent in git; or declared "
        "by who committed, with --derived-from and --how; or inferred from what the models have "
        "in common: identical tensors, tensors that are alike, names and shapes, and what "
        "quantisers and optimisers leave. What is inferred says how sure it is and why, and may "
        "be wrong; an edge of which only names or shapes tell is below 50 %, and shown with "
        "--min-confidence 10.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
