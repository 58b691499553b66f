// The conformance suite of References, over the same forms as that of Repository.
#include "storage/history/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "storage/history/test_worlds.h"

namespace mreg::history {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ReferencesTest : public testing::TestWithParam<WorldKind> {
 protected:
  absl::Status Move(const std::vector<ReferenceMove>& moves) {
    return references_.Move(moves, kAnyRecord);
  }
  std::vector<std::string> Names(std::string_view prefix) {
    const auto references = references_.List(prefix);
    std::vector<std::string> names;
    for (const Reference& reference : *references) names.push_back(reference.name);
    return names;
  }

  const std::unique_ptr<World> world_ = GetParam().make();
  History history_{world_->Open()};
  References& references_ = history_.repository->references();
  const ObjectId a_ = ToObjectId(history_.CommitOf("a"));
  const ObjectId b_ = ToObjectId(history_.CommitOf("b"));
};

INSTANTIATE_TEST_SUITE_P(All, ReferencesTest, testing::ValuesIn(AllWorlds()),
                         [](const auto& param) { return param.param.name; });

TEST_P(ReferencesTest, AreCreatedMovedAndRemoved) {
  EXPECT_EQ(*references_.Read("refs/heads/main"), std::nullopt);
  ASSERT_EQ(Move({{"refs/heads/main", std::nullopt, a_}}), absl::OkStatus());
  EXPECT_EQ(*references_.Read("refs/heads/main"), a_);
  ASSERT_EQ(Move({{"refs/heads/main", a_, b_}}), absl::OkStatus());
  EXPECT_EQ(*world_->Open()->references().Read("refs/heads/main"), b_);
  ASSERT_EQ(Move({{"refs/heads/main", b_, std::nullopt}}), absl::OkStatus());
  EXPECT_EQ(*references_.Read("refs/heads/main"), std::nullopt);
  EXPECT_THAT(*references_.List(""), IsEmpty());
}

TEST_P(ReferencesTest, AreListedByPrefixInOrder) {
  for (const char* name : {"refs/tags/v1", "refs/heads/topic/x", "refs/heads/main",
                           "refs/heads/topic-y", "refs/remotes/origin/main"}) {
    ASSERT_EQ(Move({{name, std::nullopt, a_}}), absl::OkStatus()) << name;
  }
  EXPECT_THAT(Names("refs/heads/"),
              ElementsAre("refs/heads/main", "refs/heads/topic-y", "refs/heads/topic/x"));
  EXPECT_THAT(Names("refs/heads/topic"), ElementsAre("refs/heads/topic-y", "refs/heads/topic/x"));
  EXPECT_EQ(Names("").size(), 5u);
  EXPECT_THAT(Names("refs/none"), IsEmpty());
}

TEST_P(ReferencesTest, AMoveFromElsewhereIsAbortedAndNamed) {
  ASSERT_EQ(Move({{"refs/heads/main", std::nullopt, a_}}), absl::OkStatus());
  for (const auto& expected : {std::optional<ObjectId>(), std::optional<ObjectId>(b_)}) {
    const auto status = Move({{"refs/heads/main", expected, b_}});
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_THAT(std::string(status.message()), HasSubstr("refs/heads/main"));
  }
  EXPECT_EQ(Move({{"refs/heads/none", a_, std::nullopt}}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*references_.Read("refs/heads/main"), a_);
}

TEST_P(ReferencesTest, AllMoveOrNone) {
  ASSERT_EQ(Move({{"refs/heads/a", std::nullopt, a_}, {"refs/heads/b", std::nullopt, a_}}),
            absl::OkStatus());
  EXPECT_EQ(Move({{"refs/heads/a", a_, b_}, {"refs/heads/b", b_, a_}}).code(),
            absl::StatusCode::kAborted);
  EXPECT_EQ(*references_.Read("refs/heads/a"), a_);
  ASSERT_EQ(Move({{"refs/heads/a", a_, std::nullopt},
                  {"refs/heads/b", a_, b_},
                  {"refs/heads/c", std::nullopt, b_},
                  {"refs/heads/d", std::nullopt, std::nullopt}}),
            absl::OkStatus());
  EXPECT_THAT(Names("refs/heads/"), ElementsAre("refs/heads/b", "refs/heads/c"));
}

TEST_P(ReferencesTest, NoMovesAreFine) { EXPECT_EQ(Move({}), absl::OkStatus()); }

TEST_P(ReferencesTest, NamesThatGitWouldNotAcceptAreInvalid) {
  for (const std::string name :
       {"", "HEAD", "main", "refs/heads/", "refs/heads/a..b", "refs/heads/.a", "refs/heads/a.lock",
        "refs/heads/a b", "refs/heads/a~1", "refs/heads/a:b", "refs/../x", "refs/heads/@{x",
        "refs/heads", "refs/heads/a\\b", "refs/heads/a\nb", "refs//heads/a", "/refs/heads/a"}) {
    EXPECT_EQ(Move({{name, std::nullopt, a_}}).code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(*references_.Read(name), std::nullopt) << name;
  }
  const std::string long_part = "refs/heads/" + std::string(300, 'x');
  EXPECT_EQ(Move({{long_part, std::nullopt, a_}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Move({{"refs/heads/a", std::nullopt, a_}, {"refs/heads/a", std::nullopt, b_}}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(ReferencesTest, OneCannotBeAFolderOfAnother) {
  ASSERT_EQ(Move({{"refs/heads/a/b", std::nullopt, a_}}), absl::OkStatus());
  EXPECT_EQ(Move({{"refs/heads/a", std::nullopt, a_}}).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Move({{"refs/heads/a/b/c", std::nullopt, a_}}).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Move({{"refs/heads/x", std::nullopt, a_}, {"refs/heads/x/y", std::nullopt, a_}}).code(),
            absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(Move({{"refs/heads/a/b", a_, std::nullopt}}), absl::OkStatus());
  ASSERT_EQ(Move({{"refs/heads/a", std::nullopt, a_}}), absl::OkStatus());
  ASSERT_EQ(Move({{"refs/heads/a", a_, std::nullopt}}), absl::OkStatus());
  EXPECT_EQ(Move({{"refs/heads/a/b", std::nullopt, a_}}), absl::OkStatus());
}

// Eight writers, half of them through handles of their own, fight for one branch and for the
// creation of names that exclude each other.
TEST_P(ReferencesTest, OfManyWritersExactlyOneSucceedsFromEachValue) {
  constexpr int kThreads = 8, kMovesEach = 12;
  std::vector<ObjectId> targets;
  for (int i = 0; i < kThreads * kMovesEach; ++i) {
    targets.push_back(history_.Blob("target " + std::to_string(i)));
  }
  ASSERT_EQ(Move({{"refs/heads/main", std::nullopt, a_}}), absl::OkStatus());
  std::mutex mutex;
  std::multiset<ObjectId> left_from;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto own = world_->Open();
      References& references = t % 2 == 0 ? references_ : own->references();
      for (int i = 0; i < kMovesEach;) {
        const ObjectId current = **references.Read("refs/heads/main");
        const ReferenceMove move = {"refs/heads/main", current, targets[t * kMovesEach + i]};
        const auto status = references.Move({&move, 1}, kAnyRecord);
        ASSERT_TRUE(status.ok() || absl::IsAborted(status)) << status;
        if (!status.ok()) continue;
        std::lock_guard lock(mutex);
        left_from.insert(current);
        ++i;
      }
    });
  }
  threads.clear();
  left_from.insert(**references_.Read("refs/heads/main"));
  std::multiset<ObjectId> once(targets.begin(), targets.end());
  once.insert(a_);
  EXPECT_EQ(left_from, once);
}

// At once, both may fail: on disk each can be in the other's way before it is made.
TEST_P(ReferencesTest, OfCreationsThatExcludeEachOtherNeverBothSucceed) {
  for (int round = 0; round < 20; ++round) {
    const std::string folder = "refs/heads/r" + std::to_string(round);
    std::atomic<size_t> succeeded = 0;
    std::vector<std::jthread> threads;
    for (const std::string& name : {folder, folder + "/x"}) {
      threads.emplace_back([&, name] {
        const auto own = world_->Open();
        const ReferenceMove move = {name, std::nullopt, a_};
        if (own->references().Move({&move, 1}, kAnyRecord).ok()) ++succeeded;
      });
    }
    threads.clear();
    EXPECT_LE(succeeded, 1u);
    EXPECT_EQ(Names(folder).size(), succeeded);
  }
}

}  // namespace
}  // namespace mreg::history
