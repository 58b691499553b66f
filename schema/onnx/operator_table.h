// The operators that ONNX defines, each in all its versions: schema/onnx/data/operators.tsv.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace mreg::onnx {

struct OperatorParameter {
  enum class Count : uint8_t { kOne, kOptional, kVariadic, kVariadicAnyType };
  std::string_view type;  // a constraint's name ("T") or a type ("tensor(int64)")
  Count count = Count::kOne;
};

struct OperatorConstraint {
  std::string_view name;
  const std::vector<std::string_view>* types = nullptr;  // that it allows
};

struct OperatorAttribute {
  std::string_view name;
  std::string_view type;  // as AttributeProto.AttributeType names it
  bool is_required = false;
};

// One version of an operator.
struct OperatorSchema {
  std::string_view domain;  // "ai.onnx", never ""
  std::string_view name;
  int64_t since = 0;
  bool is_deprecated = false;
  bool is_function = false;  // a runtime without a kernel may expand it
  std::vector<OperatorParameter> inputs;
  std::vector<OperatorParameter> outputs;
  std::vector<OperatorConstraint> constraints;
  std::vector<OperatorAttribute> attributes;
  std::vector<std::string_view> body;  // what it expands to; empty where the node decides that
};

// Immutable, thread-safe, loaded once in a few milliseconds.
class OperatorTable {
 public:
  static const OperatorTable& Get();

  // Of other operators, in the form of operators.tsv. `text` outlives the table.
  explicit OperatorTable(std::string_view text);

  // The version that a model which imports `opset` of the domain means; null where the domain has
  // no such operator at that opset. "" is ai.onnx.
  const OperatorSchema* Find(std::string_view domain, std::string_view name, int64_t opset) const;

  // The highest opset of the domain at which an operator changed; 0 for a domain that ONNX does not
  // define.
  int64_t NewestOpset(std::string_view domain) const;

  // By domain, name and version.
  const std::vector<OperatorSchema>& schemas() const { return schemas_; }

 private:
  void AddTypes(std::string_view line);
  void AddOperator(std::string_view line);

  std::vector<std::vector<std::string_view>> type_sets_;
  std::vector<OperatorSchema> schemas_;
  std::map<std::string_view, int64_t> newest_;
};

// Of `schema`'s parameters the one that argument number `at` goes to; null beyond the last.
const OperatorParameter* ParameterAt(const std::vector<OperatorParameter>& parameters, size_t at);

}  // namespace mreg::onnx
