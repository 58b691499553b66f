// The scanner against protobuf's own parser, on the models of Debian's package libonnx-testdata.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "schema/base/status.h"
#include "schema/onnx/wire_scanner.h"
#include "tests/models/memory_file.h"

namespace mreg::onnx {
namespace {

namespace fs = std::filesystem;
using ::ONNX_NAMESPACE::AttributeProto;
using ::ONNX_NAMESPACE::GraphProto;
using ::ONNX_NAMESPACE::ModelProto;
using ::ONNX_NAMESPACE::NodeProto;
using ::ONNX_NAMESPACE::SparseTensorProto;
using ::ONNX_NAMESPACE::TensorProto;

constexpr char kTestData[] = "/usr/share/libonnx-testdata/data";

// All tensors of a parsed model.
class Tensors {
 public:
  explicit Tensors(const ModelProto& model) {
    Add(model.graph());
    for (const auto& training : model.training_info()) {
      Add(training.initialization());
      Add(training.algorithm());
    }
    for (const auto& function : model.functions()) {
      for (const NodeProto& node : function.node()) Add(node);
    }
  }

  const std::vector<const TensorProto*>& all() const { return all_; }
  uint64_t nodes() const { return nodes_; }

 private:
  void Add(const TensorProto& tensor) { all_.push_back(&tensor); }
  void Add(const SparseTensorProto& sparse) {
    if (sparse.has_values()) Add(sparse.values());
    if (sparse.has_indices()) Add(sparse.indices());
  }
  void Add(const GraphProto& graph) {
    for (const NodeProto& node : graph.node()) Add(node);
    for (const TensorProto& tensor : graph.initializer()) Add(tensor);
    for (const SparseTensorProto& sparse : graph.sparse_initializer()) Add(sparse);
  }
  void Add(const NodeProto& node) {
    ++nodes_;
    for (const AttributeProto& attribute : node.attribute()) Add(attribute);
  }
  void Add(const AttributeProto& attribute) {
    if (attribute.has_t()) Add(attribute.t());
    if (attribute.has_g()) Add(attribute.g());
    if (attribute.has_sparse_tensor()) Add(attribute.sparse_tensor());
    for (const TensorProto& tensor : attribute.tensors()) Add(tensor);
    for (const GraphProto& graph : attribute.graphs()) Add(graph);
    for (const SparseTensorProto& sparse : attribute.sparse_tensors()) Add(sparse);
  }

  std::vector<const TensorProto*> all_;
  uint64_t nodes_ = 0;
};

// The bytes of a packed field's payload.
template <typename Values>
Bytes Plain(const Values& values) {
  return Bytes(reinterpret_cast<const char*>(values.data()),
               static_cast<size_t>(values.size()) * sizeof(*values.data()));
}

// What the scanner should have found: name, and the payload where its bytes are plain.
using Found = std::pair<std::string, Bytes>;

std::vector<Found> Expected(const Tensors& tensors) {
  std::vector<Found> found;
  for (const TensorProto* tensor : tensors.all()) {
    Bytes plain = tensor->raw_data();
    if (plain.empty()) plain = Plain(tensor->float_data());
    if (plain.empty()) plain = Plain(tensor->double_data());
    if (!plain.empty()) found.emplace_back(tensor->name(), std::move(plain));
  }
  std::ranges::sort(found);
  return found;
}

std::vector<Found> Actual(const ModelScan& scan, const Bytes& file) {
  std::vector<Found> found;
  for (const InlineTensor& tensor : scan.tensors) {
    if (!tensor.is_plain) continue;
    found.emplace_back(tensor.name, file.substr(tensor.offset, tensor.length));
  }
  std::ranges::sort(found);
  return found;
}

void ExpectAgreement(const Bytes& file) {
  ModelProto model;
  ASSERT_TRUE(model.ParseFromString(file));
  const Tensors tensors(model);
  const auto scan = ScanModel(test_models::MemoryFile(file), 1);
  ASSERT_TRUE(scan.ok()) << MessageOf(scan.status());
  EXPECT_EQ(scan->ir_version, model.ir_version());
  EXPECT_EQ(scan->producer_name, model.producer_name());
  EXPECT_EQ(scan->opsets.size(), static_cast<size_t>(model.opset_import_size()));
  EXPECT_EQ(scan->node_count, tensors.nodes());
  EXPECT_EQ(scan->tensor_count, tensors.all().size());
  EXPECT_EQ(Actual(*scan, file), Expected(tensors));
}

TEST(WireScannerTestData, AgreesWithTheParserOnEveryModel) {
  if (!fs::exists(kTestData)) GTEST_SKIP() << "libonnx-testdata is not installed";
  int models = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kTestData)) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path().string());
    const auto file = ReadSmallFile(PosixFileSystem(), entry.path(), 1 << 30);
    ASSERT_TRUE(file.ok());
    ExpectAgreement(*file);
    ++models;
  }
  EXPECT_GT(models, 1000);
}

}  // namespace
}  // namespace mreg::onnx
