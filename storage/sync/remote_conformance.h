// The conformance suite of Remote, for tests: each implementation's test includes this and names
// its factory with INSTANTIATE_TEST_SUITE_P. What passes here works for push and pull.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "schema/base/sha256.h"
#include "storage/registry/registry.h"
#include "storage/sync/faulty_remote.h"
#include "storage/sync/test_site.h"
#include "storage/sync/transfer.h"
#include "tests/models/weights.h"

namespace mreg::sync {

// A registry in a fresh folder, reached through a Remote.
class RemoteFixture {
 public:
  virtual ~RemoteFixture() = default;
  // Someone who may write to acme/vad; one connection more each time.
  virtual std::unique_ptr<Remote> Connect() = 0;
  // Someone who may only read it.
  virtual std::unique_ptr<Remote> ConnectReader() = 0;
  virtual registry::Registry& registry() = 0;
};

struct RemoteFactory {
  std::string name;
  std::function<std::unique_ptr<RemoteFixture>(const std::string& directory)> make;
};

class RemoteTest : public testing::TestWithParam<RemoteFactory> {
 protected:
  const std::unique_ptr<RemoteFixture> fixture_ = GetParam().make(FreshDirectory());
  const std::unique_ptr<Remote> remote_ = fixture_->Connect();
  Site alice_, bob_;
  const Bytes model_ = RandomBytes(3 << 20, 1);
  const ArtifactId model_id_ = IdOf<ArtifactId>(model_);
};

TEST_P(RemoteTest, WhatIsPushedIsFetchedByteForByte) {
  const CommitId commit = alice_.Commit({{"README.md", "# Voice"}, {"model.onnx", model_}});
  const auto pushed = alice_.PushTo(*remote_, commit);
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_EQ(pushed->new_bytes, model_.size());
  const auto fetched = FetchHistory(*bob_.history, *remote_);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  ASSERT_EQ(fetched->references.size(), 1u);
  EXPECT_EQ(fetched->references[0].name, "refs/heads/main");
  EXPECT_EQ(fetched->references[0].target, ToObjectId(commit));
  ASSERT_TRUE(FetchFiles(bob_.content, *remote_, {&model_id_, 1}, nullptr).ok());
  EXPECT_EQ(*bob_.Read(model_id_), model_);
}

TEST_P(RemoteTest, ASecondPushSendsOnlyNewChunks) {
  const CommitId first = alice_.Commit({{"model.onnx", model_}});
  ASSERT_TRUE(alice_.PushTo(*remote_, first).ok());
  Bytes edited = model_;
  edited.replace(1 << 20, 10, "0123456789");
  const auto pushed = alice_.PushTo(*remote_, alice_.Commit({{"model.onnx", edited}}, {first}));
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_LT(pushed->sent_bytes, 400u << 10);
  EXPECT_LT(pushed->sent_chunks, pushed->chunks);
}

TEST_P(RemoteTest, PushingWhatIsThereMovesNothing) {
  const CommitId commit = alice_.Commit({{"model.onnx", model_}});
  ASSERT_TRUE(alice_.PushTo(*remote_, commit).ok());
  const auto again = alice_.PushTo(*remote_, commit);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->moves.empty());
  const auto renamed = alice_.PushTo(*remote_, commit, "refs/tags/v1");
  ASSERT_TRUE(renamed.ok());
  EXPECT_EQ(renamed->sent_bytes, 0u);
}

TEST_P(RemoteTest, RoundTripsAreConstantWhateverTheNumberOfChunks) {
  for (const size_t size : {1u << 20, 24u << 20}) {
    FaultyRemote counting(*remote_);
    const std::string branch = "refs/heads/b" + std::to_string(size);
    const Bytes model = RandomBytes(size, static_cast<unsigned>(size));
    const CommitId commit = alice_.Commit({{"model.onnx", model}});
    ASSERT_TRUE(alice_.PushTo(counting, commit, branch).ok());
    EXPECT_EQ(counting.calls(), 4);
    Site fresh;
    FaultyRemote pulling(*remote_);
    const ArtifactId id = IdOf<ArtifactId>(model);
    ASSERT_TRUE(FetchHistory(*fresh.history, pulling).ok());
    ASSERT_TRUE(FetchFiles(fresh.content, pulling, {&id, 1}, nullptr).ok());
    EXPECT_EQ(pulling.calls(), 4);
  }
}

