#include "cli/model_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "schema/base/status.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::cli {
namespace {

using terminal::Json;

template <typename Number>
void AddChange(std::string_view form, Number before, Number after, std::vector<std::string>& to) {
  if (before == after) return;
  to.push_back(fmt::format(fmt::runtime(form), fmt::format("{} -> {}", before, after)));
}

}  // namespace

absl::StatusOr<std::optional<ModelFacts>> ReadModelFacts(workspace::Workspace& workspace,
                                                         const FileState& file) {
  MREG_ASSIGN_OR_RETURN(const auto bytes, OpenContent(workspace, file));
  if (bytes == nullptr) return std::nullopt;
  const auto scan = onnx::ScanModel(*bytes);
  if (absl::IsInvalidArgument(scan.status())) return std::nullopt;
  if (!scan.ok()) return scan.status();
  ModelFacts facts{scan->ir_version, 0, scan->node_count, scan->tensor_count};
  for (const onnx::OpsetImport& opset : scan->opsets) {
    if (opset.domain.empty() || opset.domain == "ai.onnx") facts.opset = opset.version;
  }
  return facts;
}

std::string FormatChange(const ModelFacts& before, const ModelFacts& after) {
  std::vector<std::string> changes;
  AddChange("IR {}", before.ir_version, after.ir_version, changes);
  AddChange("opset {}", before.opset, after.opset, changes);
  AddChange("{} nodes", before.nodes, after.nodes, changes);
  AddChange("{} tensors", before.tensors, after.tensors, changes);
  return fmt::format("{}", fmt::join(changes, ", "));
}

Json ModelJson(const std::optional<ModelFacts>& facts) {
  if (!facts) return Json();
  return Json::Object({{"ir_version", facts->ir_version},
                       {"opset", facts->opset},
                       {"nodes", facts->nodes},
                       {"tensors", facts->tensors}});
}

}  // namespace mreg::cli
