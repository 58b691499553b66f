#include "storage/history/test_worlds.h"

#include <chrono>
#include <cstdlib>

#include "schema/base/coding.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/kv/sqlite_store.h"

namespace mreg::history {
namespace {

class DirectoryWorld final : public World {
 public:
  DirectoryWorld() { EXPECT_EQ(InitDirectory(directory_), absl::OkStatus()); }

  std::unique_ptr<Repository> Open() override {
    auto opened = OpenDirectory(directory_);
    EXPECT_EQ(opened.status(), absl::OkStatus());
    return *std::move(opened);
  }

  void Damage(const ObjectId& id) override {
    const std::string hex = id.ToHex();
    const std::string path = directory_ + "/objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
    Bytes content = *ReadSmallFile(PosixFileSystem(), path, 1 << 20);
    content[content.size() / 2] ^= 0x10;
    ASSERT_EQ(WriteFileAtomically(PosixFileSystem(), path, content), absl::OkStatus());
  }

 private:
  const std::string directory_ = JoinPath(FreshDirectory(), ".mreg");
};

class StoredWorld final : public World {
 public:
  explicit StoredWorld(absl::StatusOr<std::unique_ptr<kv::KeyValueStore>> store)
      : store_(*std::move(store)) {}

  std::unique_ptr<Repository> Open() override {
    auto opened = OpenStored(*store_, kNumber, nullptr);
    EXPECT_EQ(opened.status(), absl::OkStatus());
    return *std::move(opened);
  }

  void Damage(const ObjectId& id) override {
    Bytes key;
    AppendU64Be(key, kNumber);
    key.append(id.bytes());
    Bytes row = **store_->Get(kv::Table::kObjects, key);
    row.back() ^= 0x10;
    kv::Batch batch;
    batch.Put(kv::Table::kObjects, key, row);
    ASSERT_EQ(store_->Commit(batch), absl::OkStatus());
  }

 private:
  static constexpr uint64_t kNumber = 7;
  const std::unique_ptr<kv::KeyValueStore> store_;
};

}  // namespace

std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "history-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

std::vector<WorldKind> AllWorlds() {
  return {
      {"directory", [] { return std::make_unique<DirectoryWorld>(); }},
      {"memory", [] { return std::make_unique<StoredWorld>(kv::MakeMemoryStore()); }},
      {"rocksdb", [] { return std::make_unique<StoredWorld>(kv::OpenRocksDb(FreshDirectory())); }},
      {"sqlite",
       [] {
         return std::make_unique<StoredWorld>(
             kv::OpenSqlite(JoinPath(FreshDirectory(), "index.sqlite")));
       }},
  };
}

ObjectId History::Blob(std::string_view text) {
  return *repository->WriteObject(ObjectType::kBlob, text);
}

TreeEntry History::File(std::string_view path, std::string_view text) {
  return {std::string(path), FileMode::kRegular, Blob(text)};
}

ObjectId History::Tree(const std::vector<TreeEntry>& files) {
  const auto tree = repository->WriteTree(files);
  EXPECT_EQ(tree.status(), absl::OkStatus());
  return *tree;
}

CommitId History::CommitOf(const std::vector<TreeEntry>& files,
                           const std::vector<CommitId>& parents) {
  const Signature who = {"Alice", "alice@example.org", ++now_, 120};
  const auto commit = repository->WriteCommit({.id = {},
                                               .tree = Tree(files),
                                               .parents = parents,
                                               .author = who,
                                               .committer = who,
                                               .message = "change\n"});
  EXPECT_EQ(commit.status(), absl::OkStatus());
  return *commit;
}

ObjectId History::Tag(std::string_view name, const ObjectId& target) {
  return *repository->WriteTag(
      {target, std::string(name), {"Alice", "alice@example.org", ++now_, 0}, "tag\n"});
}

void History::Point(const std::string& name, const ObjectId& target) {
  const ReferenceMove move = {name, *repository->references().Read(name), target};
  ASSERT_EQ(repository->references().Move({&move, 1}, kAnyRecord), absl::OkStatus());
}

}  // namespace mreg::history
