#include "schema/onnx/tensor_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "schema/onnx/data_type.h"
#include "schema/onnx/model_facts.h"
#include "schema/onnx/model_reader.h"
#include "schema/onnx/tensor_values.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::onnx {
namespace {

using test_models::GraphWith;
using test_models::MemoryFile;
using test_models::ModelWith;
using test_models::RawTensor;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = TensorChange::Kind;

// Two models and what DiffTensors says of them.
struct Compared {
  Compared(Bytes from, Bytes to)
      : file_before(std::move(from)),
        file_after(std::move(to)),
        before(ReadModel(file_before).value()),
        after(ReadModel(file_after).value()),
        diff(DiffTensors(
                 DiffModels(before, after).tensors,
                 [&](const TensorRecord& tensor) { return PlaceInModel(file_before, tensor); },
                 [&](const TensorRecord& tensor) { return PlaceInModel(file_after, tensor); })
                 .value()) {}

  MemoryFile file_before, file_after;
  Model before, after;
  TensorDiff diff;
};

Bytes SmallFloats() {
  test_models::ModelSpec spec = test_models::kSmallModel;
  spec.type = test_models::ParameterType::kFloat32;
  return test_models::MakeTransformerModel(spec);
}

template <typename Value>
Bytes OneTensor(uint64_t type, const std::vector<Value>& values, std::string_view name = "w") {
  const ByteView raw(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value));
  return ModelWith(GraphWith(RawTensor(name, type, values.size(), raw))).bytes();
}

TEST(TensorDiff, OfEqualTensorsIsEmptyInWhateverOrder) {
  const Bytes base = SmallFloats();
  const Compared compared(base, test_models::ReorderInitializers(base, 3));
  EXPECT_THAT(compared.diff.changes, IsEmpty());
  EXPECT_GE(compared.diff.tensors, compared.after.graph.initializers.size());
  EXPECT_EQ(compared.diff.changed_elements, 0u);
}

TEST(TensorDiff, TellsEqualTensorsOfOtherNames) {
  const Bytes base = SmallFloats();
  const Compared compared(base, test_models::RenameInitializers(base, "encoder/"));
  EXPECT_THAT(compared.diff.changes, SizeIs(compared.after.graph.initializers.size()));
  for (const TensorChange& change : compared.diff.changes) EXPECT_EQ(change.kind, Kind::kRenamed);
}

TEST(TensorDiff, OfTensorsThatMovedToAnotherFileIsEmpty) {
  const Bytes base = SmallFloats();
  const auto split = test_models::MoveToExternalFile(base, "weights.bin", 4096);
  const MemoryFile inside(base), outside(split.model), weights(split.data);
  const Model before = ReadModel(inside).value(), after = ReadModel(outside).value();
  const auto diff = DiffTensors(
      DiffModels(before, after).tensors,
      [&](const TensorRecord& tensor) { return PlaceInModel(inside, tensor); },
      [&](const TensorRecord& tensor) -> std::optional<TensorPlace> {
        if (!tensor.is_external) return PlaceInModel(outside, tensor);
        return TensorPlace{&weights, tensor.external_offset, tensor.external_length, ""};
      });
  ASSERT_TRUE(diff.ok());
  EXPECT_THAT(diff->changes, IsEmpty());
}

TEST(TensorDiff, PairsTensorsThatNoNodeUsesByTheirBytes) {
  const Compared compared(OneTensor<float>(1, {1, 2}, "old"), OneTensor<float>(1, {1, 2}, "new"));
  ASSERT_THAT(compared.diff.changes, SizeIs(1));
  EXPECT_EQ(compared.diff.changes[0].kind, Kind::kRenamed);
  EXPECT_EQ(compared.diff.changes[0].pair.name_before, "old");
  const Compared other(OneTensor<float>(1, {1, 2}, "old"), OneTensor<float>(1, {1, 3}, "new"));
  ASSERT_THAT(other.diff.changes, SizeIs(2));
  EXPECT_EQ(other.diff.changes[0].kind, Kind::kRemoved);
  EXPECT_EQ(other.diff.changes[1].kind, Kind::kAdded);
}

TEST(TensorDiff, MeasuresTheDifference) {
  const Compared compared(OneTensor<float>(1, {3, 4, 0, 1}), OneTensor<float>(1, {3, 4, 0, 2}));
  ASSERT_THAT(compared.diff.changes, SizeIs(1));
  const ChangeStatistics statistics = compared.diff.changes[0].statistics.value();
  EXPECT_EQ(statistics.elements, 4u);
  EXPECT_EQ(statistics.changed, 1u);
  EXPECT_EQ(statistics.max, 1);
  EXPECT_EQ(statistics.mean, 0.25);
  EXPECT_THAT(statistics.relative, DoubleNear(1 / std::sqrt(26.0), 1e-12));
}

