#include "cli/derivation.h"

#include <gtest/gtest.h>

#include "cli/hint.h"
#include "schema/base/clock.h"
#include "schema/base/file_system.h"

namespace mreg::cli {
namespace {

constexpr char kSubject[] = "int8\n";

Source SourceNamed(std::string name) {
  return {*CommitId::FromHex("0123456789012345678901234567890123456789"), std::move(name)};
}

TEST(WithDerivationTest, AddsTrailers) {
  const Source source = SourceNamed("team/bert@v1");
  EXPECT_EQ(*WithDerivation(kSubject, {&source, 1}, "quantize"),
            "int8\n\n"
            "Derived-From: 0123456789012345678901234567890123456789 (team/bert@v1)\n"
            "Derived-How: quantize\n");
}

TEST(WithDerivationTest, JoinsTrailersThatAreThere) {
  const std::vector<Source> sources = {SourceNamed("a"), SourceNamed("b")};
  EXPECT_EQ(*WithDerivation("x\n\nWhy.\n\nSigned-off-by: A <a@b>", sources, "merge"),
            "x\n\nWhy.\n\nSigned-off-by: A <a@b>\n"
            "Derived-From: 0123456789012345678901234567890123456789 (a)\n"
            "Derived-From: 0123456789012345678901234567890123456789 (b)\n"
            "Derived-How: merge\n");
}

TEST(WithDerivationTest, TakesNoSubjectForATrailer) {
  const Source source = SourceNamed("a");
  EXPECT_NE(WithDerivation("fix: it", {&source, 1}, "cast")->find("it\n\nDerived"),
            std::string::npos);
}

TEST(WithDerivationTest, LeavesOtherMessagesAlone) {
  EXPECT_EQ(*WithDerivation(kSubject, {}, ""), kSubject);
  const Source source = SourceNamed("a");
  EXPECT_EQ(*WithDerivation(" \n", {&source, 1}, "cast"), "");
}

TEST(WithDerivationTest, RefusesWhatIsHalfOrUnknown) {
  const Source source = SourceNamed("a");
  EXPECT_TRUE(absl::IsInvalidArgument(WithDerivation("x", {}, "cast").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(WithDerivation("x", {&source, 1}, "").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(WithDerivation("x", {&source, 1}, "magic").status()));
}

class ResolveSourceTest : public testing::Test {
 protected:
  ResolveSourceTest() {
    std::string directory = JoinPath(testing::TempDir(), "derivation-XXXXXX");
    EXPECT_NE(mkdtemp(directory.data()), nullptr);
    workspace_ = *workspace::InitWorkspace(directory + "/clone", {directory + "/store"}, clock_);
    EXPECT_TRUE(WriteFileAtomically(PosixFileSystem(), directory + "/clone/a", "1").ok());
    const std::vector<std::string> all = {"."};
    EXPECT_TRUE(workspace_->Add(all, workspace_->root(), {}, nullptr).ok());
    commit_ = *workspace_->Commit("one", {"A", "a@b", 1'700'000'000, 0}, {});
  }

  void Name(const std::string& reference) {
    const history::ReferenceMove move{reference, std::nullopt, ToObjectId(commit_)};
    ASSERT_TRUE(
        workspace_->history().references().Move({&move, 1}, {"a", clock_.Now(), "test"}).ok());
  }

  const SystemClock clock_;
  std::unique_ptr<workspace::Workspace> workspace_;
  CommitId commit_;
};

TEST_F(ResolveSourceTest, FindsRevisionsOfTheClone) {
  EXPECT_EQ(ResolveSource(*workspace_, "main")->commit, commit_);
  EXPECT_EQ(ResolveSource(*workspace_, commit_.ToHex())->commit, commit_);
  EXPECT_TRUE(absl::IsNotFound(ResolveSource(*workspace_, "absent").status()));
}

TEST_F(ResolveSourceTest, FindsThoseOfAnotherRepositoryThatWasFetched) {
  const auto no_remote = ResolveSource(*workspace_, "team/bert@main").status();
  EXPECT_TRUE(absl::IsNotFound(no_remote)) << no_remote;
  EXPECT_NE(HintOf(no_remote)->find("mreg remote add"), std::string::npos);
  ASSERT_TRUE(workspace_->SetConfig("remote.base.url", "file:///srv/models/team/bert").ok());
  const auto not_fetched = ResolveSource(*workspace_, "team/bert@main2").status();
  EXPECT_TRUE(absl::IsNotFound(not_fetched));
  EXPECT_NE(HintOf(not_fetched)->find("mreg fetch base"), std::string::npos);
  Name("refs/remotes/base/release");
  Name("refs/tags/v1");
  for (const std::string_view text : {"team/bert@release", "team/bert@v1"}) {
    const auto source = ResolveSource(*workspace_, text);
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_EQ(source->commit, commit_);
    EXPECT_EQ(source->name, text);
  }
}

}  // namespace
}  // namespace mreg::cli
