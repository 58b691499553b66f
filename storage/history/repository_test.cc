// The conformance suite of Repository: every form passes the same tests. A new one adds its
// factory to AllWorlds.
#include "storage/history/repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/history/object_format.h"
#include "storage/history/test_worlds.h"

namespace mreg::history {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

const ObjectId kAbsent = *ObjectId::FromHex(std::string(40, 'a'));
const CommitId kAbsentCommit = *CommitId::FromHex(std::string(40, 'a'));

class RepositoryTest : public testing::TestWithParam<WorldKind> {
 protected:
  std::vector<CommitId> Walked(const std::vector<CommitId>& from,
                               const std::vector<CommitId>& hide = {}) {
    std::vector<CommitId> walked;
    EXPECT_EQ(repository_.Walk(from, hide,
                               [&](const Commit& commit) {
                                 walked.push_back(commit.id);
                                 return true;
                               }),
              absl::OkStatus());
    return walked;
  }

  absl::StatusCode ReadTreeCode(ByteView tree) {
    const auto id = repository_.WriteObject(ObjectType::kTree, tree);
    if (!id.ok()) return id.status().code();
    return repository_.ReadTree(*id).status().code();
  }

  ObjectId TreeOf(const CommitId& commit) { return repository_.ReadCommit(commit)->tree; }

