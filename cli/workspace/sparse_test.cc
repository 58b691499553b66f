#include "cli/workspace/sparse_patterns.h"
#include "cli/workspace/test_clone.h"
#include "storage/history/staging_index.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;

SparsePatterns Make(const std::vector<std::string>& include,
                    const std::vector<std::string>& exclude = {}) {
  const auto made = SparsePatterns::Make(include, exclude);
  EXPECT_TRUE(made.ok()) << made.status();
  return *made;
}

TEST(SparsePatternsTest, TheLastThatFitsDecidesThenTheFolderAbove) {
  const SparsePatterns patterns = Make({"*.int8.onnx", "docs/"}, {"draft.md"});
  EXPECT_TRUE(patterns.Includes("a.int8.onnx"));
  EXPECT_TRUE(patterns.Includes("deep/down/a.int8.onnx"));
  EXPECT_TRUE(patterns.Includes("docs/card.md"));
  EXPECT_TRUE(patterns.Includes("docs/more/card.md"));
  EXPECT_FALSE(patterns.Includes("docs/draft.md"));
  EXPECT_FALSE(patterns.Includes("a.onnx"));
  EXPECT_FALSE(patterns.Includes("docs"));
}

TEST(SparsePatternsTest, ExcludingAloneIncludesTheRest) {
  const SparsePatterns patterns = Make({}, {"*.fp32.onnx"});
  EXPECT_TRUE(patterns.Includes("deep/a.int8.onnx"));
  EXPECT_FALSE(patterns.Includes("deep/a.fp32.onnx"));
}

TEST(SparsePatternsTest, AStarIsAll) {
  EXPECT_TRUE(Make({"*"}).includes_all());
  EXPECT_TRUE(Make({}).includes_all());
  EXPECT_FALSE(Make({"*"}, {"b"}).includes_all());
  EXPECT_TRUE(Make({"*"}, {"b"}).Includes("x/a"));
}

TEST(SparsePatternsTest, WhatTheFileCouldNotHoldIsRefused) {
  for (const char* pattern : {"", "!a", "#a", "a\nb"}) {
    const std::vector<std::string> one = {pattern};
    EXPECT_THAT(SparsePatterns::Make(one, {}).status(),
                FailsWith(StatusCode::kInvalidArgument, "is no pattern"));
    EXPECT_FALSE(SparsePatterns::Make({}, one).ok());
  }
  EXPECT_TRUE(Make({"\\!a"}).Includes("!a"));
}

TEST(SparsePatternsTest, TextsGiveThePatternsBack) {
  const SparsePatterns read(Make({"a", "b"}, {"c"}).text() + "# a comment\n\n");
  EXPECT_THAT(read.Patterns(), ElementsAre("a", "b", "!c"));
}

