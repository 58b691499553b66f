#include "storage/content/file_assembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "schema/base/sha256.h"
#include "storage/content/chunk_receiver.h"
#include "storage/content/store_fixture.h"
#include "tests/models/memory_file.h"
#include "tests/models/wire_builder.h"

namespace mreg::content {
namespace {

struct Store : TestStore {
  Recipe Put(const Bytes& file) {
    const auto ingest = content.BeginIngest(nullptr);
    const auto put = content.PutFile(test_models::MemoryFile(file), {}, {}, *ingest, nullptr);
    EXPECT_TRUE(put.ok() && ingest->Finish().ok());
    return **content.FindRecipe(put->artifact);
  }
};

// Files in memory, some of which do not take everything.
class Outputs final : public FileOutputs {
 public:
  class File final : public RandomAccessFile {
   public:
    explicit File(uint64_t limit) : limit_(limit) {}
    absl::Status WriteAt(uint64_t offset, ByteView data) override {
      const std::lock_guard lock(mutex_);
      if (offset + data.size() > limit_) return absl::ResourceExhaustedError("full");
      bytes_.resize(std::max<size_t>(bytes_.size(), offset + data.size()));
      std::copy(data.begin(), data.end(), bytes_.begin() + static_cast<ptrdiff_t>(offset));
      return absl::OkStatus();
    }
    absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
      const std::lock_guard lock(mutex_);
      return bytes_.copy(buffer.data(), buffer.size(), offset);
    }
    absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }
    const Bytes& bytes() const { return bytes_; }

   private:
    const uint64_t limit_;
    mutable std::mutex mutex_;
    Bytes bytes_;
  };

  std::unique_ptr<RandomAccessFile> Open(const ArtifactId&, uint64_t) override {
    return wanted ? std::make_unique<File>(limit) : nullptr;
  }
  void Accept(const ArtifactId& artifact, std::unique_ptr<RandomAccessFile> file) override {
    files[artifact] = static_cast<File&>(*file).bytes();
  }

  bool wanted = true;
  uint64_t limit = UINT64_MAX;  // bytes
  std::map<ArtifactId, Bytes> files;
};

class FileAssemblerTest : public testing::Test {
 protected:
  // Tensors with small parts between them, some of which are equal.
  static Bytes Model(unsigned seed) {
    std::mt19937 random(seed);
    test_models::Message graph;
    for (int i = 0; i < 6; ++i) {
      Bytes weights(i == 3 ? 700'000 : 400'000, '\0');
      if (i % 4 != 2) {
        for (char& byte : weights) byte = static_cast<char>(random());
      }
      graph.Sub(5, test_models::RawTensor("t" + std::to_string(i), 1, weights.size() / 4, weights));
    }
    return test_models::ModelWith(graph).bytes();
  }

