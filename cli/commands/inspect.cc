#include <fmt/format.h>

#include <string>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/facts_text.h"
#include "cli/named_models.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "schema/onnx/facts_json.h"

namespace mreg::cli {
namespace {

using terminal::Json;

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const NamedModels found, FindModels(context, arguments));
  terminal::Terminal& terminal = context.terminal();
  Json list = Json::Array();
  for (const NamedModel& model : found.models) {
    const onnx::ModelFacts facts = onnx::GatherFacts(model.model);
    if (arguments.wants_json()) {
      list.Append(Json::Object({{"path", model.path},
                                {"size", model.size},
                                {"facts", Json::Parse(onnx::FactsToJson(facts))}}));
      continue;
    }
    const std::string head = fmt::format("{}: ONNX, IR {}, {}", Shown(model.path), facts.ir_version,
                                         terminal::FormatSize(model.size));
    terminal.Print(terminal.Paint(terminal::Style::kBold, head) + "\n" +
                   FormatFacts(terminal, facts));
  }
  if (arguments.wants_json()) terminal.Print(Json::Object({{"models", list}}).ToText());
  return ExitCode::kOk;
}

constexpr Example kExamples[] = {{"inspect model.onnx", "A file; no repository is needed."},
                                 {"inspect v1", "All models of v1 that are here."},
                                 {"inspect v1:model.onnx --json", "One of them, for a program."}};

}  // namespace

const Command kInspectCommand = {
    .name = "inspect",
    .group = Group::kLook,
    .summary = "Tell what is inside a model",
    .goal = "inspect",
    .details =
        "Tells a model's opsets and which it really needs, inputs and outputs, parameters by "
        "type, operators, how it is quantised, and what is to be known before it is loaded. "
        "Weights are not read.",
    .positionals = kModelPositionals,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
