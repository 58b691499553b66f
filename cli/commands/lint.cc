#include "schema/lint/lint.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/named_models.h"
#include "cli/terminal/json.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "schema/process/process.h"

namespace mreg::cli {
namespace {

using lint::Result;
using lint::Verdict;
using terminal::Json;

absl::StatusOr<lint::Linter> OpenLinter(const Arguments& arguments) {
  lint::LintLimits limits;
  MREG_ASSIGN_OR_RETURN(const uint64_t seconds, arguments.Number("timeout", 20, 1));
  limits.seconds = static_cast<double>(seconds);
  MREG_ASSIGN_OR_RETURN(limits.memory, arguments.Number("memory", limits.memory, 1));
  MREG_ASSIGN_OR_RETURN(std::string program, process::ProgramBeside("mreg-lint-onnx"));
  return lint::Linter::Open(std::move(program), limits);
}

absl::StatusOr<std::unique_ptr<ReadableFile>> Open(NamedModels& found, const std::string& path) {
  if (found.workspace == nullptr) return PosixFileSystem().OpenRead(path);
  return OpenContent(*found.workspace, found.files.at(path));
}

terminal::Style StyleOf(Result result) {
  switch (result) {
    case Result::kPassed:
      return terminal::Style::kGreen;
    case Result::kUnknown:
    case Result::kTooLarge:
      return terminal::Style::kYellow;
    default:
      return terminal::Style::kRed;
  }
}

void Print(terminal::Terminal& terminal, const std::string& path, const Verdict& verdict) {
  terminal.Print(fmt::format(
      "{}: {} (libonnx {})\n", terminal.Paint(terminal::Style::kBold, Shown(path)),
      terminal.Paint(StyleOf(verdict.result), ResultName(verdict.result)), verdict.version));
  for (const lint::Stage& stage : verdict.stages) {
    if (!stage.passed) terminal.Print(fmt::format("  {}: {}\n", stage.name, Shown(stage.message)));
  }
  if (!verdict.message.empty()) terminal.Print(fmt::format("  {}\n", Shown(verdict.message)));
}

bool IsFine(Result result, bool is_strict) {
  if (result == Result::kUnknown || result == Result::kTooLarge) return !is_strict;
  return result == Result::kPassed;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const lint::Linter linter, OpenLinter(arguments));
  MREG_ASSIGN_OR_RETURN(NamedModels found, FindModels(context, arguments));
  Json models = Json::Array();
  bool all_fine = true;
  for (const NamedModel& model : found.models) {
    MREG_ASSIGN_OR_RETURN(const auto content, Open(found, model.path));
    MREG_ASSIGN_OR_RETURN(const Verdict verdict, linter.Lint(*content));
    all_fine = all_fine && IsFine(verdict.result, arguments.Has("strict"));
    if (arguments.wants_json()) {
      models.Append(Json::Object(
          {{"path", model.path}, {"lint", Json::Parse(lint::VerdictToJson(verdict))}}));
    } else {
      Print(context.terminal(), model.path, verdict);
    }
  }
  if (arguments.wants_json()) {
    context.terminal().Print(Json::Object({{"models", std::move(models)}}).ToText());
  }
  return all_fine ? ExitCode::kOk : ExitCode::kDifferences;
}

constexpr Option kOptions[] = {
    {.name = "strict", .help = "Exit with 1 where libonnx cannot judge, too"},
    {.name = "timeout", .value = "SECONDS", .help = "For each model (default: 20)"},
    {.name = "memory",
     .value = "BYTES",
     .help = "The most address space that libonnx may take (default: 1 GiB)"}};

constexpr Example kExamples[] = {{"lint model.onnx", "What libonnx says of that file."},
                                 {"lint v1", "Of all models of v1 that are here."},
                                 {"lint HEAD:model.onnx --json", "For a program."}};

}  // namespace

const Command kLintCommand = {
    .name = "lint",
    .group = Group::kLook,
    .summary = "Ask ONNX's own checker about a model",
    .goal = "lint",
    .details =
        "Runs libonnx's checker, its full check and its strict shape inference, in a process of "
        "their own with limits. This is advice: libonnx crashes on some models and is wrong about "
        "others that runtimes run, and nothing is refused for what it says. Weights are not "
        "looked at. Exits with 1 if a model does not pass, also if libonnx crashes, takes too "
        "long or too much memory; with 0 where it is of a later ONNX than libonnx knows, or too "
        "large for it, except with --strict.",
    .positionals = kModelPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
