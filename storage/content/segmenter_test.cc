#include "storage/content/segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/coding.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::content {
namespace {

using test_models::GraphWith;
using test_models::MemoryFile;
using test_models::Message;
using test_models::ModelWith;
using test_models::RawTensor;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kFloat = 1;

Layout Plan(const Bytes& file, const std::vector<ExternalRange>& external = {}) {
  auto layout = PlanLayout(MemoryFile(file), external);
  EXPECT_TRUE(layout.ok());
  uint64_t end = 0;
  for (const Region& region : layout->regions) {
    EXPECT_EQ(region.offset, end);
    EXPECT_GT(region.length, 0u);
    end += region.length;
  }
  EXPECT_EQ(end, file.size());
  return *std::move(layout);
}

std::vector<Cut> Cuts(const Layout& layout) {
  std::vector<Cut> cuts;
  for (const Region& region : layout.regions) cuts.push_back(region.cut);
  return cuts;
}

TEST(Segmenter, AnEmptyFileHasNoRegions) {
  EXPECT_THAT(Plan("").regions, IsEmpty());
  EXPECT_EQ(Plan("").kind, FileKind::kOther);
  EXPECT_THAT(Plan("", {{"a", kFloat, 0, 0}}).regions, IsEmpty());
}

TEST(Segmenter, AnyOtherFileIsCutByContent) {
  const Layout layout = Plan("hello, world");
  EXPECT_EQ(layout.kind, FileKind::kOther);
  EXPECT_THAT(Cuts(layout), ElementsAre(Cut::kContent));
  EXPECT_FALSE(layout.model.has_value());
}

TEST(Segmenter, AModelIsCutAtItsTensors) {
  const Bytes raw(5000, 'w');
  const Bytes model = ModelWith(GraphWith(RawTensor("weight", kFloat, 1250, raw))).bytes();
  const Layout layout = Plan(model);
  EXPECT_EQ(layout.kind, FileKind::kOnnx);
  ASSERT_TRUE(layout.model.has_value());
  EXPECT_EQ(layout.model->tensor_count, 1u);
  ASSERT_THAT(Cuts(layout), ElementsAre(Cut::kSkeleton, Cut::kTensor, Cut::kSkeleton));
  const Region& tensor = layout.regions[1];
  EXPECT_EQ(tensor.tensor, "weight");
  EXPECT_EQ(tensor.type, 1);
  EXPECT_EQ(model.substr(tensor.offset, tensor.length), raw);
}

TEST(Segmenter, VarintsHaveNoElementType) {
  const Message tensor = Message().Varint(2, 7).Text(7, Bytes(5000, '\1'));
  EXPECT_EQ(Plan(ModelWith(GraphWith(tensor)).bytes()).regions.at(1).type, 0);
}

TEST(Segmenter, ADoubtfulModelIsCutByContent) {
  const Message model = ModelWith(GraphWith(RawTensor("w", kFloat, 1250, Bytes(5000, 'w'))));
  EXPECT_THAT(Cuts(Plan(Message(model).Sub(7, Message()).bytes())), ElementsAre(Cut::kContent));
  EXPECT_THAT(Cuts(Plan(model.bytes() + Bytes("\0", 1))), ElementsAre(Cut::kContent));
}

TEST(Segmenter, SafetensorsAreCutAtTheirTensors) {
  const std::string json = R"({"a":{"dtype":"F16","shape":[4096],"data_offsets":[0,8192]},)"
                           R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8192,8196]},)"
                           R"("c":{"dtype":"F32","shape":[1024],"data_offsets":[8196,12292]}})";
  Bytes file;
  AppendU64Le(file, json.size());
  const Layout layout = Plan(file + json + Bytes(12292, 'd'));
  EXPECT_EQ(layout.kind, FileKind::kSafetensors);
  ASSERT_THAT(Cuts(layout),
              ElementsAre(Cut::kSkeleton, Cut::kTensor, Cut::kSkeleton, Cut::kTensor));
  EXPECT_EQ(layout.regions[0].length, 8 + json.size());
  EXPECT_EQ(layout.regions[1].tensor, "a");
  EXPECT_EQ(layout.regions[1].type, 10);
  EXPECT_EQ(layout.regions[3].tensor, "c");
}

