// What changed from one model to another, told from their graphs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/onnx/model.h"
#include "schema/onnx/quantised_tensors.h"

namespace mreg::onnx {

// Something with a name that has a value; nothing on the side where it is not.
struct TextChange {
  std::string name;
  std::optional<std::string> before, after;
  bool operator==(const TextChange&) const = default;
};

struct NodeChange {
  enum class Kind : uint8_t { kAdded, kRemoved, kChanged };

  Kind kind = Kind::kChanged;
  std::string graph;  // "" for the model's own, else where the graph is: "node.then_branch"
  std::string name;   // its first output, where it has none
  std::string op;     // with the domain, if that is not ai.onnx
  // Of one that changed. Subgraphs' changes are told as changes of their nodes.
  std::string op_before;  // "" if it is the same
  std::vector<TextChange> attributes;
  std::vector<TextChange> inputs;  // names are positions: "0"
};

// Tensors that are taken for the same one: equal or not. Null: on one side only.
struct TensorPair {
  std::string graph;  // as in NodeChange
  std::string name;   // the one after, where there is one; of an attribute "node.attribute"
  std::string name_before;
  const TensorRecord* before = nullptr;
  const TensorRecord* after = nullptr;
  // Of one that holds levels.
  std::optional<Quantisation> quantised_before = std::nullopt;
  std::optional<Quantisation> quantised_after = std::nullopt;
};

struct ModelDiff {
  std::vector<TextChange> head;  // "ir_version", "producer", "graph"...
  std::vector<TextChange> opsets;
  std::vector<TextChange> metadata;
  std::vector<TextChange> inputs;     // types and shapes
  std::vector<TextChange> outputs;    // as inputs
  std::vector<TextChange> functions;  // their inputs and outputs
  std::vector<NodeChange> nodes;
  uint64_t renamed_nodes = 0;  // otherwise the same
  std::vector<TensorPair> tensors;
};

// Both models outlive the result, which points to their tensors. Never fails; takes time in
// proportion to both. Nodes of unsorted or cyclic graphs are paired by names only.
ModelDiff DiffModels(const Model& before, const Model& after);

}  // namespace mreg::onnx
