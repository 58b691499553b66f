#include "cli/diff_output.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "cli/display.h"
#include "cli/terminal/text_diff.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "schema/onnx/model_facts.h"

namespace mreg::cli {

using terminal::Json;
using terminal::Style;
using workspace::Workspace;

namespace {

// What is told of a model in a line.
Json ModelJson(const std::unique_ptr<ModelFile>& file) {
  if (file == nullptr) return Json();
  const onnx::ModelFacts facts = onnx::GatherFacts(file->model());
  int64_t opset = 0;
  for (const onnx::OpsetUse& use : facts.opsets) {
    if (use.domain == "ai.onnx") opset = use.imported;
  }
  uint64_t tensors = 0;
  for (const onnx::TypeUse& use : facts.types) tensors += use.tensors;
  return Json::Object({{"ir_version", facts.ir_version},
                       {"opset", opset},
                       {"nodes", facts.nodes},
                       {"tensors", tensors}});
}

Json SideJson(const std::optional<FileState>& state, const std::unique_ptr<ModelFile>& model) {
  if (!state) return Json();
  // Files that are in no repository are not hashed.
  const bool is_hashed = state->digest != ArtifactId();
  return Json::Object({{"size", state->size},
                       {"sha256", is_hashed ? Json(state->digest.ToHex()) : Json()},
                       {"model", ModelJson(model)}});
}

std::string FormatSizes(const FileDifference& file) {
  if (!file.before) return terminal::FormatSize(file.after->size);
  if (!file.after) return terminal::FormatSize(file.before->size);
  return fmt::format("{} -> {} ({})", terminal::FormatSize(file.before->size),
                     terminal::FormatSize(file.after->size),
                     terminal::FormatSizeChange(file.before->size, file.after->size));
}

// Lines of a text difference, escaped one by one.
std::string FormatHunks(const terminal::Terminal& terminal, std::string_view hunks) {
  std::string text;
  while (!hunks.empty()) {
    const size_t end = hunks.find('\n');
    const std::string line = Shown(hunks.substr(0, end));
    hunks.remove_prefix(end + 1);
    const bool is_plain = line.starts_with(' ') || line.starts_with('\\');
    const Style style = line.starts_with('+')   ? Style::kGreen
                        : line.starts_with('-') ? Style::kRed
                                                : Style::kDim;
    text += (is_plain ? line : terminal.Paint(style, line)) + "\n";
  }
  return text;
}

absl::StatusOr<std::string> TextOf(Workspace& workspace, const std::optional<FileState>& file,
                                   bool& is_text) {
  if (!file) return "";
  MREG_ASSIGN_OR_RETURN(auto text, ReadText(workspace, *file));
  is_text = is_text && text.has_value();
  return text ? *std::move(text) : "";
}

}  // namespace

absl::Status PrintTextDifference(terminal::Terminal& terminal, Workspace& workspace,
                                 const FileDifference& file) {
  bool is_text = true;
  MREG_ASSIGN_OR_RETURN(const std::string before, TextOf(workspace, file.before, is_text));
  MREG_ASSIGN_OR_RETURN(const std::string after, TextOf(workspace, file.after, is_text));
  if (!is_text) return absl::OkStatus();
  const std::string path = Shown(file.path);
  terminal.Print(fmt::format("\n--- {}\n+++ {}\n{}", file.before ? "a/" + path : "/dev/null",
                             file.after ? "b/" + path : "/dev/null",
                             FormatHunks(terminal, terminal::UnifiedDiff(before, after))));
  return absl::OkStatus();
}

absl::StatusOr<ModelSides> CompareSides(Workspace& workspace, const FileStates& before,
                                        const FileStates& after, const FileDifference& file) {
  ModelSides sides;
  if (file.before) {
    MREG_ASSIGN_OR_RETURN(sides.before, ReadModelFile(workspace, before, file.path));
  }
  if (file.after) {
    MREG_ASSIGN_OR_RETURN(sides.after, ReadModelFile(workspace, after, file.path));
  }
  if (sides.before == nullptr || sides.after == nullptr) return sides;
  MREG_ASSIGN_OR_RETURN(sides.change, CompareModels(*sides.before, *sides.after));
  return sides;
}

void PrintDifference(terminal::Terminal& terminal, const FileDifference& file) {
  const std::string line = fmt::format("{:<10}{}  {}", fmt::format("{}:", ChangeName(file.change)),
                                       Shown(file.path), FormatSizes(file));
  terminal.Print(terminal.Paint(Style::kBold, line) + "\n");
}

Json DifferenceJson(const FileDifference& file, const ModelSides& models) {
  return Json::Object({{"path", file.path},
                       {"change", ChangeName(file.change)},
                       {"before", SideJson(file.before, models.before)},
                       {"after", SideJson(file.after, models.after)},
                       {"model_change", models.change ? ModelChangeJson(*models.change) : Json()}});
}

}  // namespace mreg::cli
