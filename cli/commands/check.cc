#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/named_models.h"
#include "cli/targets.h"
#include "cli/terminal/table.h"
#include "schema/base/status.h"
#include "schema/targets/verdict_json.h"

namespace mreg::cli {
namespace {

using targets::Support;
using targets::Target;
using targets::Verdict;
using terminal::Json;

Verdict Check(const onnx::Model& model, const Target& target) {
  return targets::CheckModel(model, target.profile, target.fallback ? &*target.fallback : nullptr);
}

absl::StatusOr<std::vector<Target>> ChooseTargets(Context& context, const Arguments& arguments) {
  const targets::TargetSet set = TargetsOf(context);
  std::vector<std::string> names = arguments.All("target");
  if (arguments.Has("all")) {
    MREG_ASSIGN_OR_RETURN(const auto heads, set.List());
    for (const targets::TargetHead& head : heads) names.push_back(head.head.name);
  }
  if (names.empty()) return absl::InvalidArgumentError("say --target NAME, or --all");
  std::vector<Target> list;
  for (const std::string& name : names) {
    MREG_ASSIGN_OR_RETURN(Target target, set.Load(name));
    list.push_back(std::move(target));
  }
  return list;
}

// Targets of the same runtime and provider, in other versions, that the model is supported on.
absl::StatusOr<std::vector<std::string>> OthersThatDo(Context& context, const onnx::Model& model,
                                                      const targets::Profile& profile) {
  const targets::TargetSet set = TargetsOf(context);
  MREG_ASSIGN_OR_RETURN(const auto heads, set.List());
  std::vector<std::string> names;
  for (const auto& [head, is_builtin] : heads) {
    if (head.name == profile.name || head.runtime != profile.runtime) continue;
    const auto other = set.Load(head.name);
    if (!other.ok() || other->profile.provider != profile.provider) continue;
    if (Check(model, *other).support == Support::kSupported) names.push_back(head.name);
  }
  return names;
}

absl::Status Print(Context& context, const NamedModel& model, const std::vector<Target>& targets,
                   const std::vector<Verdict>& verdicts) {
  terminal::Terminal& terminal = context.terminal();
  terminal.Print(terminal.Paint(terminal::Style::kBold, Shown(model.path)) + "\n");
  for (size_t i = 0; i < targets.size(); ++i) {
    const targets::Profile& profile = targets[i].profile;
    const Verdict& verdict = verdicts[i];
    std::string line =
        fmt::format("  {}: {}", profile.name, PaintSupport(terminal, verdict.support));
    if (verdict.fallback_nodes > 0) {
      line += fmt::format(", {} of {} nodes on {}", verdict.fallback_nodes, verdict.nodes,
                          profile.fallback);
    }
    terminal.Print(line + "\n" + FormatFindings(verdict));
    if (verdict.support != Support::kUnsupported) continue;
    MREG_ASSIGN_OR_RETURN(const auto others, OthersThatDo(context, model.model, profile));
    if (!others.empty())
      terminal.Print(fmt::format("    supported on {}\n", fmt::join(others, ", ")));
  }
  return absl::OkStatus();
}

void PrintTable(terminal::Terminal& terminal, const NamedModel& model,
                const std::vector<Target>& targets, const std::vector<Verdict>& verdicts) {
  using terminal::Align;
  terminal::Table table({Align::kLeft, Align::kLeft, Align::kLeft});
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto& findings = verdicts[i].findings;
    std::string why = findings.empty() ? "" : Shown(findings.front().message);
    if (findings.size() > 1) why += fmt::format(", and {} more", findings.size() - 1);
    table.AddRow(
        {targets[i].profile.name, std::string(targets::SupportName(verdicts[i].support)), why});
  }
  terminal.Print(terminal.Paint(terminal::Style::kBold, Shown(model.path)) + "\n" +
                 table.ToText(2));
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const std::vector<Target> targets, ChooseTargets(context, arguments));
  MREG_ASSIGN_OR_RETURN(const NamedModels found, FindModels(context, arguments));
  Json models = Json::Array();
  Support worst = Support::kSupported;
  for (const NamedModel& model : found.models) {
    std::vector<Verdict> verdicts;
    Json list = Json::Array();
    for (const Target& target : targets) {
      verdicts.push_back(Check(model.model, target));
      worst = std::max(worst, verdicts.back().support);
      list.Append(Json::Parse(targets::VerdictToJson(target, verdicts.back())));
    }
    if (arguments.wants_json()) {
      models.Append(Json::Object({{"path", model.path}, {"verdicts", std::move(list)}}));
    } else if (arguments.Has("all")) {
      PrintTable(context.terminal(), model, targets, verdicts);
    } else {
      MREG_RETURN_IF_ERROR(Print(context, model, targets, verdicts));
    }
  }
  if (arguments.wants_json()) {
    context.terminal().Print(Json::Object({{"models", std::move(models)}}).ToText());
  }
  const Support allowed = arguments.Has("strict") ? Support::kSupported : Support::kUnknown;
  return worst > allowed && !arguments.Has("all") ? ExitCode::kDifferences : ExitCode::kOk;
}

constexpr Option kOptions[] = {
    {.name = "target",
     .letter = 't',
     .value = "NAME",
     .help = "The target, of those that `mreg target list` shows",
     .repeats = true},
    {.name = "all", .help = "Every target, as a table"},
    {.name = "strict", .help = "Exit with 1 where it is not known, too"}};

constexpr Example kExamples[] = {
    {"check model.onnx --target ort-1.23.2-cpu", "Whether ONNX Runtime 1.23.2 runs that file."},
    {"check v1 --all", "Where the models of v1 run."},
    {"check HEAD:model.onnx -t tensorrt-8.5 --json", "For a program."}};

}  // namespace

const Command kCheckCommand = {
    .name = "check",
    .group = Group::kLook,
    .summary = "Tell whether a model can run on a target",
    .goal = "check",
    .details =
        "Compares the model's IR version, opsets, operators and their types with what the target "
        "is known to have, without running anything: supported, unsupported with the reason and "
        "what would help, or unknown. Exits with 1 if a model is not supported, except with "
        "--all.",
    .positionals = kModelPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