class SparseTest : public CloneTest {
 protected:
  SparseTest() {
    clone_.Write("a.int8.onnx", BinaryContent(10'000, 1));
    clone_.Write("a.fp32.onnx", BinaryContent(40'000, 2));
    clone_.Write("card.md", "# card\n");
    first_ = clone_.AddAllAndCommit();
    clone_.Branch("first", first_);
  }

  absl::Status Choose(const std::vector<std::string>& include) {
    const absl::Status set = clone_.workspace().SetSparsePatterns(Make(include));
    return set.ok() ? clone_.workspace().ReapplySparse(nullptr) : set;
  }

  void ExpectClean() {
    const StatusReport report = clone_.Status();
    EXPECT_THAT(Lines(report.staged), IsEmpty());
    EXPECT_THAT(Lines(report.unstaged), IsEmpty());
    EXPECT_THAT(report.untracked, IsEmpty());
  }

  CommitId first_;
};

TEST_F(SparseTest, WhatIsLeftOutGoesFromTheWorkTreeAndIsNoChange) {
  const auto all = clone_.Files();
  ASSERT_EQ(Choose({"*.int8.onnx"}), absl::OkStatus());
  EXPECT_THAT(clone_.Files(), ElementsAre(Key("a.int8.onnx")));
  ExpectClean();
  EXPECT_EQ(clone_.Status().left_out, 2u);
  EXPECT_THAT(clone_.Status().sparse_patterns, ElementsAre("*.int8.onnx"));
  ASSERT_EQ(Choose({"*"}), absl::OkStatus());
  EXPECT_EQ(clone_.Files(), all);
  ExpectClean();
  EXPECT_EQ(clone_.Status().left_out, 0u);
  EXPECT_THAT(clone_.Status().sparse_patterns, IsEmpty());
}

TEST_F(SparseTest, AddAndCommitKeepWhatIsLeftOut) {
  ASSERT_EQ(Choose({"*.int8.onnx"}), absl::OkStatus());
  clone_.Write("a.int8.onnx", BinaryContent(10'000, 3));
  EXPECT_THAT(clone_.Add({"."}).removed, IsEmpty());
  const CommitId second = clone_.Commit();
  const auto files = *clone_.workspace().history().ReadFiles(second);
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[0], (*clone_.workspace().history().ReadFiles(first_))[0]);
  ExpectClean();
}

TEST_F(SparseTest, ACheckoutFollowsThePatterns) {
  clone_.Write("a.int8.onnx", BinaryContent(10'000, 3));
  clone_.Write("a.fp32.onnx", BinaryContent(40'000, 4));
  clone_.Write("b.fp32.onnx", BinaryContent(40'000, 5));
  clone_.Write("b.int8.onnx", BinaryContent(10'000, 6));
  const CommitId second = clone_.AddAllAndCommit();
  const auto all = clone_.Files();
  ASSERT_EQ(Choose({"*.int8.onnx"}), absl::OkStatus());
  ASSERT_EQ(clone_.SwitchTo("first"), absl::OkStatus());
  EXPECT_THAT(clone_.Files(), ElementsAre(Key("a.int8.onnx")));
  ExpectClean();
  clone_.Branch("second", second);
  ASSERT_EQ(clone_.SwitchTo("second"), absl::OkStatus());
  EXPECT_THAT(clone_.Files(), ElementsAre(Key("a.int8.onnx"), Key("b.int8.onnx")));
  ExpectClean();
  ASSERT_EQ(Choose({"*"}), absl::OkStatus());
  EXPECT_EQ(clone_.Files(), all);
}

TEST_F(SparseTest, LocalChangesAreNotLostByLeavingOut) {
  clone_.Write("card.md", "# mine\n");
  EXPECT_THAT(Choose({"*.int8.onnx"}), FailsWith(StatusCode::kFailedPrecondition, "card.md"));
  EXPECT_EQ(clone_.Read("card.md"), "# mine\n");
  EXPECT_EQ(clone_.Files().size(), 3u);
}

TEST_F(SparseTest, AFileThatIsThereAfterAllCountsAsBefore) {
  ASSERT_EQ(Choose({"*.int8.onnx"}), absl::OkStatus());
  clone_.Write("card.md", "# mine\n");
  EXPECT_THAT(Lines(clone_.Status().unstaged), ElementsAre("M card.md"));
  EXPECT_THAT(Choose({"*"}), FailsWith(StatusCode::kFailedPrecondition, "card.md"));
  clone_.Write("card.md", "# card\n");
  ExpectClean();
  EXPECT_EQ(clone_.Status().left_out, 1u);
}

TEST_F(SparseTest, RestoreBringsBackWhatIsNamedItself) {
  ASSERT_EQ(Choose({"*.int8.onnx"}), absl::OkStatus());
  using What = Workspace::RestoreWhat;
  clone_.Remove("a.int8.onnx");
  ASSERT_EQ(clone_.Restore({"."}, What::kWorkTree), absl::OkStatus());
  EXPECT_THAT(clone_.Files(), ElementsAre(Key("a.int8.onnx")));
  ASSERT_EQ(clone_.Restore({"card.md"}, What::kWorkTree), absl::OkStatus());
  EXPECT_EQ(clone_.Read("card.md"), "# card\n");
  ExpectClean();
  EXPECT_EQ(clone_.Status().left_out, 1u);
}

TEST_F(SparseTest, TakingAChangeOutOfTheIndexKeepsWhatIsLeftOut) {
  ASSERT_EQ(Choose({"*.int8.onnx"}), absl::OkStatus());
  const auto index = *history::OpenStagingIndex(clone_.workspace().git_directory());
  index->Remove("card.md");
  ASSERT_EQ(index->Save(), absl::OkStatus());
  EXPECT_THAT(Lines(clone_.Status().staged), ElementsAre("R card.md"));
  ASSERT_EQ(clone_.Restore({"."}, Workspace::RestoreWhat::kIndex), absl::OkStatus());
  ExpectClean();
}

TEST_F(SparseTest, MissingFilesAreThoseThatAreWanted) {
  TestClone other(folder_ + "/other", folder_ + "/other-store");
  history::Repository& there = other.workspace().history();
  history::Repository& here = clone_.workspace().history();
  const ObjectId want = ToObjectId(first_);
  const std::vector<ObjectId> ids = *here.ObjectsBetween({&want, 1}, {});
  for (const ObjectId& id : ids) {
    const auto object = *here.ReadObject(id);
    ASSERT_TRUE(there.WriteObject(object.type, object.data).ok());
  }
  ASSERT_EQ(there.Flush(), absl::OkStatus());
  EXPECT_EQ(other.workspace().MissingFiles(first_)->size(), 2u);
  EXPECT_EQ(other.workspace().MissingFiles(first_, Make({"*.int8.onnx"}))->size(), 1u);
  ASSERT_EQ(other.workspace().SetSparsePatterns(Make({"*.md"})), absl::OkStatus());
  EXPECT_EQ(other.workspace().MissingFiles(first_)->size(), 0u);
  ASSERT_EQ(other.Checkout(first_), absl::OkStatus());
  EXPECT_THAT(other.Files(), ElementsAre(Key("card.md")));
}

}  // namespace
}  // namespace mreg::workspace
