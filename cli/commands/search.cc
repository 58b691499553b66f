#include "storage/sync/search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/asked_registry.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/remote_access.h"
#include "cli/terminal/json.h"
#include "cli/terminal/table.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using catalog::Number;
using terminal::Align;

std::string NumberText(int64_t number) {
  return number == catalog::kUnknown ? "" : fmt::to_string(number);
}

std::string FormatHits(const std::vector<catalog::Hit>& hits) {
  terminal::Table table({Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kRight,
                         Align::kLeft, Align::kLeft});
  for (const auto& [repository, summary] : hits) {
    const int64_t size = summary.numbers[Number::kSize];
    const std::string opset = NumberText(summary.numbers[Number::kOpset]);
    table.AddRow({Shown(repository), summary.commit.ToShortHex(), Shown(summary.path),
                  size < 0 ? "" : terminal::FormatSize(static_cast<uint64_t>(size)),
                  opset.empty() ? "" : "opset " + opset, Shown(summary.dtype),
                  Shown(summary.license)});
  }
  return table.ToText();
}

std::string FormatFacets(const std::vector<catalog::Facet>& facets) {
  terminal::Table table({Align::kLeft, Align::kLeft});
  for (const catalog::Facet& facet : facets) {
    std::vector<std::string> values;
    for (const catalog::FacetValue& value : facet.values) {
      values.push_back(fmt::format("{} ({})", Shown(value.value), value.entries));
    }
    if (!values.empty()) table.AddRow({facet.key, fmt::format("{}", fmt::join(values, ", "))});
  }
  return table.ToText();
}

void PrintText(terminal::Terminal& terminal, const registry::Findings& findings, bool has_facets) {
  terminal.Print(FormatHits(findings.result.hits));
  if (has_facets) terminal.Print("\n" + FormatFacets(findings.result.facets));
  if (findings.result.hits.empty()) terminal.Note("nothing is found");
  if (!findings.result.next.empty()) {
    terminal.Note(fmt::format("{} in all; go on with --before {}",
                              terminal::FormatCount(findings.result.total, "model", "models"),
                              findings.result.next));
  }
  if (findings.behind > 0) {
    terminal.Note(fmt::format("the registry has not entered the last {} yet",
                              terminal::FormatCount(findings.behind, "event", "events")));
  }
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const std::string registry, ChooseRegistry(context, arguments));
  MREG_ASSIGN_OR_RETURN(const std::string token, TokenForRegistry(context, registry));
  catalog::Page page;
  page.has_facets = arguments.Has("facets");
  page.before = arguments.Get("before", "");
  MREG_ASSIGN_OR_RETURN(page.limit, arguments.Number("limit", page.limit));
  const std::string query = fmt::format("{}", fmt::join(arguments.All("QUERY"), " "));
  const auto findings = sync::SearchRegistry(
      registry, [&](const std::string&) { return token; }, query, page);
  if (!findings.ok()) return AdviseOnRemote(findings.status(), registry);
  if (arguments.wants_json()) {
    context.terminal().Print(terminal::Json::Parse(sync::FindingsToJson(*findings)).ToText());
  } else {
    PrintText(context.terminal(), *findings, page.has_facets);
  }
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"QUERY", Count::kAny, "Words, and what a model has: op:Conv opset<=17 size<50MB"}};

constexpr Option kOptions[] = {
    kRegistryOption,
    {.name = "facets", .help = "Count what is found by namespace, type, license and so on"},
    {.name = "limit", .letter = 'n', .value = "COUNT", .help = "How many to list (default: 20)"},
    {.name = "before", .value = "PLACE", .help = "Go on where the page before ended"}};

constexpr Example kExamples[] = {
    {"search 'op:Conv opset<=17 dtype:fp16 size<50MB' vad",
     "Small half-precision models for runtimes of opset 17 that say something of vad."},
    {"search --registry https://models.example.org --facets license:mit",
     "What there is under the MIT license, and of which kinds."},
    {"search 'version:all repo:acme/vad'", "Every version of one repository."}};

}  // namespace

const Command kSearchCommand = {
    .name = "search",
    .group = Group::kShare,
    .summary = "Find models in a registry",
    .goal = "search",
    .details =
        "Words are looked for in names, README.md and metadata. key:value, with several values "
        "parted by commas, asks for what a model has: op, dtype, domain, license, task, tag, "
        "dataset, language, library, producer, namespace, repo, quantised, external, custom, "
        "target, validated (yes, no or a target). opset, ir, nodes, params and size are compared: "
        "opset<=17 size<50MB. "
        "A minus before an item negates it; where it is the first, write -- before it. The latest "
        "versions are searched; version:all "
        "searches all. sort:updated, sort:size and sort:params order what is found.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