  const std::unique_ptr<World> world_ = GetParam().make();
  History history_{world_->Open()};
  Repository& repository_ = *history_.repository;
};

INSTANTIATE_TEST_SUITE_P(All, RepositoryTest, testing::ValuesIn(AllWorlds()),
                         [](const auto& param) { return param.param.name; });

TEST_P(RepositoryTest, ObjectsHaveGitsIdsAndComeBack) {
  const ObjectId blob = history_.Blob("hello\n");
  EXPECT_EQ(blob.ToHex(), "ce013625030ba8dba906f756967f9e9ca394464a");
  const auto read = repository_.ReadObject(blob);
  EXPECT_EQ(read->type, ObjectType::kBlob);
  EXPECT_EQ(read->data, "hello\n");
  EXPECT_TRUE(*repository_.HasObject(blob));
}

TEST_P(RepositoryTest, TheEmptyBlobAndTheEmptyTreeAreObjects) {
  EXPECT_EQ(history_.Blob("").ToHex(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(history_.Tree({}).ToHex(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  EXPECT_EQ(repository_.ReadObject(history_.Blob(""))->data, "");
}

TEST_P(RepositoryTest, AnAbsentObjectIsNotFound) {
  EXPECT_EQ(repository_.ReadObject(kAbsent).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(repository_.ReadCommit(kAbsentCommit).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(repository_.ReadTag(kAbsent).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(*repository_.HasObject(kAbsent));
}

TEST_P(RepositoryTest, ADamagedObjectIsDataLossAndCanBeWrittenAgain) {
  const std::string text(1000, 'x');
  const ObjectId blob = history_.Blob(text + "tail");
  ASSERT_EQ(repository_.Flush(), absl::OkStatus());
  world_->Damage(blob);
  const auto fresh = world_->Open();
  EXPECT_EQ(fresh->ReadObject(blob).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(*fresh->WriteObject(ObjectType::kBlob, text + "tail"), blob);
  ASSERT_EQ(fresh->Flush(), absl::OkStatus());
  EXPECT_EQ(world_->Open()->ReadObject(blob)->data, text + "tail");
}

TEST_P(RepositoryTest, ADamagedTreeOrCommitIsDataLoss) {
  const CommitId commit = history_.CommitOf("text");
  const ObjectId tree = TreeOf(commit);
  ASSERT_EQ(repository_.Flush(), absl::OkStatus());
  world_->Damage(tree);
  EXPECT_EQ(world_->Open()->ReadFiles(commit).status().code(), absl::StatusCode::kDataLoss);
  world_->Damage(ToObjectId(commit));
  EXPECT_EQ(world_->Open()->ReadCommit(commit).status().code(), absl::StatusCode::kDataLoss);
}

TEST_P(RepositoryTest, FlushedObjectsAreSeenByOthers) {
  const ObjectId blob = history_.Blob("hello\n");
  ASSERT_EQ(repository_.Flush(), absl::OkStatus());
  ASSERT_EQ(repository_.Flush(), absl::OkStatus());
  EXPECT_EQ(world_->Open()->ReadObject(blob)->data, "hello\n");
}

TEST_P(RepositoryTest, WhatIsNoObjectOfItsTypeIsRefused) {
  const auto code = [&](ObjectType type, ByteView data) {
    return repository_.WriteObject(type, data).status().code();
  };
  EXPECT_EQ(code(ObjectType::kCommit, "hello"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(ObjectType::kCommit, ""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(ObjectType::kTag, "object x"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(ObjectType::kTree, "100644 name"), absl::StatusCode::kInvalidArgument);
}

TEST_P(RepositoryTest, ATreeGivesItsFilesBackInOrder) {
  // Byte order, in which "a.b" lies between "a-" and "a/".
  std::vector<TreeEntry> files;
  for (const char* path : {"a-b/x", "a.b", "a/b/c", "a/b/d", "a/e", "z"}) {
    files.push_back(history_.File(path, path));
  }
  files[1].mode = FileMode::kExecutable;
  files[5].mode = FileMode::kSymbolicLink;
  std::vector<TreeEntry> shuffled = files;
  std::ranges::reverse(shuffled);
  const ObjectId tree = history_.Tree(shuffled);
  EXPECT_EQ(*repository_.ReadTree(tree), files);
  EXPECT_EQ(history_.Tree(files), tree);
}

TEST_P(RepositoryTest, PathsThatWouldLeaveTheWorkTreeAreRefused) {
  for (const char* path : {"", "/a", "a/", "a//b", ".", "..", "a/../b", ".git/config", "a/.GIT",
                           ".mreg/config", ".Mreg"}) {
    EXPECT_EQ(repository_.WriteTree({{history_.File(path, "x")}}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << path;
  }
}

TEST_P(RepositoryTest, AFileCannotBeNamedTwiceOrBeAFolder) {
  const std::vector<TreeEntry> twice = {history_.File("a", "1"), history_.File("a", "2")};
  const std::vector<TreeEntry> both = {history_.File("a", "1"), history_.File("a.b", "2"),
                                       history_.File("a/c", "3")};
  EXPECT_EQ(repository_.WriteTree(twice).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(repository_.WriteTree(both).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(RepositoryTest, ATreeCannotNameABlobThatIsNotThere) {
  const std::vector<TreeEntry> files = {{"a", FileMode::kRegular, kAbsent}};
  EXPECT_EQ(repository_.WriteTree(files).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(RepositoryTest, ModesOfOldGitsAreNormalAndUnknownOnesVisible) {
  const ObjectId blob = history_.Blob("x");
  Bytes tree;
  AppendTreeEntry(tree, 0100664, "a", blob);
  AppendTreeEntry(tree, 0120777, "b", blob);
  AppendTreeEntry(tree, 0160000, "c", blob);
  const auto files = repository_.ReadTree(*repository_.WriteObject(ObjectType::kTree, tree));
  ASSERT_EQ(files.status(), absl::OkStatus());
  EXPECT_EQ((*files)[0].mode, FileMode::kRegular);
  EXPECT_EQ((*files)[1].mode, FileMode::kSymbolicLink);
  EXPECT_EQ((*files)[2].mode, FileMode::kSubmodule);
}

TEST_P(RepositoryTest, HostileTreesAreRefused) {
  const ObjectId blob = history_.Blob("x");
  const ObjectId folder = history_.Tree({history_.File("x", "x")});
  for (const char* name : {"..", ".", "a/b", ".git", ".mreg", "/"}) {
    Bytes tree;
    AppendTreeEntry(tree, 0100644, name, blob);
    EXPECT_EQ(ReadTreeCode(tree), absl::StatusCode::kInvalidArgument) << name;
  }
  Bytes twice;
  AppendTreeEntry(twice, 0100644, "a", blob);
  AppendTreeEntry(twice, 0100644, "a.b", blob);
  AppendTreeEntry(twice, kFolderMode, "a", folder);
  EXPECT_EQ(ReadTreeCode(twice), absl::StatusCode::kInvalidArgument);
  Bytes unordered;
  AppendTreeEntry(unordered, 0100644, "b", blob);
  AppendTreeEntry(unordered, 0100644, "a", blob);
  EXPECT_EQ(ReadTreeCode(unordered), absl::StatusCode::kInvalidArgument);
}

TEST_P(RepositoryTest, TreesOfBoundlessDepthOrWidthAreRefused) {
  ObjectId deep = history_.Tree({});
  for (int i = 0; i < 65; ++i) {
    Bytes tree;
    AppendTreeEntry(tree, kFolderMode, "d", deep);
    deep = *repository_.WriteObject(ObjectType::kTree, tree);
  }
  EXPECT_EQ(repository_.ReadTree(deep).status().code(), absl::StatusCode::kInvalidArgument);
  // 100 to the power of 10 visits of an empty folder.
  ObjectId wide = history_.Tree({});
  for (int level = 0; level < 10; ++level) {
    Bytes tree;
    for (int i = 100; i < 200; ++i) AppendTreeEntry(tree, kFolderMode, std::to_string(i), wide);
    wide = *repository_.WriteObject(ObjectType::kTree, tree);
  }
  EXPECT_EQ(repository_.ReadTree(wide).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(RepositoryTest, ACommitComesBackAsItWasWritten) {
  const CommitId parent = history_.CommitOf("1");
  Commit draft = {.id = {},
                  .tree = history_.Tree({history_.File("file", "2")}),
                  .parents = {parent},
                  .author = {"Ren\xc3\xa9 M.", "rene@example.org", 1'700'000'000, -570},
                  .committer = {"Alice", "alice@example.org", 4'300'000'000, 60},
                  .message = "\n  first line\n\nsecond"};
  const auto id = repository_.WriteCommit(draft);
  ASSERT_EQ(id.status(), absl::OkStatus());
  const auto read = repository_.ReadCommit(*id);
  EXPECT_EQ(read->tree, draft.tree);
  EXPECT_THAT(read->parents, ElementsAre(parent));
  EXPECT_EQ(read->author.name, "Ren\xc3\xa9 M");
  EXPECT_EQ(read->author.offset_minutes, -570);
  EXPECT_EQ(read->committer.seconds, 4'300'000'000);
  EXPECT_EQ(read->message, draft.message);
  EXPECT_EQ(repository_.ReadFiles(*id)->front().path, "file");
}

TEST_P(RepositoryTest, ACommitCannotHideAnotherHeaderInAName) {
  Commit draft = {.id = {},
                  .tree = history_.Tree({}),
                  .parents = {},
                  .author = {"Alice", "alice@example.org", 1, 0},
                  .committer = {"Alice", "alice@example.org", 1, 0},
                  .message = "x"};
  for (const char* name : {"A\nparent x", "A <b>", "", " .", "A\tB"}) {
    draft.author.name = name;
    EXPECT_EQ(repository_.WriteCommit(draft).status().code(), absl::StatusCode::kInvalidArgument);
  }
  draft.author.name = "Alice";
  draft.message = std::string("a\0b", 3);
  EXPECT_EQ(repository_.WriteCommit(draft).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(RepositoryTest, ACommitNeedsItsTreeAndParents) {
  const CommitId good = history_.CommitOf("1");
  Commit draft = *repository_.ReadCommit(good);
  draft.parents = {kAbsentCommit};
  EXPECT_EQ(repository_.WriteCommit(draft).status().code(), absl::StatusCode::kNotFound);
  draft.parents = {};
  draft.tree = history_.Blob("no tree");
  EXPECT_EQ(repository_.WriteCommit(draft).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(RepositoryTest, AnAnnotatedTagComesBackAndLeadsToItsCommit) {
  const CommitId commit = history_.CommitOf("1");
  const ObjectId tag = history_.Tag("v1", ToObjectId(commit));
  const ObjectId tag_of_tag = history_.Tag("v1-signed", tag);
  EXPECT_EQ(repository_.ReadTag(tag_of_tag)->target, tag);
  EXPECT_EQ(repository_.ReadTag(tag)->name, "v1");
  EXPECT_EQ(repository_.ReadTag(tag)->tagger.name, "Alice");
  EXPECT_EQ(repository_.ReadTag(tag)->message, "tag\n");
  EXPECT_EQ(*repository_.Peel(tag_of_tag), commit);
  EXPECT_EQ(*repository_.Peel(ToObjectId(commit)), commit);
  EXPECT_EQ(repository_.Peel(TreeOf(commit)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(repository_.Peel(kAbsent).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(RepositoryTest, RevisionsAreFoundByEveryName) {
  const CommitId first = history_.CommitOf("1");
  const CommitId second = history_.CommitOf("2", {first});
  const CommitId side = history_.CommitOf("3", {first});
  const CommitId merge = history_.CommitOf("4", {second, side});
  history_.Point("refs/heads/main", ToObjectId(merge));
  history_.Point("refs/heads/topic/a", ToObjectId(side));
  history_.Point("refs/remotes/origin/main", ToObjectId(second));
  history_.Point("refs/tags/v1", history_.Tag("v1", ToObjectId(first)));
  ASSERT_EQ(repository_.Flush(), absl::OkStatus());
  const std::pair<std::string, CommitId> names[] = {{"main", merge},
                                                    {"HEAD", merge},
                                                    {"refs/heads/main", merge},
                                                    {"topic/a", side},
                                                    {"origin/main", second},
                                                    {"v1", first},
                                                    {merge.ToHex(), merge},
                                                    {"main^", second},
                                                    {"main^2", side},
                                                    {"main~2", first},
                                                    {"main^2~", first},
                                                    {"main^^", first},
                                                    {"main^0", merge},
                                                    {"v1~0", first},
                                                    {side.ToHex().substr(0, 12), side},
                                                    {side.ToHex().substr(0, 13) + "^", first}};
  for (const auto& [name, commit] : names) {
    const auto resolved = repository_.Resolve(name);
    ASSERT_EQ(resolved.status(), absl::OkStatus()) << name;
    EXPECT_EQ(*resolved, commit) << name;
  }
}

TEST_P(RepositoryTest, UnknownRevisionsAreNamed) {
  history_.Point("refs/heads/main", ToObjectId(history_.CommitOf("1")));
  for (const std::string name : {"absent", "main~1", "main^2", "main~99999999999999", "abc",
                                 "0123456789", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    const auto status = repository_.Resolve(name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  }
}

TEST_P(RepositoryTest, OnlyTheDocumentedGrammarIsARevision) {
  history_.Point("refs/heads/main", ToObjectId(history_.CommitOf("1")));
  for (const std::string name : {"", ":/change", "main^{/change}", "main^{commit}", "main@{1}",
                                 "@{u}", "main..main", "main:file", "main~x", "main~1x", "main^-1",
                                 "~1", "../../HEAD", "main ", "main~99999999999999999999999"}) {
    EXPECT_EQ(repository_.Resolve(name).status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_EQ(repository_.Resolve(std::string(5000, '^')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(RepositoryTest, AnAbbreviationOfSeveralObjectsIsInvalid) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1500; ++i) ids.push_back(history_.Blob(std::to_string(i)).ToHex());
  std::ranges::sort(ids);
  const auto twin = std::ranges::adjacent_find(
      ids, [](const auto& a, const auto& b) { return a.substr(0, 4) == b.substr(0, 4); });
  ASSERT_NE(twin, ids.end());
  EXPECT_EQ(repository_.Resolve(twin->substr(0, 4)).status().code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(repository_.Flush(), absl::OkStatus());
  EXPECT_EQ(world_->Open()->Resolve(twin->substr(0, 4)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(RepositoryTest, AWalkGoesFromChildrenToParents) {
  const CommitId first = history_.CommitOf("1");
  const CommitId left = history_.CommitOf("2", {first});
  const CommitId right = history_.CommitOf("3", {first});
  const CommitId merge = history_.CommitOf("4", {left, right});
  EXPECT_THAT(Walked({merge}), ElementsAre(merge, right, left, first));
  EXPECT_THAT(Walked({merge}, {left}), ElementsAre(merge, right));
  EXPECT_THAT(Walked({left, right}, {kAbsentCommit}), ElementsAre(right, left, first));
  EXPECT_THAT(Walked({left}, {merge}), IsEmpty());
  EXPECT_EQ(repository_.Walk({{kAbsentCommit}}, {}, [](const Commit&) { return true; }).code(),
            absl::StatusCode::kNotFound);
  int visited = 0;
  EXPECT_EQ(repository_.Walk({{merge}}, {}, [&](const Commit&) { return ++visited < 2; }),
            absl::OkStatus());
  EXPECT_EQ(visited, 2);
}

TEST_P(RepositoryTest, MergeBasesAndAncestors) {
  const CommitId first = history_.CommitOf("1");
  const CommitId left = history_.CommitOf("2", {first});
  const CommitId right = history_.CommitOf("3", {first});
  const CommitId stranger = history_.CommitOf("4");
  EXPECT_EQ(*repository_.MergeBase(left, right), first);
  EXPECT_EQ(*repository_.MergeBase(left, first), first);
  EXPECT_EQ(*repository_.MergeBase(left, left), left);
  EXPECT_EQ(*repository_.MergeBase(left, stranger), std::nullopt);
  EXPECT_TRUE(*repository_.IsAncestor(first, left));
  EXPECT_TRUE(*repository_.IsAncestor(left, left));
  EXPECT_FALSE(*repository_.IsAncestor(left, first));
  EXPECT_FALSE(*repository_.IsAncestor(stranger, left));
  EXPECT_EQ(repository_.MergeBase(left, kAbsentCommit).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(repository_.IsAncestor(kAbsentCommit, left).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(RepositoryTest, ObjectsBetweenAreWhatTheOtherSideLacks) {
  const TreeEntry kept = history_.File("kept/file", "kept");
  const CommitId first = history_.CommitOf({kept, history_.File("a", "1")}, {});
  const TreeEntry changed = history_.File("a", "2");
  const CommitId second = history_.CommitOf({kept, changed}, {first});
  const ObjectId tag = history_.Tag("v2", ToObjectId(second));
  EXPECT_THAT(*repository_.ObjectsBetween({{tag}}, {{ToObjectId(first), kAbsent}}),
              UnorderedElementsAre(tag, ToObjectId(second), TreeOf(second), changed.blob));
  EXPECT_THAT(*repository_.ObjectsBetween({{tag}}, {{ToObjectId(second)}}), ElementsAre(tag));
  EXPECT_THAT(*repository_.ObjectsBetween({{tag}}, {{tag}}), IsEmpty());
  EXPECT_THAT(*repository_.ObjectsBetween({{kept.blob}}, {}), ElementsAre(kept.blob));
  EXPECT_EQ(repository_.ObjectsBetween({{kAbsent}}, {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(RepositoryTest, ObjectsBetweenListEachObjectOfAHistoryOnce) {
  std::vector<ObjectId> all;
  std::vector<CommitId> parents;
  const TreeEntry kept = history_.File("kept/folder/file", "kept");
  for (int i = 0; i < 20; ++i) {
    const TreeEntry changed = history_.File("src/a", std::to_string(i));
    const CommitId commit = history_.CommitOf({kept, changed}, parents);
    parents = {commit};
    all.insert(all.end(), {changed.blob, ToObjectId(commit), TreeOf(commit),
                           history_.Tree({{"a", FileMode::kRegular, changed.blob}})});
  }
  all.push_back(kept.blob);
  all.push_back(history_.Tree({{"file", FileMode::kRegular, kept.blob}}));
  all.push_back(history_.Tree({{"folder/file", FileMode::kRegular, kept.blob}}));
  EXPECT_THAT(*repository_.ObjectsBetween({{ToObjectId(parents[0])}}, {}),
              UnorderedElementsAreArray(all));
}

TEST_P(RepositoryTest, HeadNamesABranchThatNeedNotExist) {
  EXPECT_EQ(*repository_.HeadBranch(), "refs/heads/main");
  EXPECT_EQ(repository_.Resolve("HEAD").status().code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(repository_.SetHeadBranch("refs/heads/trunk"), absl::OkStatus());
  EXPECT_EQ(*world_->Open()->HeadBranch(), "refs/heads/trunk");
  for (const char* name : {"trunk", "refs/tags/v1", "HEAD", "refs/heads/a..b"}) {
    EXPECT_EQ(repository_.SetHeadBranch(name).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  const CommitId commit = history_.CommitOf("1");
  history_.Point("refs/heads/trunk", ToObjectId(commit));
  EXPECT_EQ(*repository_.Resolve("HEAD"), commit);
}

}  // namespace
}  // namespace mreg::history
