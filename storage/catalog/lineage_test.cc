#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/file_system.h"
#include "storage/catalog/catalog.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CommitId Commit(char number) { return *CommitId::FromBytes(Bytes(CommitId::kBytes, number)); }

// A version with one model that a fingerprint of that identity and these keys is of.
Entry Model(char commit, std::string identity, std::vector<uint64_t> keys = {}) {
  Entry entry;
  entry.summary.commit = Commit(commit);
  entry.summary.path = "model.onnx";
  entry.summary.time = TimePoint(std::chrono::milliseconds(1'000 * commit));
  entry.fingerprint = Fingerprint{identity, "traits of " + identity, std::move(keys)};
  return entry;
}

class LineageTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    Open();
  }

  void Open() {
    catalog_ = nullptr;
    catalog_ = *OpenCatalog(JoinPath(directory_, "catalog.sqlite"));
  }

  void Push(const std::string& repository, Entry entry, std::vector<CommitId> parents = {},
            std::vector<DeclaredSource> declared = {}) {
    const CommitId commit = entry.summary.commit;
    RepositoryUpdate update{repository, {std::move(entry)}, commit, {}};
    update.sources.push_back({commit, std::move(parents), std::move(declared), "quantize"});
    ASSERT_TRUE(catalog_->Apply({++cursor_, {std::move(update)}}).ok());
  }

  std::vector<ModelNumber> Found(std::vector<uint64_t> keys, ModelNumber before = 99) {
    std::vector<ModelNumber> numbers;
    const auto found = catalog_->FindModels(keys, before, 10);
    EXPECT_TRUE(found.ok()) << found.status();
    for (const FingerprintedModel& model : *found) numbers.push_back(model.number);
    return numbers;
  }

  std::vector<CommitId> Firsts(ModelNumber model, const std::optional<std::string>& only = {}) {
    std::vector<CommitId> commits;
    const auto firsts = catalog_->FirstVersionsOf(model, only, 10);
    EXPECT_TRUE(firsts.ok()) << firsts.status();
    for (const FirstVersion& first : *firsts) commits.push_back(first.commit);
    return commits;
  }

  std::string directory_ = JoinPath(testing::TempDir(), "lineage-XXXXXX");
  std::unique_ptr<Catalog> catalog_;
  uint64_t cursor_ = 0;
};

TEST_F(LineageTest, AVersionsSourcesComeBack) {
  Push("acme/a", Model(3, "m"), {Commit(1), Commit(2)}, {{Commit(9), "google/bert@v1"}});
  Open();
  const auto sources = *catalog_->SourcesOf(Commit(3));
  ASSERT_EQ(sources.size(), 3);
  EXPECT_EQ(sources[0].commit, Commit(1));
  EXPECT_FALSE(sources[1].is_declared);
  EXPECT_TRUE(sources[2].is_declared);
  EXPECT_EQ(sources[2].how, "quantize");
  EXPECT_EQ(sources[2].name, "google/bert@v1");
  EXPECT_THAT(*catalog_->MadeFrom(Commit(9), {}, 10), ElementsAre(Commit(3)));
  EXPECT_THAT(*catalog_->MadeFrom(Commit(3), {}, 10), IsEmpty());
  EXPECT_THAT(*catalog_->SourcesOf(Commit(1)), IsEmpty());
}

TEST_F(LineageTest, ModelsAreFoundByTheirKeysThoseWithMostFirst) {
  const uint64_t large = ~uint64_t{0};
  Push("a/a", Model(1, "one", {1, 2, large}));
  Push("a/b", Model(2, "two", {2, 3, large}));
  Push("a/c", Model(3, "three", {7}));
  EXPECT_THAT(Found({2, 3, large}), ElementsAre(2, 1));
  EXPECT_THAT(Found({2, 3, large}, 2), ElementsAre(1));
  EXPECT_THAT(Found({4}), IsEmpty());
  EXPECT_EQ((*catalog_->FindModels(std::vector<uint64_t>{7}, 99, 1))[0].traits, "traits of three");
}

TEST_F(LineageTest, AModelIsComparedOnceHoweverManyVersionsHaveIt) {
  Push("a/a", Model(1, "one"));
  Push("b/b", Model(2, "one"));
  Push("a/c", Model(3, "other"));
  ASSERT_EQ(catalog_->Uncompared(10)->size(), 2);
  Likeness likeness{1, Direction::kFromOther, 0.75, "cast", {0.25, 0.5, 1, 1}};
  ASSERT_TRUE(catalog_->AddLikenesses(1, {}).ok());
  ASSERT_TRUE(catalog_->AddLikenesses(2, {&likeness, 1}).ok());
  Open();
  EXPECT_THAT(*catalog_->Uncompared(10), IsEmpty());
  const auto found = *catalog_->LikenessesOf(2, 10);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].other, 1);
  EXPECT_EQ(found[0].how, "cast");
  EXPECT_EQ(found[0].confidence, 0.75);
  EXPECT_EQ(found[0].evidence, likeness.evidence);
  EXPECT_EQ(found[0].direction, Direction::kFromOther);
  const auto reversed = *catalog_->LikenessesOf(1, 10);
  ASSERT_EQ(reversed.size(), 1);
  EXPECT_EQ(reversed[0].direction, Direction::kToOther);
}

TEST_F(LineageTest, TheFirstVersionsOfAModelAreThoseWhoseParentsHaveItNot) {
  Push("b/copy", Model(5, "one"));
  Push("a/a", Model(1, "one"));
  Push("a/a", Model(2, "one"), {Commit(1)});
  Push("a/a", Model(3, "other"), {Commit(2)});
  Push("a/a", Model(4, "one"), {Commit(3)});
  EXPECT_THAT(Firsts(1), ElementsAre(Commit(1), Commit(4), Commit(5)));
  EXPECT_THAT(Firsts(1, "b"), ElementsAre(Commit(5)));
  EXPECT_THAT(Firsts(2), ElementsAre(Commit(3)));
}

TEST_F(LineageTest, OnlyWhatIsAliveAndReadableHasPlaces) {
  Push("a/a", Model(1, "one"));
  Push("b/b", Model(1, "one"));
  Push("b/b", Model(2, "two"), {Commit(1)});
  EXPECT_EQ(catalog_->PlacesOf(Commit(1), {})->size(), 2);
  EXPECT_EQ((*catalog_->PlacesOf(Commit(1), "b"))[0].repository, "b/b");
  EXPECT_THAT(*catalog_->MadeFrom(Commit(1), "a", 10), IsEmpty());
  EXPECT_THAT(*catalog_->MadeFrom(Commit(1), "b", 10), ElementsAre(Commit(2)));
  ASSERT_TRUE(catalog_->Apply({++cursor_, {{"b/b", {}, {}, {{Commit(1)}}}}}).ok());
  EXPECT_THAT(*catalog_->PlacesOf(Commit(2), {}), IsEmpty());
  EXPECT_THAT(*catalog_->MadeFrom(Commit(1), {}, 10), IsEmpty());
  EXPECT_THAT(Firsts(2), IsEmpty());
}

}  // namespace
}  // namespace mreg::catalog
