// A store whose disk and index fail when told to, for tests of its garbage collection.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "schema/base/faulty_file_system.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/fsck.h"
#include "storage/content/gc.h"
#include "storage/kv/memory_store.h"

namespace mreg::content {

// Commits so many batches and then, with the disk, nothing more: like a process that was killed.
class DyingIndex final : public kv::KeyValueStore {
 public:
  explicit DyingIndex(FaultyFileSystem& fs) : fs_(fs) {}
  void DieAfter(int commits) { left_ = commits; }

  absl::StatusOr<std::optional<Bytes>> Get(kv::Table table, ByteView key) const override {
    return base_->Get(table, key);
  }
  absl::StatusOr<std::vector<std::optional<Bytes>>> GetMany(
      kv::Table table, std::span<const ByteView> keys) const override {
    return base_->GetMany(table, keys);
  }
  absl::Status Scan(kv::Table table, ByteView prefix, ByteView after,
                    const kv::Visitor& visit) const override {
    return base_->Scan(table, prefix, after, visit);
  }
  absl::Status Commit(const kv::Batch& batch) override {
    if (left_ > 0) --left_;
    if (left_ != 0) return base_->Commit(batch);
    fs_.DieAfter(0);
    return absl::InternalError("died");
  }

 private:
  FaultyFileSystem& fs_;
  const std::unique_ptr<kv::KeyValueStore> base_ = kv::MakeMemoryStore();
  int left_ = -1;
};

class GcStore {
 public:
  // Files given as lists of pieces: each piece is a chunk. One ingest, so one pack.
  std::vector<ArtifactId> Put(const std::vector<std::vector<Bytes>>& files) {
    const auto ingest = store.BeginIngest(nullptr);
    std::vector<ArtifactId> ids;
    for (const auto& pieces : files) ids.push_back(PutInto(*ingest, pieces));
    EXPECT_TRUE(ingest->Finish().ok());
    return ids;
  }

  ArtifactId PutOne(const std::vector<Bytes>& pieces) { return Put({pieces}).front(); }

  absl::StatusOr<Bytes> Read(const ArtifactId& artifact) {
    MREG_ASSIGN_OR_RETURN(const auto recipe, store.FindRecipe(artifact));
    if (!recipe) return absl::NotFoundError("no recipe");
    struct Sink final : ByteSink {
      absl::Status Write(ByteView data) override {
        bytes.append(data);
        return absl::OkStatus();
      }
      Bytes bytes;
    } sink;
    MREG_RETURN_IF_ERROR(store.CopyVerified(*recipe, sink, nullptr));
    return sink.bytes;
  }

  absl::StatusOr<GcPlan> Plan(const absl::flat_hash_set<ArtifactId>& used) {
    return PlanGc(store, used, {later, std::chrono::hours(24)});
  }

  absl::StatusOr<GcOutcome> Collect(const absl::flat_hash_set<ArtifactId>& used) {
    MREG_ASSIGN_OR_RETURN(const GcPlan plan, Plan(used));
    NothingIsHeld guard;
    return ExecuteGc(store, plan, guard, nullptr);
  }

  std::set<ChunkId> Chunks() const {
    std::set<ChunkId> ids;
    EXPECT_TRUE(index
                    .Scan(kv::Table::kChunks, "", "",
                          [&](ByteView key, ByteView) {
                            ids.insert(*ChunkId::FromBytes(key));
                            return true;
                          })
                    .ok());
    return ids;
  }

  std::vector<std::string> Problems() const {
    return Fsck(store, FsckDepth::kContent, nullptr)->problems;
  }

  static std::string FreshDirectory() {
    std::string path = JoinPath(testing::TempDir(), "gc-XXXXXX");
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    return path;
  }

  static Bytes RandomBytes(size_t size, unsigned seed) {
    std::mt19937 random(seed);
    Bytes bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  }

  const std::string directory = FreshDirectory();
  FaultyFileSystem fs{PosixFileSystem()};
  DyingIndex index{fs};
  const std::unique_ptr<PackStore> packs = *OpenPackFolder(fs, directory);
  ContentStore store{index, *packs};
  const TimePoint now = SystemClock().Now();
  const TimePoint later = now + std::chrono::hours(48);  // when everything written now is old

 private:
  static ArtifactId PutInto(ChunkIngest& ingest, const std::vector<Bytes>& pieces) {
    Recipe recipe;
    Bytes whole;
    std::map<ChunkId, uint32_t> numbers;
    for (const Bytes& piece : pieces) {
      const auto id = IdOf<ChunkId>(piece);
      const auto length = static_cast<uint32_t>(piece.size());
      const auto [number, is_new] =
          numbers.emplace(id, static_cast<uint32_t>(recipe.chunks.size()));
      if (is_new) recipe.chunks.push_back({id, length, onnx::DataType{0}});
      recipe.spans.push_back({number->second, 0, length});
      EXPECT_TRUE(ingest.Add(Encode(id, piece)).ok());
      whole += piece;
    }
    recipe.artifact = IdOf<ArtifactId>(whole);
    recipe.size = whole.size();
    ingest.AddRecipe(recipe);
    return recipe.artifact;
  }
};

}  // namespace mreg::content
