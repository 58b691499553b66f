#include "cli/diff_output.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "cli/display.h"
#include "cli/model_facts.h"
#include "cli/terminal/text_diff.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"

namespace mreg::cli {

using terminal::Json;
using terminal::Style;
using workspace::Workspace;

namespace {

using Facts = std::optional<ModelFacts>;

absl::StatusOr<Facts> FactsOf(Workspace& workspace, const std::optional<FileState>& file) {
  if (!file) return Facts();
  return ReadModelFacts(workspace, *file);
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

absl::Status PrintDifference(terminal::Terminal& terminal, Workspace& workspace,
                             const FileDifference& file) {
  MREG_ASSIGN_OR_RETURN(const Facts before, FactsOf(workspace, file.before));
  MREG_ASSIGN_OR_RETURN(const Facts after, FactsOf(workspace, file.after));
  std::string line = fmt::format("{:<10}{}  {}", fmt::format("{}:", ChangeName(file.change)),
                                 Shown(file.path), FormatSizes(file));
  if (before && after && *before != *after) line += "; " + FormatChange(*before, *after);
  terminal.Print(terminal.Paint(Style::kBold, line) + "\n");
  return absl::OkStatus();
}

absl::StatusOr<Json> DifferenceJson(Workspace& workspace, const FileDifference& file) {
  MREG_ASSIGN_OR_RETURN(const Facts old_model, FactsOf(workspace, file.before));
  MREG_ASSIGN_OR_RETURN(const Facts new_model, FactsOf(workspace, file.after));
  const auto side = [](const std::optional<FileState>& state, const Facts& model) {
    if (!state) return Json();
    return Json::Object(
        {{"size", state->size}, {"sha256", state->digest.ToHex()}, {"model", ModelJson(model)}});
  };
  return Json::Object({{"path", file.path},
                       {"change", ChangeName(file.change)},
                       {"before", side(file.before, old_model)},
                       {"after", side(file.after, new_model)}});
}

}  // namespace mreg::cli
