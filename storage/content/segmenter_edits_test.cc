// How much of a model is stored anew after an edit: the table of docs/formats/segmentation.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "schema/base/ids.h"
#include "schema/base/sha256.h"
#include "storage/content/content_cutter.h"
#include "storage/content/segmenter.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"

namespace mreg::content {
namespace {

using test_models::MemoryFile;

// The chunks of files, and how many of their bytes were not known before.
class Chunks {
 public:
  uint64_t Add(const Bytes& file, const std::vector<ExternalRange>& external = {}) {
    const auto layout = PlanLayout(MemoryFile(file), external);
    EXPECT_TRUE(layout.ok());
    fresh_ = 0;
    Bytes skeleton;
    for (const Region& region : layout->regions) {
      const ByteView bytes = ByteView(file).substr(region.offset, region.length);
      if (region.cut == Cut::kSkeleton) skeleton += bytes;
      if (region.cut == Cut::kTensor) AddPieces(bytes);
      if (region.cut == Cut::kContent) AddByContent(bytes, kContentCut);
    }
    AddByContent(skeleton, kSkeletonCut);
    return fresh_;
  }

 private:
  void AddPieces(ByteView bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min<size_t>(bytes.size(), kTensorPiece))) {
      AddChunk(bytes.substr(0, kTensorPiece));
    }
  }
  void AddByContent(ByteView bytes, const CutSizes& sizes) {
    while (!bytes.empty()) {
      const uint32_t length = FirstCut(bytes, sizes);
      AddChunk(bytes.substr(0, length));
      bytes.remove_prefix(length);
    }
  }
  void AddChunk(ByteView bytes) {
    if (ids_.insert(IdOf<ChunkId>(bytes)).second) fresh_ += bytes.size();
  }

  std::set<ChunkId> ids_;
  uint64_t fresh_ = 0;
};

std::vector<ExternalRange> RangesOf(const Bytes& model) {
  const auto scan = onnx::ScanModel(MemoryFile(model));
  EXPECT_TRUE(scan.ok());
  std::vector<ExternalRange> ranges;
  for (const auto& tensor : scan->external) {
    ranges.push_back({tensor.name, tensor.type, tensor.offset, tensor.length});
  }
  return ranges;
}

class SegmenterEdits : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    original_ = new Bytes(test_models::MakeTransformerModel(test_models::kRealisticModel));
    known_ = new Chunks;
    known_->Add(*original_);
  }
  static void TearDownTestSuite() {
    delete original_;
    delete known_;
  }

  // Percent of the original that is stored anew for `model`, and for `data` beside it.
  static double Stored(const Bytes& model, const Bytes& data = {}) {
    Chunks chunks = *known_;
    const uint64_t fresh = chunks.Add(model) + chunks.Add(data, RangesOf(model));
    const double percent =
        100 * static_cast<double>(fresh) / static_cast<double>(original_->size());
    RecordProperty("percent", fmt::format("{:.3f}", percent));
    return percent;
  }

  static Bytes* original_;
  static Chunks* known_;
};
Bytes* SegmenterEdits::original_ = nullptr;
Chunks* SegmenterEdits::known_ = nullptr;

TEST_F(SegmenterEdits, TheModelIsOfARealisticSize) {
  EXPECT_GT(original_->size(), 85'000'000u);
  EXPECT_EQ(Stored(*original_), 0);
}

TEST_F(SegmenterEdits, MetadataCostAChunkOfTheSkeleton) {
  const Bytes edited =
      test_models::EditMetadata(*original_, "note", "thirty-seven bytes of metadata");
  EXPECT_LT(Stored(edited), .15);
}

TEST_F(SegmenterEdits, RenamedInitializersCostTheSkeleton) {
  EXPECT_LT(Stored(test_models::RenameInitializers(*original_, "student.")), .15);
}

TEST_F(SegmenterEdits, ReorderedInitializersCostTheSkeleton) {
  EXPECT_LT(Stored(test_models::ReorderInitializers(*original_, 7)), .15);
}

// The most that an edit of the skeleton alone can cost: a deep, narrow model has more of it.
TEST(SegmenterSkeleton, IsAboutAFifthOfAPercentOfADeepModel) {
  const Bytes model = test_models::MakeTransformerModel(test_models::kDeepModel);
  Chunks chunks;
  chunks.Add(model);
  const uint64_t fresh = chunks.Add(test_models::RenameInitializers(model, "student."));
  const double percent = 100 * static_cast<double>(fresh) / static_cast<double>(model.size());
  RecordProperty("percent", fmt::format("{:.3f}", percent));
  EXPECT_LT(percent, .25);
}

TEST_F(SegmenterEdits, AnInsertedTensorCostsItself) {
  const Bytes edited = test_models::InsertTensor(*original_, "adapter", 100'000, 7);
  EXPECT_LT(Stored(edited), .15 + 100 * 200'000. / static_cast<double>(original_->size()));
}

TEST_F(SegmenterEdits, MovingTheWeightsToAnExternalFileCostsTheSkeleton) {
  const auto split = test_models::MoveToExternalFile(*original_, "weights.bin", 1);
  EXPECT_LT(Stored(split.model, split.data), .15);
}

// The zeros between small tensors count here; in a pack they take no room.
TEST_F(SegmenterEdits, AligningTheExternalTensorsCostsThePaddingOfTheSmallOnes) {
  const auto split = test_models::MoveToExternalFile(*original_, "weights.bin", 4096);
  EXPECT_LT(Stored(split.model, split.data), .35);
}

TEST_F(SegmenterEdits, MovingTheWeightsBackCostsTheSkeleton) {
  const auto split = test_models::MoveToExternalFile(*original_, "weights.bin", 1);
  Chunks chunks;
  chunks.Add(split.model);
  chunks.Add(split.data, RangesOf(split.model));
  const auto fresh = static_cast<double>(chunks.Add(*original_));
  EXPECT_LT(fresh, .0015 * static_cast<double>(original_->size()));
}

TEST_F(SegmenterEdits, FineTuningCostsWhatItChanged) {
  const double percent = Stored(test_models::FineTune(*original_, .1, .01, 7));
  EXPECT_GT(percent, 9.9);
  EXPECT_LT(percent, 12);
}

}  // namespace
}  // namespace mreg::content
