#include "storage/registry/likeness.h"

#include <gmock/gmock.h>

#include "schema/onnx/model_reader.h"
#include "storage/kv/memory_store.h"
#include "storage/registry/fingerprints.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::registry {
namespace {

using catalog::Direction;
using catalog::Likeness;
using test_models::ModelSpec;
using test_models::ParameterType;

class LikenessTest : public testing::Test {
 protected:
  // What a registry knows of `model` once it is pushed, with a file beside it where there is one.
  catalog::Fingerprint Print(const Bytes& model, const Bytes& data = {}) {
    Manifest manifest;
    const auto ingest = content_.BeginIngest(nullptr);
    const auto put = [&](const char* path, const Bytes& bytes,
                         std::vector<content::ExternalRange> tensors) {
      const auto result =
          content_.PutFile(test_models::MemoryFile(bytes), tensors, {}, *ingest, nullptr);
      EXPECT_TRUE(result.ok()) << result.status();
      ManifestEntry& entry = manifest.files.emplace_back();
      entry.path = path;
      entry.digest = result->artifact;
      entry.size = result->size;
      entry.is_artifact = true;
    };
    const auto read = onnx::ReadModel(test_models::MemoryFile(model));
    EXPECT_TRUE(read.ok()) << read.status();
    put("m.onnx", model, {});
    if (!data.empty()) {
      std::vector<content::ExternalRange> tensors;
      for (const onnx::TensorRecord& tensor : read->graph.initializers) {
        if (!tensor.is_external) continue;
        tensors.push_back(
            {tensor.name, tensor.type, tensor.external_offset, tensor.external_length});
      }
      put("weights.bin", data, tensors);
    }
    EXPECT_TRUE(ingest->Finish().ok());
    Fingerprints fingerprints(content_);
    fingerprints.Note(manifest.files[0].digest, OutlineOf(*read, onnx::GatherFacts(*read)));
    const auto print = fingerprints.Of(manifest.files[0], manifest);
    EXPECT_TRUE(print.ok()) << print.status();
    return **print;
  }

  ModelTraits TraitsOf(const Bytes& model) { return *ParseTraits(Print(model).traits); }

  std::optional<Likeness> Between(const Bytes& model, const Bytes& other) {
    return Compare(TraitsOf(model), TraitsOf(other));
  }

  static Bytes Make(ModelSpec spec, uint64_t seed = 1) {
    spec.seed = seed;
    return test_models::MakeTransformerModel(spec);
  }

  const std::unique_ptr<kv::KeyValueStore> index_ = kv::MakeMemoryStore();
  std::string directory_ = JoinPath(testing::TempDir(), "likeness-XXXXXX");
  const std::unique_ptr<content::PackStore> packs_ =
      *content::OpenPackFolder(PosixFileSystem(), mkdtemp(directory_.data()));
  content::ContentStore content_{*index_, *packs_};
  const ModelSpec spec_{.type = ParameterType::kFloat32, .layers = 2, .vocabulary = 300};
  const Bytes base_ = Make(spec_);
};

TEST_F(LikenessTest, TheSameWeightsUnderOtherNamesAreAnEdit) {
  const auto found = Between(test_models::RenameInitializers(base_, "x/"), base_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->how, "edit");
  EXPECT_EQ(found->direction, Direction::kUnknown);
  EXPECT_DOUBLE_EQ(found->evidence.identical, 1);
  EXPECT_DOUBLE_EQ(found->evidence.named, 0);
  EXPECT_GE(found->confidence, 0.95);
}

TEST_F(LikenessTest, AFineTuneIsToldByItsSketches) {
  const auto whole = Between(test_models::FineTune(base_, 1, 0.02, 7), base_);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->how, "fine-tune");
  EXPECT_DOUBLE_EQ(whole->evidence.identical, 0);
  EXPECT_GT(whole->evidence.alike, 0.95);
  EXPECT_GE(whole->confidence, 0.9);
  const auto part = Between(test_models::FineTune(base_, 0.3, 0.02, 7), base_);
  ASSERT_TRUE(part);
  EXPECT_GT(part->evidence.identical, 0.4);
  EXPECT_LT(part->evidence.identical, 1);
  EXPECT_GE(part->confidence, whole->confidence);
}

TEST_F(LikenessTest, TheLessIsChangedTheMoreConfidentItIs) {
  const Bytes near = test_models::FineTune(base_, 1, 0.01, 7);
  const Bytes far = test_models::FineTune(near, 1, 0.2, 8);
  EXPECT_GT(Between(far, near)->confidence + 0.001, Between(far, base_)->confidence);
  EXPECT_GT(Between(near, base_)->confidence, Between(far, base_)->confidence);
}

TEST_F(LikenessTest, QuantisedAndCastModelsComeFromTheOthers) {
  const struct {
    Bytes model;
    const char* how;
  } cases[] = {{test_models::Quantise(base_), "quantize"},
               {test_models::QuantiseColumns(base_), "quantize"},
               {test_models::RenameInitializers(test_models::Quantise(base_), "x/"), "quantize"},
               {test_models::CastToHalf(base_), "cast"},
               {test_models::CastToBfloat16(base_), "cast"}};
  for (const auto& [model, how] : cases) {
    const auto found = Between(model, base_);
    ASSERT_TRUE(found) << how;
    EXPECT_EQ(found->how, how);
    EXPECT_EQ(found->direction, Direction::kFromOther) << how;
    EXPECT_GE(found->confidence, 0.8) << how;
    EXPECT_EQ(Between(base_, model)->direction, Direction::kToOther) << how;
  }
}

