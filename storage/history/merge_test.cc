#include "storage/history/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "schema/base/sha256.h"
#include "storage/history/lfs_pointer.h"
#include "storage/history/test_worlds.h"
#include "storage/kv/memory_store.h"

namespace mreg::history {
namespace {

using Files = std::map<std::string, std::string>;

std::string Pointer(std::string_view content) {
  return FormatLfsPointer({IdOf<ArtifactId>(content), content.size()});
}

struct Case {
  std::string name;
  Files base, ours, theirs, merged;
  std::map<std::string, ConflictKind> conflicts = {};
  friend void PrintTo(const Case& given, std::ostream* out) { *out << given.name; }
};

class MergeTest : public testing::TestWithParam<Case> {
 protected:
  std::vector<TreeEntry> Entries(const Files& files) {
    std::vector<TreeEntry> entries;
    for (const auto& [path, text] : files) entries.push_back(history_.File(path, text));
    return entries;
  }

  const std::unique_ptr<kv::KeyValueStore> store_ = kv::MakeMemoryStore();
  History history_{*OpenStored(*store_, 1, nullptr)};
};

TEST_P(MergeTest, GivesWhatTheTableSays) {
  const Case& given = GetParam();
  const auto result = MergeFiles(*history_.repository, Entries(given.base), Entries(given.ours),
                                 Entries(given.theirs));
  ASSERT_EQ(result.status(), absl::OkStatus());
  EXPECT_EQ(result->files, Entries(given.merged));
  std::map<std::string, ConflictKind> conflicts;
  for (const MergeConflict& conflict : result->conflicts) {
    conflicts.emplace(conflict.path, conflict.kind);
  }
  EXPECT_EQ(conflicts, given.conflicts);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MergeTest,
    testing::Values(
        Case{"Nothing", {}, {}, {}, {}},
        Case{"Unchanged", {{"a", "1"}}, {{"a", "1"}}, {{"a", "1"}}, {{"a", "1"}}},
        Case{"OursChanged", {{"a", "1"}}, {{"a", "2"}}, {{"a", "1"}}, {{"a", "2"}}},
        Case{"TheirsChanged", {{"a", "1"}}, {{"a", "1"}}, {{"a", "2"}}, {{"a", "2"}}},
        Case{"BothAlike", {{"a", "1"}}, {{"a", "2"}}, {{"a", "2"}}, {{"a", "2"}}},
        Case{"OneAddedEach", {}, {{"a", "1"}}, {{"b", "1"}}, {{"a", "1"}, {"b", "1"}}},
        Case{"BothAddedAlike", {}, {{"a", "1"}}, {{"a", "1"}}, {{"a", "1"}}},
        Case{"BothAdded", {}, {{"a", "1"}}, {{"a", "2"}}, {}, {{"a", ConflictKind::kBothAdded}}},
        Case{"OursRemoved", {{"a", "1"}}, {}, {{"a", "1"}}, {}},
        Case{"TheirsRemoved", {{"a", "1"}}, {{"a", "1"}}, {}, {}},
        Case{"BothRemoved", {{"a", "1"}}, {}, {}, {}},
        Case{"ChangedAndRemoved",
             {{"a", "1"}, {"b", "1"}},
             {{"a", "2"}},
             {{"b", "2"}},
             {},
             {{"a", ConflictKind::kChangedAndRemoved}, {"b", ConflictKind::kChangedAndRemoved}}},
        Case{"LinesApart",
             {{"a", "1\n2\n3\n4\n5\n"}},
             {{"a", "one\n2\n3\n4\n5\n"}},
             {{"a", "1\n2\n3\n4\nfive\n"}},
             {{"a", "one\n2\n3\n4\nfive\n"}}},
        Case{"LinesAlike",
             {{"a", "1\n2\n"}},
             {{"a", "one\n2\n"}},
             {{"a", "uno\n2\n"}},
             {},
             {{"a", ConflictKind::kBothChanged}}},
        Case{"PointersAreNeverMixed",
             {{"m", Pointer("1")}},
             {{"m", Pointer("2")}},
             {{"m", Pointer("3 longer")}},
             {},
             {{"m", ConflictKind::kBothChanged}}},
        Case{"APointerThatOneSideChanged",
             {{"m", Pointer("1")}},
             {{"m", Pointer("1")}},
             {{"m", Pointer("2")}},
             {{"m", Pointer("2")}}},
        Case{"TextThatBecameAPointer",
             {{"m", "1\n2\n3\n"}},
             {{"m", "1\n2\nthree\n"}},
             {{"m", Pointer("1")}},
             {},
             {{"m", ConflictKind::kBothChanged}}},
        Case{"Binary",
             {{"b", std::string("1\n2\n3\n\0", 7)}},
             {{"b", std::string("x\n2\n3\n\0", 7)}},
             {{"b", std::string("1\n2\ny\n\0", 7)}},
             {},
             {{"b", ConflictKind::kBothChanged}}},
        Case{"FileAndFolder",
             {},
             {{"a", "1"}, {"a.b", "1"}},
             {{"a/x", "1"}},
             {{"a.b", "1"}, {"a/x", "1"}},
             {{"a", ConflictKind::kFileAndFolder}}},
        Case{"FileBecameFolder", {{"a", "1"}}, {{"a", "1"}}, {{"a/x", "1"}}, {{"a/x", "1"}}}),
    [](const auto& param) { return param.param.name; });

TEST_F(MergeTest, AModeAndAContentChangedApartAreBothTaken) {
  const TreeEntry base = history_.File("a", "1");
  TreeEntry ours = base;
  ours.mode = FileMode::kExecutable;
  const TreeEntry theirs = history_.File("a", "2");
  const auto result = MergeFiles(*history_.repository, {base}, {ours}, {theirs});
  EXPECT_THAT(result->files,
              testing::ElementsAre(TreeEntry{"a", FileMode::kExecutable, theirs.blob}));
}

TEST_F(MergeTest, AFileThatIsMissingIsAnError) {
  const ObjectId absent = *ObjectId::FromHex(std::string(40, 'a'));
  const auto result = MergeFiles(*history_.repository, {history_.File("a", "1")},
                                 {history_.File("a", "2")}, {{"a", FileMode::kRegular, absent}});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MergeTest, TheMergedTextIsWritten) {
  const auto result =
      MergeFiles(*history_.repository, {history_.File("a", "1\n2\n3\n")},
                 {history_.File("a", "0\n1\n2\n3\n")}, {history_.File("a", "1\n2\n3\n4\n")});
  ASSERT_EQ(result->files.size(), 1u);
  EXPECT_EQ(history_.repository->ReadObject(result->files[0].blob)->data, "0\n1\n2\n3\n4\n");
}

}  // namespace
}  // namespace mreg::history
