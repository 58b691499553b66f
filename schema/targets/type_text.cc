#include "schema/targets/type_text.h"

#include "schema/onnx/data_type.h"

namespace mreg::targets {
namespace {

using onnx::ValueType;
using Kind = ValueType::Kind;

constexpr int kMaxDepth = 8;

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<ValueType> Parse(std::string_view text, int depth) {
  if (depth > kMaxDepth || !text.ends_with(')')) return std::nullopt;
  text.remove_suffix(1);
  ValueType type;
  if (TakePrefix(text, "tensor(")) type.kind = Kind::kTensor;
  if (TakePrefix(text, "sparse_tensor(")) type.kind = Kind::kSparse;
  if (TakePrefix(text, "map(")) type.kind = Kind::kMap;
  if (type.kind == Kind::kNone) {
    if (TakePrefix(text, "seq(")) type.kind = Kind::kSequence;
    if (TakePrefix(text, "optional(")) type.kind = Kind::kOptional;
    if (type.kind == Kind::kNone) return std::nullopt;
  } else {
    const size_t comma = type.kind == Kind::kMap ? text.find(',') : text.size();
    type.element = ParseElement(text.substr(0, comma));
    if (type.element == 0) return std::nullopt;
    if (type.kind != Kind::kMap) return type;
    if (comma >= text.size()) return std::nullopt;
    text.remove_prefix(comma + 1);
    TakePrefix(text, " ");
  }
  auto inner = Parse(text, depth + 1);
  // Maps' values may be written without "tensor()".
  if (!inner && type.kind == Kind::kMap && ParseElement(text) != 0) {
    inner = ValueType();
    inner->kind = Kind::kTensor;
    inner->element = ParseElement(text);
  }
  if (!inner) return std::nullopt;
  type.inner.push_back(*std::move(inner));
  return type;
}

}  // namespace

onnx::DataType ParseElement(std::string_view text) {
  constexpr onnx::DataType kNewest = 31;
  for (onnx::DataType type = 1; type < kNewest; ++type) {
    if (onnx::SchemaTypeName(type) == text) return type;
  }
  return 0;
}

std::optional<ValueType> ParseType(std::string_view text) { return Parse(text, 0); }

std::string CanonicalType(std::string_view text) {
  if (text.find("map(") == std::string_view::npos) return std::string(text);
  const auto type = ParseType(text);
  return type ? onnx::TypeName(*type) : std::string(text);
}

}  // namespace mreg::targets
