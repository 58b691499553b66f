#include <fmt/format.h>

#include <string>
#include <utility>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/runner/runner_loader.h"
#include "cli/runners.h"
#include "cli/targets.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "schema/targets/probe.h"

namespace mreg::cli {
namespace {

using targets::Profile;

// "CPU" of "CPUExecutionProvider", as people say it.
std::string ShortProvider(const std::string& provider) {
  return provider.substr(0, provider.find("ExecutionProvider"));
}

void Describe(const runner::ReadyAnswer& ready, const Arguments& arguments, Profile& profile) {
  const bool is_ort = ready.runtime == "onnxruntime";
  profile.provider = arguments.Get("provider", is_ort ? "CPUExecutionProvider" : "");
  profile.runtime = ready.runtime;
  profile.runtime_version = ready.version;
  profile.title = fmt::format("{} {}", is_ort ? "ONNX Runtime" : ready.runtime, ready.version);
  if (!profile.provider.empty()) profile.title += ", " + ShortProvider(profile.provider);
  profile.name = arguments.Get("name");
  const std::string digest = ready.library.empty() ? "" : FileDigest(ready.library);
  profile.source = "mreg target probe " + (digest.empty() ? "by the runner " + ready.runner
                                                          : "of the library sha256:" + digest);
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  if (!targets::IsProfileName(arguments.Get("name"))) {
    return absl::InvalidArgumentError("say --name: 1 to 64 of a-z, 0-9, '.', '_', '-'");
  }
  MREG_ASSIGN_OR_RETURN(const std::string here, context.CurrentDirectory());
  std::string library = arguments.Get("LIBRARY");
  if (library.empty() && !arguments.Has("runner")) {
    return absl::InvalidArgumentError("say which library, or a --runner that needs none");
  }
  if (!library.empty() && !library.starts_with('/')) library = JoinPath(here, library);
  MREG_ASSIGN_OR_RETURN(const auto command, RunnerCommand(arguments, library));
  MREG_ASSIGN_OR_RETURN(const auto loader,
                        runner::RunnerLoader::Start(command, {}, arguments.Get("provider")));
  terminal::Terminal& terminal = context.terminal();
  auto probed = targets::ProbeRuntime(*loader, [&](size_t done, size_t all) {
    terminal.DrawBar(done < all ? fmt::format("probing operators: {} of {}", done, all) : "");
  });
  if (!probed.ok()) return probed.status();
  Describe(loader->ready(), arguments, *probed);
  const Interrupts::Hold hold(context.interrupts());
  if (arguments.Has("output")) {
    MREG_RETURN_IF_ERROR(WriteFileAtomically(PosixFileSystem(), arguments.Get("output"),
                                             targets::FormatProfile(*probed)));
  } else {
    probed->library = library;
    MREG_RETURN_IF_ERROR(TargetsOf(context).Add(*probed, arguments.Has("force")));
  }
  terminal.Note(fmt::format("{}: {}, {} operators", probed->name, Shown(probed->title),
                            probed->kernels.size()));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"LIBRARY", Count::kOptional, "The runtime: a libonnxruntime.so; a --runner may need none"}};

constexpr Option kOptions[] = {
    {.name = "name", .value = "NAME", .help = "The new target's name"},
    {.name = "provider", .value = "NAME", .help = "Such as CUDAExecutionProvider (default: CPU)"},
    {.name = "runner", .value = "COMMAND", .help = "Another runner than mreg-runner-ort"},
    {.name = "output",
     .letter = 'o',
     .value = "FILE",
     .help = "Write the profile to a file, in place of adding it"},
    {.name = "force", .letter = 'f', .help = "Replace one of that name"}};

constexpr Example kExamples[] = {
    {"target probe lib/libonnxruntime.so --name prod", "What that very build runs."},
    {"target probe --runner mreg-runner-onnxruntime --name python", "What Python's package runs."}};

}  // namespace

const Command kTargetProbeCommand = {
    .name = "target probe",
    .group = Group::kLook,
    .summary = "Make a target of a runtime by trying what it loads",
    .goal = "probe the runtime",
    .details =
        "Loads a model of one node for every version of every operator with every type, which "
        "takes some seconds, in a process of its own, and keeps what was taken. The target "
        "remembers the library, so that `mreg validate` runs models in it.",
    .positionals = kPositionals,
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
