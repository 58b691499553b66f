#include "storage/content/file_prover.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "schema/base/sha256.h"
#include "storage/content/chunk_receiver.h"
#include "storage/content/store_fixture.h"
#include "tests/models/memory_file.h"
#include "tests/models/wire_builder.h"

namespace mreg::content {
namespace {

class FileProverTest : public testing::Test {
 protected:
  // Tensors with small parts between them, some of which are equal.
  static Bytes Model(unsigned seed, size_t tensor_bytes = 400'000) {
    std::mt19937 random(seed);
    test_models::Message graph;
    for (int i = 0; i < 6; ++i) {
      Bytes weights(tensor_bytes, '\0');
      if (i % 4 != 2) {
        for (char& byte : weights) byte = static_cast<char>(random());
      }
      graph.Sub(5, test_models::RawTensor("t" + std::to_string(i), 1, weights.size() / 4, weights));
    }
    return test_models::ModelWith(graph).bytes();
  }

  Recipe Put(const Bytes& file) {
    const auto ingest = from_.content.BeginIngest(nullptr);
    const auto put = from_.content.PutFile(test_models::MemoryFile(file), {}, {}, *ingest, nullptr);
    EXPECT_TRUE(put.ok() && ingest->Finish().ok());
    return **from_.content.FindRecipe(put->artifact);
  }

  static std::vector<ChunkId> ChunksOf(const std::vector<Recipe>& recipes) {
    std::vector<ChunkId> ids;
    for (const Recipe& recipe : recipes) {
      for (const RecipeChunk& chunk : recipe.chunks) {
        if (std::ranges::find(ids, chunk.id) == ids.end()) ids.push_back(chunk.id);
      }
    }
    return ids;
  }

  std::unique_ptr<FileProver> Expect(const std::vector<Recipe>& files,
                                     const std::vector<ChunkId>& ids) {
    proved_.clear();
    return std::make_unique<FileProver>(
        to_.content, files, ids, [this](const Recipe& recipe) { proved_.insert(recipe.artifact); });
  }

  void Send(const std::vector<ChunkId>& ids, std::unique_ptr<FileProver> prover) {
    const auto sender = *ChunkSender::Open(from_.content, ids, {});
    Bytes stream(*sender->length() + 1, '\0');
    stream.resize(*sender->Read(stream));
    ChunkReceiver receiver(to_.content, nullptr, nullptr, nullptr, std::move(prover));
    ASSERT_TRUE(receiver.Write(stream).ok());
    ASSERT_TRUE(receiver.Finish().ok());
  }

  bool IsProved(const Recipe& recipe) const { return proved_.contains(recipe.artifact); }

  TestStore from_, to_;
  std::set<ArtifactId> proved_;
};

TEST_F(FileProverTest, AFileIsProvedInWhateverOrderItsChunksCome) {
  const Recipe recipe = Put(Model(1));
  std::vector<ChunkId> ids = ChunksOf({recipe});
  for (unsigned round = 0; round < 8; ++round) {
    Send(ids, Expect({recipe}, ids));
    EXPECT_TRUE(IsProved(recipe)) << round;
    std::shuffle(ids.begin(), ids.end(), std::mt19937(round));
  }
}

TEST_F(FileProverTest, ChunksThatWereHereAreTakenFromTheStore) {
  const Recipe recipe = Put(Model(2));
  std::vector<ChunkId> first, second;
  const std::vector<ChunkId> ids = ChunksOf({recipe});
  for (size_t i = 0; i < ids.size(); ++i) (i % 3 == 0 ? first : second).push_back(ids[i]);
  Send(first, nullptr);
  Send(second, Expect({recipe}, second));
  EXPECT_TRUE(IsProved(recipe));
}

TEST_F(FileProverTest, SeveralFilesShareChunks) {
  const Bytes file = Model(3);
  const Recipe one = Put(file);
  const Recipe other = Put(file + test_models::Message().Text(2, "another producer").bytes());
  Send(ChunksOf({one, other}), Expect({one, other}, ChunksOf({one, other})));
  EXPECT_TRUE(IsProved(one));
  EXPECT_TRUE(IsProved(other));
}

TEST_F(FileProverTest, WhatComesTooFarOutOfOrderIsLeftAlone) {
  const Recipe large = Put(Model(4, 6'000'000)), small = Put(Model(5));
  std::vector<ChunkId> ids = ChunksOf({large});
  std::ranges::reverse(ids);
  for (const ChunkId& id : ChunksOf({small})) {
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  Send(ids, Expect({large, small}, ids));
  EXPECT_FALSE(IsProved(large));
  EXPECT_TRUE(IsProved(small));
}

TEST_F(FileProverTest, WhatIsMostlyHereIsLeftAlone) {
  const Recipe recipe = Put(Model(6));
  const std::vector<ChunkId> ids = ChunksOf({recipe});
  Send({ids.begin() + 2, ids.end()}, nullptr);
  Send({ids.begin(), ids.begin() + 2}, Expect({recipe}, {ids.begin(), ids.begin() + 2}));
  EXPECT_FALSE(IsProved(recipe));
}

TEST_F(FileProverTest, AFalseRecipeIsNotProved) {
  const Recipe recipe = Put(Model(7));
  const std::vector<ChunkId> ids = ChunksOf({recipe});
  Recipe other_order = recipe;
  std::swap(other_order.spans[1], other_order.spans[3]);
  Recipe other_file = recipe;
  other_file.artifact = IdOf<ArtifactId>("another file");
  Recipe other_length = recipe;
  ++other_length.chunks[1].length;
  Recipe incomplete = recipe;
  incomplete.spans.pop_back();
  for (const Recipe& wrong : {other_order, other_file, other_length, incomplete}) {
    Send(ids, Expect({wrong}, ids));
    EXPECT_TRUE(proved_.empty());
  }
}

// Whoever sends one thing and names another gets nothing proved.
TEST_F(FileProverTest, AChunkThatIsNotWhatItsIdSaysProvesNothing) {
  Recipe recipe = Put(Model(8));
  const std::vector<ChunkId> ids = ChunksOf({recipe});
  for (size_t wrong = 0; wrong < ids.size(); ++wrong) {
    Recipe falsely = recipe;
    falsely.chunks[wrong].id = IdOf<ChunkId>("something else");
    const std::vector<ChunkId> named = ChunksOf({falsely});
    const auto prover = Expect({falsely}, named);
    for (size_t i = 0; i < ids.size(); ++i) {
      const Bytes plain = *from_.content.Get(ids[i]);
      EXPECT_EQ(prover->Hash(named[i], plain, true), ids[i].bytes());
    }
    EXPECT_TRUE(proved_.empty());
  }
}

TEST_F(FileProverTest, AChunkThatCameAgainAndFalselyChangesNothing) {
  const Recipe recipe = Put(Model(9));
  const std::vector<ChunkId> ids = ChunksOf({recipe});
  const auto prover = Expect({recipe}, ids);
  for (const ChunkId& id : ids) {
    const Bytes plain = *from_.content.Get(id);
    EXPECT_EQ(prover->Hash(id, plain, true), id.bytes());
    const Bytes other(plain.size(), 'x');
    EXPECT_EQ(prover->Hash(id, other, true), Sha256Of(other));
  }
  EXPECT_TRUE(IsProved(recipe));
}

}  // namespace
}  // namespace mreg::content