TEST_F(LikenessTest, AnotherTrainingOfTheSameArchitectureIsHardlyEvidence) {
  const auto found = Between(Make(spec_, 2), base_);
  ASSERT_TRUE(found);
  EXPECT_LT(found->confidence, kSharedWeights);
  EXPECT_DOUBLE_EQ(found->evidence.named, 1);
  EXPECT_DOUBLE_EQ(found->evidence.identical + found->evidence.alike, 0);
  const auto quantised = Between(test_models::Quantise(Make(spec_, 2)), base_);
  ASSERT_TRUE(quantised);
  EXPECT_LT(quantised->confidence, kSharedWeights);
  const auto shapes = Between(test_models::RenameInitializers(Make(spec_, 2), "x/"), base_);
  ASSERT_TRUE(shapes);
  EXPECT_LT(shapes->confidence, found->confidence);
}

TEST_F(LikenessTest, UnrelatedModelsHaveNothingInCommon) {
  ModelSpec other = spec_;
  other.hidden = 96;
  EXPECT_FALSE(Between(Make(other), base_));
}

TEST_F(LikenessTest, TablesThatTellNothingAreNoEvidence) {
  const Bytes zeros = test_models::ModelWith(test_models::GraphWith(test_models::RawTensor(
                                                 "zeros", 1, 1 << 20, Bytes(4 << 20, '\0'))))
                          .bytes();
  const ModelTraits traits = TraitsOf(zeros);
  ASSERT_EQ(traits.tensors.size(), 1);
  EXPECT_EQ(traits.tensors[0].content, 0);
  const auto found = Compare(traits, traits);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->evidence.identical, 0);
  EXPECT_LT(found->confidence, kSharedWeights);
}

TEST_F(LikenessTest, ExternalDataIsPartOfTheModel) {
  const auto split = test_models::MoveToExternalFile(base_, "weights.bin", 4096);
  const auto tuned = test_models::MoveToExternalFile(test_models::FineTune(base_, 1, 0.02, 7),
                                                     "weights.bin", 4096);
  const catalog::Fingerprint print = Print(split.model, split.data);
  const catalog::Fingerprint other = Print(split.model, tuned.data);
  EXPECT_NE(print.identity, other.identity);
  const auto moved = Compare(*ParseTraits(print.traits), TraitsOf(base_));
  ASSERT_TRUE(moved);
  EXPECT_DOUBLE_EQ(moved->evidence.identical, 1);
  const auto found = Compare(*ParseTraits(other.traits), *ParseTraits(print.traits));
  ASSERT_TRUE(found);
  EXPECT_GT(found->evidence.alike, 0.95);
}

TEST_F(LikenessTest, RelatedModelsHaveKeysInCommonAndUnrelatedOnesFew) {
  const auto common = [&](const Bytes& model, const Bytes& other) {
    const auto keys = KeysOf(TraitsOf(other));
    return std::ranges::count_if(LookupKeysOf(TraitsOf(model)), [&](uint64_t key) {
      return std::ranges::binary_search(keys, key);
    });
  };
  EXPECT_GE(common(test_models::FineTune(base_, 1, 0.02, 7), base_), 6);
  EXPECT_GE(common(test_models::RenameInitializers(test_models::Quantise(base_), "x/"), base_), 4);
  ModelSpec other = spec_;
  other.hidden = 96;
  EXPECT_EQ(common(Make(other), base_), 0);
  EXPECT_LE(KeysOf(TraitsOf(base_)).size(), 130);
}

TEST_F(LikenessTest, TraitsComeBackAndDamagedOnesAreRefused) {
  const ModelTraits traits = TraitsOf(test_models::Quantise(base_));
  EXPECT_TRUE(traits.is_quantised);
  const Bytes bytes = SerializeTraits(traits);
  EXPECT_EQ(*ParseTraits(bytes), traits);
  EXPECT_TRUE(absl::IsDataLoss(ParseTraits(bytes.substr(0, bytes.size() - 1)).status()));
  EXPECT_TRUE(absl::IsDataLoss(ParseTraits("").status()));
  EXPECT_TRUE(absl::IsDataLoss(ParseTraits("\x7f" + bytes.substr(1)).status()));
}

TEST_F(LikenessTest, OfAHostileModelTheLargestTensorsCount) {
  test_models::Message graph;
  for (int i = 0; i < 1'000; ++i) {
    graph.Sub(5, test_models::RawTensor("t" + std::to_string(i), 1, 1'024, Bytes(4'096, 'x')));
  }
  const ModelTraits traits = TraitsOf(test_models::ModelWith(graph).bytes());
  EXPECT_EQ(traits.tensors.size(), kMostTensors);
}

}  // namespace
}  // namespace mreg::registry