// A difference goes over the wire to who has the base, and to nobody else.
TEST_P(RemoteTest, AFineTuneTravelsAsADifferenceToWhoHasItsBase) {
  const Bytes base = test_models::NormalFloats(600'000, 1);
  const Bytes tuned = test_models::TrainedFloats(base, 0.001f, 2);
  const ArtifactId base_id = IdOf<ArtifactId>(base), tuned_id = IdOf<ArtifactId>(tuned);
  const CommitId first = alice_.Commit({{"w.f32", base}});
  ASSERT_TRUE(alice_.PushTo(*remote_, first).ok());
  const auto pushed = alice_.PushTo(*remote_, alice_.Commit({{"w.f32", tuned}}, {first}));
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_LT(pushed->sent_bytes, tuned.size() * 6 / 10);

  ASSERT_TRUE(FetchFiles(bob_.content, *remote_, {&base_id, 1}, nullptr).ok());
  const auto fetched = FetchFiles(bob_.content, *remote_, {&tuned_id, 1}, nullptr);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_LT(fetched->received_bytes, tuned.size() * 6 / 10);
  EXPECT_EQ(*bob_.Read(tuned_id), tuned);

  Site stranger;
  const auto whole = FetchFiles(stranger.content, *remote_, {&tuned_id, 1}, nullptr);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_GT(whole->received_bytes, tuned.size() * 7 / 10);
  EXPECT_LT(whole->received_bytes, tuned.size() * 9 / 10);
  EXPECT_EQ(*stranger.Read(tuned_id), tuned);
}

TEST_P(RemoteTest, APlanTellsToTheByteWhatWillBeReceivedAndKeepsNothing) {
  const Bytes base = test_models::NormalFloats(600'000, 1);
  const Bytes tuned = test_models::TrainedFloats(base, 0.001f, 2);
  const ArtifactId base_id = IdOf<ArtifactId>(base), tuned_id = IdOf<ArtifactId>(tuned);
  const CommitId first = alice_.Commit({{"w.f32", base}});
  ASSERT_TRUE(alice_.PushTo(*remote_, first).ok());
  ASSERT_TRUE(alice_.PushTo(*remote_, alice_.Commit({{"w.f32", tuned}}, {first})).ok());
  for (const ArtifactId& id : {base_id, tuned_id}) {
    const auto plan = PlanFetch(bob_.content, *remote_, {&id, 1});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_TRUE(bob_.packs->List()->empty() || id == tuned_id);
    EXPECT_FALSE(*bob_.content.FindRecipe(id));
    EXPECT_EQ(plan->files, 1u);
    EXPECT_EQ(plan->file_bytes, base.size());
    EXPECT_FALSE(plan->receives_at_most);
    const auto fetched = FetchFiles(bob_.content, *remote_, {&id, 1}, nullptr);
    ASSERT_TRUE(fetched.ok()) << fetched.status();
    EXPECT_EQ(plan->receive_bytes, fetched->received_bytes);
    EXPECT_EQ(plan->missing_chunks, fetched->received_chunks);
    EXPECT_EQ(PlanFetch(bob_.content, *remote_, {&id, 1})->files, 0u);
  }
}

// Who lacks the base gets chunks that are encoded on the way: then only a bound is known.
TEST_P(RemoteTest, APlanSaysWhereItIsOnlyABound) {
  const Bytes base = test_models::NormalFloats(600'000, 1);
  const Bytes tuned = test_models::TrainedFloats(base, 0.001f, 2);
  const ArtifactId tuned_id = IdOf<ArtifactId>(tuned);
  const CommitId first = alice_.Commit({{"w.f32", base}});
  ASSERT_TRUE(alice_.PushTo(*remote_, first).ok());
  ASSERT_TRUE(alice_.PushTo(*remote_, alice_.Commit({{"w.f32", tuned}}, {first})).ok());
  const auto plan = PlanFetch(bob_.content, *remote_, {&tuned_id, 1});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->receives_at_most);
  const auto fetched = FetchFiles(bob_.content, *remote_, {&tuned_id, 1}, nullptr);
  EXPECT_LE(fetched->received_bytes, plan->receive_bytes);
  EXPECT_EQ(plan->missing_bytes, tuned.size());
}

// What one has as a difference may be the other's base, and the other way round.
TEST_P(RemoteTest, SitesThatChoseOtherBasesUnderstandEachOther) {
  const Bytes one = test_models::NormalFloats(600'000, 3);
  const Bytes two = test_models::TrainedFloats(one, 0.001f, 4);
  const Bytes three = test_models::TrainedFloats(two, 0.001f, 5);
  const CommitId first = alice_.Commit({{"w.f32", one}});
  ASSERT_TRUE(alice_.PushTo(*remote_, alice_.Commit({{"w.f32", two}}, {first})).ok());
  bob_.Commit({{"w.f32", two}});
  ASSERT_TRUE(FetchHistory(*bob_.history, *remote_).ok());
  const auto tip = remote_->ListReferences()->references(0).target();
  const CommitId last = bob_.Commit({{"w.f32", three}}, {*CommitId::FromBytes(tip)});
  const auto pushed = bob_.PushTo(*remote_, last);
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  const ArtifactId id = IdOf<ArtifactId>(three);
  ASSERT_TRUE(FetchFiles(alice_.content, *remote_, {&id, 1}, nullptr).ok());
  EXPECT_EQ(*alice_.Read(id), three);
}

TEST_P(RemoteTest, AfterABrokenConnectionOnlyTheRestIsSent) {
  const CommitId commit = alice_.Commit({{"model.onnx", model_}});
  std::mt19937 random(7);
  FaultyRemote faulty(*remote_);
  const uint64_t passed = (1 << 20) + random() % (1 << 20);
  faulty.BreakAfter(passed);
  const auto pushed = alice_.PushTo(faulty, commit);
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  // A server may still be busy with what came when it is asked again, so how much of that is sent
  // twice is a matter of time; that what was kept is not sent again is seen below, and by
  // ChunkTransferTest.
  EXPECT_LT(pushed->sent_bytes, model_.size() + passed + (1 << 14));

  FaultyRemote pulling(*remote_);
  pulling.BreakAfter((1 << 20) + random() % (1 << 20));
  ASSERT_TRUE(FetchHistory(*bob_.history, pulling).ok());
  const auto fetched = FetchFiles(bob_.content, pulling, {&model_id_, 1}, nullptr);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_LT(fetched->received_bytes, model_.size() + (512u << 10));
  EXPECT_EQ(*bob_.Read(model_id_), model_);
}

TEST_P(RemoteTest, OfTwoConcurrentPushesOneWinsAndTheOtherIsTold) {
  const CommitId base = alice_.Commit({{"a.txt", "base"}});
  ASSERT_TRUE(alice_.PushTo(*remote_, base).ok());
  ASSERT_TRUE(FetchHistory(*bob_.history, *remote_).ok());
  ASSERT_TRUE(alice_.PushTo(*remote_, alice_.Commit({{"a.txt", "alice"}}, {base})).ok());
  const auto late = bob_.PushTo(*remote_, bob_.Commit({{"a.txt", "bob"}}, {base}));
  EXPECT_TRUE(absl::IsFailedPrecondition(late.status())) << late.status();
  EXPECT_TRUE(
      bob_.PushTo(*remote_, bob_.Commit({{"a.txt", "bob"}}, {base}), "refs/heads/main", Force::kYes)
          .ok());
}

TEST_P(RemoteTest, OfPushesAtTheSameMomentExactlyOneWins) {
  const CommitId base = alice_.Commit({{"a.txt", "base"}});
  ASSERT_TRUE(alice_.PushTo(*remote_, base).ok());
  constexpr unsigned kPushers = 4;
  std::vector<Site> sites(kPushers);
  std::vector<std::unique_ptr<Remote>> remotes;
  std::vector<CommitId> commits;
  for (unsigned i = 0; i < kPushers; ++i) {
    remotes.push_back(fixture_->Connect());
    ASSERT_TRUE(FetchHistory(*sites[i].history, *remotes[i]).ok());
    commits.push_back(sites[i].Commit({{"model.onnx", RandomBytes(1 << 20, i)}}, {base}));
  }
  std::vector<absl::Status> results(kPushers);
  std::barrier begin(kPushers);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kPushers; ++i) {
      threads.emplace_back([&, i] {
        begin.arrive_and_wait();
        results[i] = sites[i].PushTo(*remotes[i], commits[i]).status();
      });
    }
  }
  std::vector<ObjectId> winners;
  for (unsigned i = 0; i < kPushers; ++i) {
    const absl::Status& result = results[i];
    if (result.ok()) winners.push_back(ToObjectId(commits[i]));
    // To both of these a command says "fetch first".
    EXPECT_TRUE(result.ok() || absl::IsFailedPrecondition(result) || absl::IsAborted(result))
        << result;
  }
  ASSERT_EQ(winners.size(), 1u);
  EXPECT_EQ(remote_->ListReferences()->references(0).target(), winners[0].bytes());
  EXPECT_TRUE(journal::VerifyJournal(fixture_->registry().journal()).ok());
}

TEST_P(RemoteTest, AStaleExpectationIsAborted) {
  const CommitId commit = alice_.Commit({{"a.txt", "base"}});
  ASSERT_TRUE(alice_.PushTo(*remote_, commit).ok());
  v1::PushRequest request;
  auto& move = *request.add_moves();
  move.set_name("refs/heads/main");
  move.set_to(std::string(commit.bytes()));
  EXPECT_TRUE(absl::IsAborted(remote_->Push(request).status()));
}

TEST_P(RemoteTest, ATagDoesNotMoveWithoutForce) {
  const CommitId first = alice_.Commit({{"a.txt", "1"}});
  const CommitId second = alice_.Commit({{"a.txt", "2"}}, {first});
  ASSERT_TRUE(alice_.PushTo(*remote_, first, "refs/tags/v1").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(alice_.PushTo(*remote_, second, "refs/tags/v1").status()));
  EXPECT_TRUE(alice_.PushTo(*remote_, second, "refs/tags/v1", Force::kYes).ok());
}

TEST_P(RemoteTest, AReaderMayNotWrite) {
  ASSERT_TRUE(alice_.PushTo(*remote_, alice_.Commit({{"a.txt", "1"}})).ok());
  const auto reader = fixture_->ConnectReader();
  EXPECT_TRUE(FetchHistory(*bob_.history, *reader).ok());
  const auto status = bob_.PushTo(*reader, bob_.Commit({{"b.txt", "2"}}), "refs/heads/x").status();
  EXPECT_TRUE(absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status)) << status;
}

