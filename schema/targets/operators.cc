#include "schema/targets/operators.h"

#include "schema/targets/contrib_operators_data.h"

namespace mreg::targets {
namespace {

const onnx::OperatorTable& ContribTable() {
  static const auto* const kTable = new onnx::OperatorTable(kContribOperatorsData);
  return *kTable;
}

}  // namespace

const onnx::OperatorSchema* FindOperator(std::string_view domain, std::string_view name,
                                         int64_t opset) {
  const onnx::OperatorSchema* const found = onnx::OperatorTable::Get().Find(domain, name, opset);
  return found != nullptr ? found : ContribTable().Find(domain, name, opset);
}

std::vector<const onnx::OperatorSchema*> AllOperators() {
  std::vector<const onnx::OperatorSchema*> all;
  for (const auto* const table : {&onnx::OperatorTable::Get(), &ContribTable()}) {
    for (const onnx::OperatorSchema& schema : table->schemas()) all.push_back(&schema);
  }
  return all;
}

}  // namespace mreg::targets