TEST(TensorDiff, MeasuresTensorsOfManyBlocks) {
  std::vector<uint8_t> values((2 << 20) + 5, 1);
  const Bytes before = OneTensor(2, values);
  for (size_t i = 0; i < values.size(); i += 1000) values[i] = 3;
  values.back() = 11;
  const Compared compared(before, OneTensor(2, values));
  const ChangeStatistics statistics = compared.diff.changes.at(0).statistics.value();
  EXPECT_EQ(statistics.elements, values.size());
  EXPECT_EQ(statistics.changed, values.size() / 1000 + 2);
  EXPECT_EQ(statistics.max, 10);
}

TEST(TensorDiff, KeepsWhatIsNoNumberOutOfTheSums) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Compared compared(OneTensor<float>(1, {1, kNan, 0}), OneTensor<float>(1, {2, kNan, kNan}));
  const ChangeStatistics statistics = compared.diff.changes.at(0).statistics.value();
  EXPECT_EQ(statistics.changed, 2u);
  EXPECT_EQ(statistics.not_finite, 2u);
  EXPECT_EQ(statistics.max, 1);
  EXPECT_EQ(statistics.mean, 1);
  EXPECT_EQ(statistics.relative, 1);
}

TEST(TensorDiff, MeasuresAFineTune) {
  const Bytes base = SmallFloats();
  const Compared compared(base, test_models::FineTune(base, 0.5, 0.05, 7));
  ASSERT_FALSE(compared.diff.changes.empty());
  EXPECT_LT(compared.diff.changes.size(), compared.diff.tensors);
  const double share = static_cast<double>(compared.diff.changed_elements) /
                       static_cast<double>(compared.diff.elements);
  EXPECT_THAT(share, DoubleNear(0.5, 0.15));
  for (const TensorChange& change : compared.diff.changes) {
    ASSERT_TRUE(change.statistics);
    EXPECT_LT(change.statistics->relative, 0.1);
  }
}

TEST(TensorDiff, MeasuresCastsByTheirValues) {
  const Bytes base = SmallFloats();
  for (const Bytes& cast : {test_models::CastToHalf(base), test_models::CastToBfloat16(base)}) {
    const Compared compared(base, cast);
    ASSERT_FALSE(compared.diff.changes.empty());
    for (const TensorChange& change : compared.diff.changes) {
      ASSERT_TRUE(change.statistics) << change.pair.name;
      EXPECT_NE(change.pair.before->type, change.pair.after->type);
      EXPECT_LT(change.statistics->relative, 0.005) << change.pair.name;
    }
  }
}

// The levels' pairs among what changed.
std::vector<const TensorChange*> Quantised(const TensorDiff& diff) {
  std::vector<const TensorChange*> list;
  for (const TensorChange& change : diff.changes) {
    if (change.pair.quantised_before || change.pair.quantised_after) list.push_back(&change);
  }
  return list;
}

size_t MatricesOf(const Model& model) {
  return static_cast<size_t>(std::ranges::count_if(
      model.graph.initializers,
      [](const TensorRecord& tensor) { return tensor.type == 1 && tensor.dims.size() == 2; }));
}

TEST(TensorDiff, MeasuresLevelsByTheirValues) {
  const Bytes base = SmallFloats();
  const std::pair<Bytes, double> siblings[] = {{test_models::Quantise(base), .02},
                                               {test_models::QuantiseColumns(base), .02},
                                               {test_models::QuantiseBlocks(base), .2}};
  for (const auto& [sibling, most] : siblings) {
    for (const Compared& compared : {Compared(base, sibling), Compared(sibling, base)}) {
      const auto levels = Quantised(compared.diff);
      EXPECT_THAT(levels, SizeIs(MatricesOf(ReadModel(MemoryFile(base)).value())));
      for (const TensorChange* const change : levels) {
        ASSERT_EQ(change->kind, Kind::kChanged) << change->pair.name;
        ASSERT_TRUE(change->statistics) << change->pair.name;
        EXPECT_EQ(change->statistics->elements, ElementCount(change->pair.after->dims));
        EXPECT_GT(change->statistics->relative, 1e-4);
        EXPECT_LT(change->statistics->relative, most) << change->pair.name;
      }
    }
  }
}