  std::vector<ChunkId> ChunksOf(const Recipe& recipe) const {
    std::vector<ChunkId> ids;
    for (const RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
    return ids;
  }

  Bytes Stream(const std::vector<ChunkId>& ids) {
    const auto sender = *ChunkSender::Open(from_.content, ids, {});
    Bytes stream(*sender->length() + 1, '\0');
    stream.resize(*sender->Read(stream));
    return stream;
  }

  absl::Status Receive(FileAssembler& assembler, ByteView stream) {
    ChunkReceiver receiver(to_.content, assembler);
    const absl::Status status = receiver.Write(stream);
    const absl::Status finished = receiver.Finish();
    return status.ok() ? finished : status;
  }

  Store from_, to_;
  Outputs outputs_;
  FileAssembler assembler_{to_.content, outputs_};
};

TEST_F(FileAssemblerTest, AFileIsWholeWhenItsChunksHaveArrivedInAnyOrder) {
  const Bytes file = Model(1);
  const Recipe recipe = from_.Put(file);
  std::vector<ChunkId> ids = ChunksOf(recipe);
  for (unsigned round = 0; round < 8; ++round) {
    Outputs outputs;
    Store to;
    FileAssembler assembler(to.content, outputs);
    assembler.Expect(ids);
    assembler.Add(recipe);
    ChunkReceiver receiver(to.content, assembler);
    ASSERT_TRUE(receiver.Write(Stream(ids)).ok());
    ASSERT_TRUE(receiver.Finish().ok());
    EXPECT_EQ(assembler.Finish(), std::vector{recipe.artifact});
    EXPECT_EQ(outputs.files[recipe.artifact], file);
    std::shuffle(ids.begin(), ids.end(), std::mt19937(round));
  }
}

TEST_F(FileAssemblerTest, ChunksThatWereHereAreTakenFromTheStore) {
  const Bytes file = Model(2);
  const Recipe recipe = from_.Put(file);
  const std::vector<ChunkId> ids = ChunksOf(recipe);
  std::vector<ChunkId> first, second;
  for (size_t i = 0; i < ids.size(); ++i) (i % 3 == 0 ? first : second).push_back(ids[i]);
  ChunkReceiver before(to_.content, nullptr, nullptr);
  ASSERT_TRUE(before.Write(Stream(first)).ok() && before.Finish().ok());
  assembler_.Expect(second);
  assembler_.Add(recipe);
  ASSERT_TRUE(Receive(assembler_, Stream(second)).ok());
  EXPECT_EQ(assembler_.Finish(), std::vector{recipe.artifact});
  EXPECT_EQ(outputs_.files[recipe.artifact], file);
}

TEST_F(FileAssemblerTest, ACutStreamIsGoneOnWith) {
  const Bytes file = Model(3);
  const Recipe recipe = from_.Put(file);
  const Bytes stream = Stream(ChunksOf(recipe));
  assembler_.Expect(ChunksOf(recipe));
  assembler_.Add(recipe);
  EXPECT_FALSE(Receive(assembler_, ByteView(stream).substr(0, stream.size() / 2)).ok());
  const auto missing = *to_.content.Missing(ChunksOf(recipe));
  ASSERT_FALSE(missing.empty());
  assembler_.Expect(missing);
  ASSERT_TRUE(Receive(assembler_, Stream(missing)).ok());
  EXPECT_EQ(assembler_.Finish(), std::vector{recipe.artifact});
  EXPECT_EQ(outputs_.files[recipe.artifact], file);
}

TEST_F(FileAssemblerTest, SeveralFilesShareChunks) {
  Bytes file = Model(4), other = Model(4);
  other.append(test_models::Message().Text(2, "another producer").bytes());
  const Recipe recipe = from_.Put(file), second = from_.Put(other);
  std::vector<ChunkId> ids = ChunksOf(recipe);
  for (const ChunkId& id : ChunksOf(second)) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  assembler_.Expect(ids);
  assembler_.Add(recipe);
  assembler_.Add(second);
  ASSERT_TRUE(Receive(assembler_, Stream(ids)).ok());
  EXPECT_EQ(assembler_.Finish().size(), 2u);
  EXPECT_EQ(outputs_.files[recipe.artifact], file);
  EXPECT_EQ(outputs_.files[second.artifact], other);
}

TEST_F(FileAssemblerTest, AWrongRecipeOrAFullDiskGivesNoFile) {
  const Recipe recipe = from_.Put(Model(5));
  Recipe wrong = recipe;
  std::swap(wrong.spans[1], wrong.spans[3]);
  outputs_.limit = recipe.size - 1;
  assembler_.Expect(ChunksOf(recipe));
  assembler_.Add(recipe);
  outputs_.limit = UINT64_MAX;
  assembler_.Add(wrong);
  ASSERT_TRUE(Receive(assembler_, Stream(ChunksOf(recipe))).ok());
  EXPECT_TRUE(assembler_.Finish().empty());
  EXPECT_TRUE(outputs_.files.empty());
}

// Whoever sends a chunk twice, once falsely, gets nothing into a file.
TEST_F(FileAssemblerTest, OnlyWhatWasHashedIsInAFile) {
  const Bytes file = Model(6);
  const Recipe recipe = from_.Put(file);
  for (const auto& chunk : recipe.chunks) {
    Outputs outputs;
    FileAssembler assembler(to_.content, outputs);
    assembler.Expect(ChunksOf(recipe));
    assembler.Add(recipe);
    for (const ChunkId& id : ChunksOf(recipe)) {
      const Bytes plain = *from_.content.Get(id);
      const Bytes other(plain.size(), 'x');
      const bool falsely = id == chunk.id && assembler.Write(id, other);
      const bool written = assembler.Write(id, plain);
      EXPECT_EQ(assembler.Hash(id, plain, written), id.bytes());
      if (falsely) {
        EXPECT_EQ(assembler.Hash(id, other, true), Sha256Of(other));
      }
      assembler.Write(id, other);
    }
    EXPECT_TRUE(assembler.Finish().empty());
    EXPECT_TRUE(outputs.files.empty());
  }
}

// Its recipe would be taken for proved, and give another file when it is copied from the store.
TEST_F(FileAssemblerTest, AFileWithAChunkThatIsNotWhatItsIdSaysIsNotAccepted) {
  Recipe recipe = from_.Put(Model(8));
  const std::vector<ChunkId> ids = ChunksOf(recipe);
  const ChunkId false_id = IdOf<ChunkId>("something else");
  recipe.chunks[1].id = false_id;
  assembler_.Expect(ChunksOf(recipe));
  assembler_.Add(recipe);
  for (size_t i = 0; i < ids.size(); ++i) {
    const Bytes plain = *from_.content.Get(ids[i]);
    const ChunkId& id = recipe.chunks[i].id;
    EXPECT_EQ(assembler_.Hash(id, plain, assembler_.Write(id, plain)), ids[i].bytes());
  }
  EXPECT_TRUE(assembler_.Finish().empty());
  EXPECT_TRUE(outputs_.files.empty());
}

TEST_F(FileAssemblerTest, WhatIsSmallKnownOrNotWantedIsLeftAlone) {
  const Recipe small = from_.Put(Bytes(100'000, 's')), recipe = from_.Put(Model(7));
  std::vector<ChunkId> few = ChunksOf(recipe);
  few.resize(1);
  assembler_.Expect(ChunksOf(small));
  assembler_.Add(small);
  assembler_.Expect(few);
  assembler_.Add(recipe);
  assembler_.Expect(ChunksOf(recipe));
  outputs_.wanted = false;
  assembler_.Add(recipe);
  ASSERT_TRUE(Receive(assembler_, Stream(ChunksOf(recipe))).ok());
  EXPECT_TRUE(assembler_.Finish().empty());
}

}  // namespace
}  // namespace mreg::content
