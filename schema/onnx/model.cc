#include "schema/onnx/model.h"

#include <fmt/format.h>

#include "schema/onnx/data_type.h"

namespace mreg::onnx {

std::string DomainName(const std::string& domain) { return domain.empty() ? "ai.onnx" : domain; }

std::string TypeName(const ValueType& type) {
  const std::string inner = type.inner.empty() ? "" : TypeName(type.inner.front());
  switch (type.kind) {
    case ValueType::Kind::kNone:
      return "";
    case ValueType::Kind::kTensor:
      return fmt::format("tensor({})", SchemaTypeName(type.element));
    case ValueType::Kind::kSparse:
      return fmt::format("sparse_tensor({})", SchemaTypeName(type.element));
    case ValueType::Kind::kSequence:
      return fmt::format("seq({})", inner);
    case ValueType::Kind::kOptional:
      return fmt::format("optional({})", inner);
    case ValueType::Kind::kMap:
      return fmt::format("map({},{})", SchemaTypeName(type.element), inner);
    case ValueType::Kind::kOpaque:
      return "opaque";
  }
  return "";
}

std::string ShapeText(const ValueType& type) {
  if (!type.has_shape) return "";
  std::string text;
  for (const Dim& dim : type.shape) {
    if (!text.empty()) text += " x ";
    if (dim.value >= 0) {
      text += std::to_string(dim.value);
    } else {
      text += dim.symbol.empty() ? "?" : dim.symbol;
    }
  }
  return text.empty() ? "scalar" : text;
}

const std::vector<Graph>& Subgraphs(const Attribute& attribute) {
  static const auto* const kNone = new std::vector<Graph>();
  const auto* const graphs = std::get_if<std::vector<Graph>>(&attribute.value);
  return graphs == nullptr ? *kNone : *graphs;
}

}  // namespace mreg::onnx