TEST(Segmenter, ExternalDataIsCutWhereTheModelsSay) {
  const Bytes data(40'000, 'd');
  const Layout layout =
      Plan(data, {{"last", 10, 30'000, 0}, {"first", kFloat, 100, 8000}, {"next", 1, 8100, 5000}});
  EXPECT_EQ(layout.kind, FileKind::kExternalData);
  ASSERT_THAT(Cuts(layout),
              ElementsAre(Cut::kContent, Cut::kTensor, Cut::kTensor, Cut::kContent, Cut::kTensor));
  EXPECT_EQ(layout.regions[1].tensor, "first");
  EXPECT_EQ(layout.regions[2].offset, 8100u);
  EXPECT_EQ(layout.regions[4].tensor, "last");
  EXPECT_EQ(layout.regions[4].length, 10'000u);
}

TEST(Segmenter, ExternalRangesThatMakeNoSenseAreIgnored) {
  const Bytes data(40'000, 'd');
  const uint64_t far = ~uint64_t{0};
  const Layout layout = Plan(data, {{"beyond", 1, 40'001, 0},
                                    {"too long", 1, 30'000, 10'001},
                                    {"overflow", 1, 20'000, far},
                                    {"far", 1, far, far},
                                    {"tiny", 1, 35'000, 100},
                                    {"good", 1, 0, 10'000},
                                    {"again", 1, 0, 10'000},
                                    {"overlapping", 1, 5000, 10'000}});
  ASSERT_THAT(Cuts(layout), ElementsAre(Cut::kTensor, Cut::kContent));
  EXPECT_EQ(layout.regions[0].length, 10'000u);
}

TEST(Segmenter, TheOrderOfExternalRangesDoesNotMatter) {
  const Bytes data(40'000, 'd');
  const ExternalRange a{"a", 1, 0, 10'000}, b{"b", 1, 5000, 10'000}, c{"c", 10, 0, 20'000};
  const Layout one = Plan(data, {a, b, c}), other = Plan(data, {c, b, a});
  ASSERT_EQ(one.regions.size(), other.regions.size());
  EXPECT_EQ(one.regions[0].tensor, other.regions[0].tensor);
}

TEST(Segmenter, ATensorIsTheSameRegionInsideAndBesideTheModel) {
  const Bytes model = test_models::MakeTransformerModel(test_models::kSmallModel);
  const auto split = test_models::MoveToExternalFile(model, "weights.bin", 4096);
  std::vector<ExternalRange> ranges;
  const Layout model_layout = Plan(split.model);
  for (const auto& tensor : model_layout.model->external) {
    ranges.push_back({tensor.name, tensor.type, tensor.offset, tensor.length});
  }
  const auto tensors = [](const Bytes& file, const Layout& layout) {
    std::vector<std::tuple<std::string, onnx::DataType, Bytes>> found;
    for (const Region& region : layout.regions) {
      if (region.cut != Cut::kTensor) continue;
      found.emplace_back(region.tensor, region.type, file.substr(region.offset, region.length));
    }
    return found;
  };
  const auto inside = tensors(model, Plan(model));
  EXPECT_THAT(inside, SizeIs(testing::Gt(10u)));
  EXPECT_EQ(inside, tensors(split.data, Plan(split.data, ranges)));
}

class BrokenFile final : public ReadableFile {
 public:
  absl::StatusOr<size_t> ReadAt(uint64_t, std::span<char>) const override {
    return absl::DataLossError("bad sector");
  }
  absl::StatusOr<uint64_t> Size() const override { return 100; }
};

TEST(Segmenter, ADiskErrorIsNotTakenForAnotherKindOfFile) {
  EXPECT_EQ(PlanLayout(BrokenFile(), {}).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace mreg::content
