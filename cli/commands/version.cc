#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/terminal/json.h"

namespace mreg::cli {
namespace {

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  const terminal::Json json = terminal::Json::Object({{"version", MREG_VERSION}});
  context.terminal().Print(arguments.wants_json() ? json.ToText() : "mreg " MREG_VERSION "\n");
  return ExitCode::kOk;
}

constexpr Example kExamples[] = {{"version", "For a report of a defect."}};

}  // namespace

const Command kVersionCommand = {
    .name = "version",
    .group = Group::kSelf,
    .summary = "Show the version",
    .goal = "show the version",
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
