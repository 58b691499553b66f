#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/facts_text.h"
#include "cli/reference_names.h"
#include "cli/terminal/units.h"
#include "cli/versions.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "schema/onnx/facts_json.h"
#include "schema/onnx/model_reader.h"

namespace mreg::cli {
namespace {

using terminal::Json;

struct Inspected {
  std::string path;
  uint64_t size = 0;
  onnx::ModelFacts facts;
};

bool IsFile(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

// InvalidArgument, with the reason, if the file is no ONNX model.
absl::StatusOr<Inspected> Inspect(std::string path, const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  const auto model = onnx::ReadModel(file);
  if (!model.ok()) return Annotate(model.status(), Shown(path));
  return Inspected{std::move(path), size, onnx::GatherFacts(*model)};
}

absl::StatusOr<std::vector<Inspected>> InspectFile(const std::string& path) {
  MREG_ASSIGN_OR_RETURN(const auto file, PosixFileSystem().OpenRead(path));
  MREG_ASSIGN_OR_RETURN(Inspected inspected, Inspect(path, *file));
  std::vector<Inspected> list;
  list.push_back(std::move(inspected));
  return list;
}

// One file of a version, whatever it is, or all of its models.
absl::StatusOr<std::vector<Inspected>> InspectVersion(workspace::Workspace& workspace,
                                                      const FileStates& files,
                                                      const std::string& wanted) {
  std::vector<Inspected> list;
  bool is_found = false;
  for (const auto& [path, state] : files) {
    if (!wanted.empty() && path != wanted) continue;
    is_found = true;
    MREG_ASSIGN_OR_RETURN(const auto content, OpenContent(workspace, state));
    if (content == nullptr) {
      if (wanted.empty()) continue;
      return absl::FailedPreconditionError(fmt::format("{} is not here", Shown(path)));
    }
    auto inspected = Inspect(path, *content);
    if (wanted.empty() && absl::IsInvalidArgument(inspected.status())) continue;
    if (!inspected.ok()) return inspected.status();
    list.push_back(*std::move(inspected));
  }
  if (!is_found && !wanted.empty()) {
    return absl::NotFoundError(fmt::format("the version has no file {}", Shown(wanted)));
  }
  if (list.empty()) return absl::NotFoundError("none of the version's files here is an ONNX model");
  return list;
}

// "REVISION:PATH", as git has it; a Windows drive is no revision.
std::pair<std::string, std::string> SplitTarget(const Arguments& arguments) {
  const std::string target = arguments.Get("TARGET", "HEAD");
  const size_t colon = target.find(':');
  if (arguments.Has("PATH") || colon == std::string::npos) {
    return {target, arguments.Has("PATH") ? arguments.Get("PATH") : ""};
  }
  return {target.substr(0, colon), target.substr(colon + 1)};
}

absl::StatusOr<std::vector<Inspected>> InspectTarget(Context& context, const Arguments& arguments) {
  const std::string target = arguments.Get("TARGET", "HEAD");
  if (!arguments.Has("PATH") && IsFile(target)) return InspectFile(target);
  auto workspace = context.OpenWorkspace();
  if (absl::IsNotFound(workspace.status()) && arguments.Has("TARGET")) {
    return absl::NotFoundError(
        fmt::format("there is no file {}, and {}", Shown(target), MessageOf(workspace.status())));
  }
  MREG_RETURN_IF_ERROR(workspace.status());
  const auto [revision, wanted] = SplitTarget(arguments);
  MREG_ASSIGN_OR_RETURN(const CommitId commit, ResolveRevision((*workspace)->history(), revision));
  MREG_ASSIGN_OR_RETURN(const FileStates files, FilesOfCommit((*workspace)->history(), commit));
  return InspectVersion(**workspace, files, wanted);
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const std::vector<Inspected> models, InspectTarget(context, arguments));
  terminal::Terminal& terminal = context.terminal();
  Json list = Json::Array();
  for (const Inspected& model : models) {
    if (arguments.wants_json()) {
      list.Append(Json::Object({{"path", model.path},
                                {"size", model.size},
                                {"facts", Json::Parse(onnx::FactsToJson(model.facts))}}));
      continue;
    }
    const std::string head = fmt::format("{}: ONNX, IR {}, {}", Shown(model.path),
                                         model.facts.ir_version, terminal::FormatSize(model.size));
    terminal.Print(terminal.Paint(terminal::Style::kBold, head) + "\n" +
                   FormatFacts(terminal, model.facts));
  }
  if (arguments.wants_json()) terminal.Print(Json::Object({{"models", list}}).ToText());
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"TARGET", Count::kOptional, "A file, a version, or VERSION:PATH (default: HEAD)"},
    {"PATH", Count::kOptional, "One file of the version (default: all models)"}};

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
    .positionals = kPositionals,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
