// Differences of the models of Debian's package libonnx-testdata: their tensors are told once each,
// from both ends alike.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <set>

#include "schema/base/file_system.h"
#include "schema/onnx/model_diff.h"
#include "schema/onnx/model_reader.h"
#include "schema/onnx/tensor_diff.h"

namespace mreg::onnx {
namespace {

namespace fs = std::filesystem;

constexpr char kTestData[] = "/usr/share/libonnx-testdata/data";

struct ReadFile {
  std::unique_ptr<ReadableFile> file;
  Model model;

  PlaceTensor Place() const {
    return [this](const TensorRecord& tensor) { return PlaceInModel(*file, tensor); };
  }
};

std::vector<ReadFile> ReadModels() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(kTestData)) {
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<ReadFile> models;
  for (const fs::path& path : paths) {
    auto file = PosixFileSystem().OpenRead(path.string());
    if (!file.ok()) continue;
    auto model = ReadModel(**file);
    if (model.ok()) models.push_back({*std::move(file), *std::move(model)});
  }
  return models;
}

using Tensors = std::multiset<const TensorRecord*>;

void AddTensors(const std::vector<Node>& nodes, Tensors& tensors);

void AddTensors(const Graph& graph, Tensors& tensors) {
  for (const TensorRecord& tensor : graph.initializers) tensors.insert(&tensor);
  for (const SparseTensor& tensor : graph.sparse_initializers) tensors.insert(&tensor.values);
  AddTensors(graph.nodes, tensors);
}

void AddTensors(const std::vector<Node>& nodes, Tensors& tensors) {
  for (const Node& node : nodes) {
    for (const Attribute& attribute : node.attributes) {
      if (const auto* list = std::get_if<std::vector<TensorRecord>>(&attribute.value)) {
        for (const TensorRecord& tensor : *list) tensors.insert(&tensor);
      }
      if (const auto* list = std::get_if<std::vector<SparseTensor>>(&attribute.value)) {
        for (const SparseTensor& tensor : *list) tensors.insert(&tensor.values);
      }
      for (const Graph& graph : Subgraphs(attribute)) AddTensors(graph, tensors);
    }
  }
}

Tensors TensorsOf(const Model& model) {
  Tensors tensors;
  AddTensors(model.graph, tensors);
  for (const Function& function : model.functions) AddTensors(function.nodes, tensors);
  for (const Graph& graph : model.training) AddTensors(graph, tensors);
  return tensors;
}

Tensors Side(const ModelDiff& diff, const TensorRecord* TensorPair::*side) {
  Tensors tensors;
  for (const TensorPair& pair : diff.tensors) {
    if (pair.*side != nullptr) tensors.insert(pair.*side);
  }
  return tensors;
}

size_t CountOf(const TensorDiff& diff, TensorChange::Kind kind) {
  return static_cast<size_t>(std::ranges::count(diff.changes, kind, &TensorChange::kind));
}

TensorDiff Diff(const ReadFile& before, const ReadFile& after, const ModelDiff& diff) {
  return DiffTensors(diff.tensors, before.Place(), after.Place()).value();
}

TEST(ModelDiffOfTestData, TellsEachTensorOnceFromBothEndsAlike) {
  if (!fs::exists(kTestData)) GTEST_SKIP() << "libonnx-testdata is not installed";
  using Kind = TensorChange::Kind;
  const std::vector<ReadFile> models = ReadModels();
  ASSERT_GT(models.size(), 1000u);
  std::mt19937_64 random(1);
  uint64_t paired = 0;
  for (size_t i = 0; i < models.size(); ++i) {
    // Neighbours are of one operator, others have little in common.
    const size_t other = i % 2 == 0 ? random() % models.size() : (i + 1) % models.size();
    const ReadFile& before = models[i];
    const ReadFile& after = models[other];
    const ModelDiff there = DiffModels(before.model, after.model);
    const ModelDiff back = DiffModels(after.model, before.model);
    EXPECT_EQ(Side(there, &TensorPair::before), TensorsOf(before.model)) << i;
    EXPECT_EQ(Side(there, &TensorPair::after), TensorsOf(after.model)) << i;
    EXPECT_EQ(Side(back, &TensorPair::before), TensorsOf(after.model)) << i;
    const TensorDiff tensors = Diff(before, after, there), reverse = Diff(after, before, back);
    EXPECT_EQ(CountOf(tensors, Kind::kAdded), CountOf(reverse, Kind::kRemoved))
        << i << " " << other;
    EXPECT_EQ(CountOf(tensors, Kind::kRemoved), CountOf(reverse, Kind::kAdded))
        << i << " " << other;
    EXPECT_EQ(tensors.tensors, TensorsOf(after.model).size());
    EXPECT_EQ(tensors.tensors - CountOf(tensors, Kind::kAdded),
              reverse.tensors - CountOf(reverse, Kind::kAdded));
    paired += tensors.tensors - CountOf(tensors, Kind::kAdded);
  }
  EXPECT_GT(paired, 20u);
}

TEST(ModelDiffOfTestData, IsEmptyForAModelAndItself) {
  if (!fs::exists(kTestData)) GTEST_SKIP() << "libonnx-testdata is not installed";
  for (const ReadFile& file : ReadModels()) {
    const ModelDiff diff = DiffModels(file.model, file.model);
    EXPECT_TRUE(diff.head.empty() && diff.inputs.empty() && diff.nodes.empty());
    EXPECT_EQ(diff.renamed_nodes, 0u);
    EXPECT_TRUE(Diff(file, file, diff).changes.empty());
  }
}

}  // namespace
}  // namespace mreg::onnx