TEST(TensorDiff, FindsWhatWasQuantisedByItsValues) {
  const Bytes base = SmallFloats();
  const Bytes renamed = test_models::RenameInitializers(base, "encoder/");
  const Compared compared(renamed, test_models::Quantise(base));
  const auto levels = Quantised(compared.diff);
  EXPECT_THAT(levels, SizeIs(MatricesOf(compared.before)));
  for (const TensorChange* const change : levels) {
    ASSERT_EQ(change->kind, Kind::kChanged) << change->pair.name;
    EXPECT_EQ("encoder/" + change->pair.name, change->pair.name_before + "_quantized");
  }
  const Compared strangers(test_models::MakeTransformerModel([] {
                             test_models::ModelSpec spec = test_models::kSmallModel;
                             spec.type = test_models::ParameterType::kFloat32;
                             spec.seed += 1;
                             return spec;
                           }()),
                           test_models::Quantise(renamed));
  for (const TensorChange* const change : Quantised(strangers.diff)) {
    EXPECT_EQ(change->kind, Kind::kAdded) << change->pair.name << change->pair.name_before;
  }
}

TEST(TensorDiff, ComparesTheRowsThatBothHave) {
  const Bytes base = SmallFloats();
  const Compared compared(base, test_models::GrowVocabulary(base, 10, 3));
  ASSERT_THAT(compared.diff.changes, SizeIs(1));
  const TensorChange& change = compared.diff.changes[0];
  EXPECT_EQ(change.pair.after->dims[0], change.pair.before->dims[0] + 10);
  ASSERT_TRUE(change.statistics);
  EXPECT_EQ(change.statistics->changed, 0u);
}

TEST(TensorDiff, BelievesEqualIdentitiesWithoutReading) {
  const Bytes bytes = OneTensor<float>(1, {1, 2});
  const MemoryFile file(bytes), never(0, {});
  const Model model = ReadModel(file).value();
  const PlaceTensor place = [&](const TensorRecord&) {
    return std::optional(TensorPlace{&never, 0, 8, "chunk"});
  };
  const auto diff = DiffTensors(DiffModels(model, model).tensors, place, place);
  ASSERT_TRUE(diff.ok());
  EXPECT_THAT(diff->changes, IsEmpty());
}

TEST(TensorDiff, TellsWhatIsNotHereAndWhatShrinks) {
  const MemoryFile file(OneTensor<float>(1, {1, 2}));
  const MemoryFile empty(0, {});
  const Model model = ReadModel(file).value();
  const auto pairs = DiffModels(model, model).tensors;
  const PlaceTensor nowhere = [](const TensorRecord&) { return std::optional<TensorPlace>(); };
  const auto unknown = DiffTensors(pairs, nowhere, nowhere);
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(unknown->changes.at(0).kind, Kind::kUnknown);
  const PlaceTensor short_file = [&](const TensorRecord&) {
    return std::optional(TensorPlace{&empty, 0, 8, ""});
  };
  EXPECT_TRUE(absl::IsAborted(DiffTensors(pairs, short_file, short_file).status()));
}

TEST(TensorDiff, ShapesThatLieAboutTheirBytesGetNoStatistics) {
  const Bytes honest = OneTensor<float>(1, {1, 2});
  const Bytes lying = ModelWith(GraphWith(RawTensor("w", 1, uint64_t{1} << 62, "abcd"))).bytes();
  const Bytes other = ModelWith(GraphWith(RawTensor("w", 1, uint64_t{1} << 62, "abce"))).bytes();
  for (const Compared& compared : {Compared(honest, lying), Compared(lying, other)}) {
    EXPECT_FALSE(compared.diff.changes.at(0).statistics);
  }
}

TEST(TensorValues, AreThoseOfTheTypes) {
  std::vector<double> nibbles(3);
  DecodeValues(21, "\xf8\x07", nibbles);
  EXPECT_THAT(nibbles, ElementsAre(8, 15, 7));
  DecodeValues(22, "\xf8\x07", nibbles);
  EXPECT_THAT(nibbles, ElementsAre(-8, -1, 7));
  const auto decode = [](DataType type, ByteView bytes) {
    double value = 0;
    DecodeValues(type, bytes, {&value, 1});
    return value;
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(decode(10, "\x00\x3c"sv), 1.0);
  EXPECT_EQ(decode(10, "\x01\x00"sv), std::ldexp(1, -24));
  EXPECT_EQ(decode(10, "\xff\xfb"sv), -65504.0);
  EXPECT_EQ(decode(10, "\x00\xfc"sv), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(decode(10, "\x01\x7c"sv)));
  EXPECT_EQ(decode(16, "\x80\xbf"sv), -1.0);
  EXPECT_EQ(decode(3, "\xff"sv), -1.0);
  EXPECT_EQ(decode(2, "\xff"sv), 255.0);
  EXPECT_EQ(decode(7, "\xfe\xff\xff\xff\xff\xff\xff\xff"sv), -2.0);
  for (DataType type = 0; type < 30; ++type) {
    const int bits = static_cast<int>(ValueBits(type));
    if (bits > 0) {
      EXPECT_EQ(bits, DataTypeBits(type)) << type;
    }
  }
}

}  // namespace
}  // namespace mreg::onnx
