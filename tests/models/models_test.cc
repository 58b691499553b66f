#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <set>

#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"
#include "tests/models/weights.h"

namespace mreg::test_models {
namespace {

using ONNX_NAMESPACE::ModelProto;

ModelProto Parse(const Bytes& bytes) {
  ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

std::set<std::string> InitializerNames(const Bytes& bytes) {
  std::set<std::string> names;
  const ModelProto model = Parse(bytes);
  for (const auto& tensor : model.graph().initializer()) names.insert(tensor.name());
  return names;
}

TEST(TransformerModel, PassesTheOnnxChecker) {
  for (const ParameterType type : {ParameterType::kFloat16, ParameterType::kFloat32}) {
    ModelSpec spec = kSmallModel;
    spec.type = type;
    const ModelProto model = Parse(MakeTransformerModel(spec));
    EXPECT_NO_THROW(ONNX_NAMESPACE::checker::check_model(model));
    EXPECT_EQ(model.graph().initializer_size(), 2 + 16 * spec.layers + 2);
  }
}

TEST(TransformerModel, IsTheSameForASpecAndAnotherForAnotherSeed) {
  ModelSpec spec = kSmallModel;
  EXPECT_EQ(MakeTransformerModel(spec), MakeTransformerModel(spec));
  spec.seed = 2;
  EXPECT_NE(MakeTransformerModel(spec), MakeTransformerModel(kSmallModel));
}

TEST(ModelEdits, AllStayModelsThatTheCheckerPasses) {
  const Bytes model = MakeTransformerModel(kSmallModel);
  for (const Bytes& edited : {EditMetadata(model, "author", "somebody"),
                              RenameInitializers(model, "v2."), ReorderInitializers(model, 7),
                              InsertTensor(model, "more", 100, 7), FineTune(model, .1, .01, 7)}) {
    EXPECT_NE(edited, model);
    EXPECT_NO_THROW(ONNX_NAMESPACE::checker::check_model(Parse(edited)));
  }
}

TEST(ModelEdits, SiblingsAreModelsThatTheCheckerPasses) {
  ModelSpec spec = kSmallModel;
  spec.type = ParameterType::kFloat32;
  const Bytes model = MakeTransformerModel(spec);
  for (const Bytes& sibling : {AddNode(model), GrowVocabulary(model, 100, 7), CastToHalf(model),
                               CastToBfloat16(FineTune(model, 1, .01, 8)), Quantise(model),
                               QuantiseColumns(model), Dequantise(Quantise(model))}) {
    EXPECT_NE(sibling, model);
    EXPECT_NO_THROW(ONNX_NAMESPACE::checker::check_model(Parse(sibling)));
  }
  EXPECT_LT(Quantise(model).size(), model.size() / 3);
  EXPECT_LT(QuantiseBlocks(model).size(), model.size() / 4);  // of opset 21, beyond the checker
  EXPECT_LT(CastToHalf(model).size(), model.size() * 6 / 10);
}

TEST(ModelEdits, ReorderingKeepsTheNames) {
  const Bytes model = MakeTransformerModel(kSmallModel);
  EXPECT_EQ(InitializerNames(ReorderInitializers(model, 7)), InitializerNames(model));
}

TEST(ModelEdits, ExternalDataHoldsEachTensorAtItsOffset) {
  const Bytes original = MakeTransformerModel(kSmallModel);
  const SplitModel split = MoveToExternalFile(original, "weights.bin", 4096);
  const ModelProto before = Parse(original), after = Parse(split.model);
  int moved = 0;
  for (int i = 0; i < before.graph().initializer_size(); ++i) {
    const auto& tensor = after.graph().initializer(i);
    if (tensor.external_data_size() == 0) continue;
    const auto offset = std::stoull(tensor.external_data(1).value());
    const std::string& raw = before.graph().initializer(i).raw_data();
    EXPECT_EQ(offset % 4096, 0u);
    EXPECT_EQ(split.data.substr(offset, raw.size()), raw);
    ++moved;
  }
  EXPECT_GT(moved, 10);
}

TEST(ModelEdits, FineTuningChangesOnlyTheLastWeights) {
  const Bytes original = MakeTransformerModel(kSmallModel);
  const Bytes tuned = FineTune(original, .1, .01, 7);
  ASSERT_EQ(tuned.size(), original.size());
  const auto first = std::mismatch(original.begin(), original.end(), tuned.begin()).first;
  EXPECT_NEAR(static_cast<double>(first - original.begin()),
              .9 * static_cast<double>(original.size()), .05 * static_cast<double>(tuned.size()));
}

TEST(Weights, HalvesSurviveARoundTrip) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const uint32_t exponent = half >> 10 & 0x1f;
    if (exponent == 0x1f) continue;
    ASSERT_EQ(ToHalf(FromHalf(static_cast<uint16_t>(half))), half);
  }
}

TEST(Weights, HalvesAreRoundedToNearestEven) {
  EXPECT_EQ(ToHalf(1.f), 0x3c00);
  EXPECT_EQ(ToHalf(-2.f), 0xc000);
  EXPECT_EQ(ToHalf(1.f + 0x1p-11f), 0x3c00);
  EXPECT_EQ(ToHalf(1.f + 3 * 0x1p-11f), 0x3c02);
  EXPECT_EQ(ToHalf(65'504.f), 0x7bff);
  EXPECT_EQ(ToHalf(1e6f), 0x7c00);
  EXPECT_EQ(ToHalf(0x1p-24f), 1);
  EXPECT_EQ(ToHalf(0x1p-25f), 0);
  EXPECT_EQ(ToHalf(3 * 0x1p-25f), 2);
}

TEST(Weights, AreDistributedNormally) {
  NormalNumbers numbers(1);
  double sum = 0, squares = 0;
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) {
    const double number = numbers.Next(1, 2);
    sum += number;
    squares += number * number;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 1, .05);
  EXPECT_NEAR(std::sqrt(squares / kCount - mean * mean), 2, .05);
}

TEST(MemoryFile, HasZerosBetweenItsPieces) {
  const MemoryFile file(uint64_t{1} << 40, {{0, "ab"}, {5, "cd"}});
  char buffer[8];
  EXPECT_EQ(*file.ReadAt(1, buffer), 8u);
  EXPECT_EQ(ByteView(buffer, 8), ByteView("b\0\0\0cd\0\0", 8));
  EXPECT_EQ(*file.ReadAt((uint64_t{1} << 40) - 1, buffer), 1u);
}

}  // namespace
}  // namespace mreg::test_models
