// One user's machine, for tests of pushing and pulling.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "schema/base/sha256.h"
#include "storage/history/lfs_pointer.h"
#include "storage/kv/memory_store.h"
#include "storage/registry/registry.h"
#include "storage/sync/transfer.h"
#include "tests/models/memory_file.h"

namespace mreg::sync {

inline std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "remote-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

inline Bytes RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// One user's machine: a history and a store.
class Site {
 public:
  CommitId Commit(const std::map<std::string, Bytes>& files, std::vector<CommitId> parents = {}) {
    std::vector<history::TreeEntry> entries;
    const auto ingest = content.BeginIngest(nullptr);
    for (const auto& [path, bytes] : files) {
      Bytes blob = bytes;
      if (!registry::IsText(bytes)) {
        std::vector<content::ExternalRange> tensors;
        if (path.ends_with(".f32")) tensors.push_back({"w", 1, 0, bytes.size()});
        const auto put =
            *content.PutFile(test_models::MemoryFile(bytes), tensors, alike, *ingest, nullptr);
        alike.push_back(put.artifact);
        blob = history::FormatLfsPointer({put.artifact, put.size});
      }
      entries.push_back({path, history::FileMode::kRegular,
                         *history->WriteObject(history::ObjectType::kBlob, blob)});
    }
    EXPECT_TRUE(ingest->Finish().ok());
    history::Commit draft;
    draft.tree = *history->WriteTree(entries);
    draft.parents = std::move(parents);
    draft.author = draft.committer = {"A", "a@example.org", seconds, 0};
    draft.message = message;
    const auto commit = history->WriteCommit(draft);
    EXPECT_TRUE(commit.ok()) << commit.status();
    EXPECT_TRUE(history->Flush().ok());
    return *commit;
  }

  absl::StatusOr<PushOutcome> PushTo(Remote& remote, const CommitId& commit,
                                     const std::string& reference = "refs/heads/main",
                                     Force force = Force::kNo) {
    const PushItem item{reference, ToObjectId(commit)};
    return sync::Push(*history, content, remote, {&item, 1}, force, DryRun::kNo, "push", nullptr);
  }

  // What a client sends that checks nothing itself: a new branch main, and all its objects.
  v1::PushRequest UncheckedPush(const CommitId& commit, std::span<const ObjectId> ids) {
    v1::PushRequest request;
    for (const ObjectId& id : ids) {
      const auto object = *history->ReadObject(id);
      auto& sent = *request.add_objects();
      sent.set_type(static_cast<uint32_t>(object.type));
      sent.set_data(object.data);
    }
    auto& move = *request.add_moves();
    move.set_name("refs/heads/main");
    move.set_to(std::string(commit.bytes()));
    return request;
  }

  absl::StatusOr<Bytes> Read(const ArtifactId& artifact) {
    const auto recipe = content.FindRecipe(artifact);
    if (!recipe.ok()) return recipe.status();
    if (!*recipe) return absl::NotFoundError("not fetched");
    struct Sink final : ByteSink {
      absl::Status Write(ByteView data) override {
        bytes.append(data);
        return absl::OkStatus();
      }
      Bytes bytes;
    } sink;
    if (auto status = content.CopyVerified(**recipe, sink, nullptr); !status.ok()) return status;
    return sink.bytes;
  }

  std::string message = "a version\n";  // of the commits that follow
  int64_t seconds = 1'700'000'000;      // when they are made, since 1970
  std::vector<ArtifactId> alike;        // what new files may be like
  const std::unique_ptr<kv::KeyValueStore> index = kv::MakeMemoryStore();
  const std::unique_ptr<content::PackStore> packs =
      *content::OpenPackFolder(PosixFileSystem(), FreshDirectory());
  content::ContentStore content{*index, *packs};
  const std::unique_ptr<kv::KeyValueStore> objects = kv::MakeMemoryStore();
  const std::unique_ptr<history::Repository> history =
      *history::OpenStored(*objects, 1, [](auto, auto&, auto&) { return absl::OkStatus(); });
};

}  // namespace mreg::sync