TEST_P(RemoteTest, AVersionWhoseContentWasNotSentIsRefused) {
  const CommitId commit = alice_.Commit({{"model.onnx", model_}});
  const auto ids = *alice_.history->ObjectsBetween(std::vector<ObjectId>{ToObjectId(commit)}, {});
  v1::PushRequest request = alice_.UncheckedPush(commit, ids);
  EXPECT_TRUE(absl::IsNotFound(remote_->Push(request).status()));
  // A recipe that claims another file's name is no help.
  ASSERT_TRUE(
      alice_.PushTo(*remote_, alice_.Commit({{"x.bin", RandomBytes(5'000, 9)}}), "refs/heads/x")
          .ok());
  auto recipe = **alice_.content.FindRecipe(IdOf<ArtifactId>(RandomBytes(5'000, 9)));
  recipe.artifact = model_id_;
  *request.add_recipes() = content::ToProto(recipe);
  EXPECT_TRUE(absl::IsDataLoss(remote_->Push(request).status()));
  EXPECT_EQ(remote_->ListReferences()->references_size(), 1);
}

// Files are proved while their chunks come, by the recipes of the offer: others are not.
TEST_P(RemoteTest, ARecipeThatWasNotOfferedIsLookedAtWhenItIsPushed) {
  const CommitId commit = alice_.Commit({{"model.onnx", model_}});
  const auto objects =
      *alice_.history->ObjectsBetween(std::vector<ObjectId>{ToObjectId(commit)}, {});
  const content::Recipe recipe = **alice_.content.FindRecipe(model_id_);
  ASSERT_GT(recipe.spans.size(), 1u);
  content::Recipe falsely = recipe;
  std::swap(falsely.spans.front(), falsely.spans.back());
  std::vector<ChunkId> ids;
  for (const content::RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
  for (const content::Recipe& offered : {falsely, recipe}) {
    v1::OfferRequest offer;
    *offer.add_recipes() = content::ToProto(offered);
    ASSERT_TRUE(remote_->Offer(offer).ok());
    const auto sender = *content::ChunkSender::Open(alice_.content, ids, {});
    ASSERT_TRUE(remote_->Upload(*sender, sender->length()).ok());
    v1::PushRequest request = alice_.UncheckedPush(commit, objects);
    *request.add_recipes() = content::ToProto(falsely);
    EXPECT_TRUE(absl::IsDataLoss(remote_->Push(request).status()));
  }
  v1::PushRequest request = alice_.UncheckedPush(commit, objects);
  *request.add_recipes() = content::ToProto(recipe);
  const auto pushed = remote_->Push(request);
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  ASSERT_TRUE(FetchFiles(bob_.content, *remote_, {&model_id_, 1}, nullptr).ok());
  EXPECT_EQ(*bob_.Read(model_id_), model_);
}

TEST_P(RemoteTest, HostilePathsAndReferencesAreRefused) {
  for (const char* path : {"sub/.GIT/config", "nul.txt", "a:b", ".mreg/x"}) {
    const auto blob = *alice_.history->WriteObject(history::ObjectType::kBlob, "x");
    const history::TreeEntry entry{path, history::FileMode::kRegular, blob};
    const auto tree = alice_.history->WriteTree({&entry, 1});
    if (!tree.ok()) continue;  // libgit2 itself refuses to write it
    history::Commit draft;
    draft.tree = *tree;
    draft.author = draft.committer = {"A", "a@example.org", 1'700'000'000, 0};
    draft.message = "hostile\n";
    const auto commit = *alice_.history->WriteCommit(draft);
    EXPECT_TRUE(absl::IsInvalidArgument(alice_.PushTo(*remote_, commit).status())) << path;
  }
  const CommitId good = alice_.Commit({{"a.txt", "1"}});
  for (const char* name : {"refs/heads/../x", "refs/remotes/o/x", "HEAD", "refs/heads/a b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(alice_.PushTo(*remote_, good, name).status())) << name;
  }
  EXPECT_FALSE(remote_->ListReferences()->exists());
}

TEST_P(RemoteTest, HostileTreesAreRefusedFromAClientThatChecksNothing) {
  using Entries = std::vector<std::pair<std::string, std::string>>;  // mode, name
  for (const Entries& entries :
       {Entries{{"100644", ".."}}, Entries{{"100644", "a/b"}}, Entries{{"100644", "/etc"}},
        Entries{{"100644", ".git"}}, Entries{{"100644", ".mreg"}}, Entries{{"100644", "con"}},
        Entries{{"120000", "link"}}, Entries{{"160000", "submodule"}},
        Entries{{"100644", "A.txt"}, {"100644", "a.txt"}}}) {
    const ObjectId blob = *alice_.history->WriteObject(history::ObjectType::kBlob, "../../x");
    Bytes bytes;
    for (const auto& [mode, name] : entries) {
      bytes += mode + " " + name + '\0' + std::string(blob.bytes());
    }
    history::Commit draft;
    draft.tree = *alice_.history->WriteObject(history::ObjectType::kTree, bytes);
    draft.author = draft.committer = {"A", "a@example.org", 1'700'000'000, 0};
    draft.message = "hostile\n";
    const CommitId commit = *alice_.history->WriteCommit(draft);
    const ObjectId objects[] = {blob, draft.tree, ToObjectId(commit)};
    const auto reply = remote_->Push(alice_.UncheckedPush(commit, objects));
    EXPECT_TRUE(absl::IsInvalidArgument(reply.status())) << entries[0].second << reply.status();
  }
  EXPECT_FALSE(remote_->ListReferences()->exists());
}

TEST_P(RemoteTest, AnAbsentRepositoryIsNotFoundForReaders) {
  const auto reader = fixture_->ConnectReader();
  EXPECT_TRUE(absl::IsNotFound(FetchHistory(*bob_.history, *reader).status()));
}

TEST_P(RemoteTest, ChunksThatAreNotThereCannotBeHad) {
  ASSERT_TRUE(alice_.PushTo(*remote_, alice_.Commit({{"a.txt", "1"}})).ok());
  const ArtifactId unknown = IdOf<ArtifactId>("unknown");
  EXPECT_TRUE(
      absl::IsNotFound(FetchFiles(bob_.content, *remote_, {&unknown, 1}, nullptr).status()));
}

TEST_P(RemoteTest, EveryMoveIsInTheJournal) {
  const CommitId first = alice_.Commit({{"a.txt", "1"}});
  ASSERT_TRUE(alice_.PushTo(*remote_, first).ok());
  ASSERT_TRUE(alice_.PushTo(*remote_, alice_.Commit({{"a.txt", "2"}}, {first})).ok());
  EXPECT_TRUE(journal::VerifyJournal(fixture_->registry().journal()).ok());
  const auto entries = *fixture_->registry().journal().Read(0, 100);
  int moves = 0;
  for (const auto& stored : entries) {
    v1::JournalEntry entry;
    ASSERT_TRUE(entry.ParseFromString(stored.bytes));
    moves += entry.references_moved().moves_size();
  }
  EXPECT_EQ(moves, 2);
}

}  // namespace mreg::sync
