#include "storage/content/recipe.h"

#include <gtest/gtest.h>

#include "mreg/v1/recipe.pb.h"
#include "schema/base/sha256.h"

namespace mreg::content {
namespace {

Recipe TwoChunks() {
  Recipe recipe;
  recipe.artifact = IdOf<ArtifactId>("abcdeab");
  recipe.size = 7;
  recipe.chunks = {{IdOf<ChunkId>("abc"), 3, 1}, {IdOf<ChunkId>("de"), 2, 0}};
  recipe.spans = {{0, 0, 3}, {1, 0, 2}, {0, 0, 2}};
  return recipe;
}

TEST(Recipe, RoundTrips) {
  const Recipe recipe = TwoChunks();
  const auto parsed = ParseRecipe(SerializeRecipe(recipe));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->artifact, recipe.artifact);
  EXPECT_EQ(parsed->chunks[0].type, 1);
  EXPECT_EQ(parsed->spans[2].length, 2u);
}

TEST(Recipe, OfAnEmptyFileHasNoSpans) {
  Recipe recipe;
  recipe.artifact = IdOf<ArtifactId>("");
  EXPECT_TRUE(ParseRecipe(SerializeRecipe(recipe)).ok());
}

TEST(Recipe, WhatDoesNotAddUpIsRefused) {
  const auto refused = [](const auto& change) {
    v1::Recipe proto = ToProto(TwoChunks());
    change(proto);
    return FromProto(proto).status().code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_FALSE(refused([](v1::Recipe&) {}));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_size(8); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_artifact("short"); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.mutable_chunk_ids()->pop_back(); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_span_chunks(0, 2); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_span_offsets(0, 1); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_span_offsets(0, ~0u); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_span_lengths(0, 0); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.add_span_lengths(1); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_chunk_lengths(0, 0); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.set_chunk_lengths(0, ~0u); }));
  EXPECT_TRUE(refused([](v1::Recipe& r) { r.clear_chunk_types(); }));
}

TEST(Recipe, GarbageIsRefused) { EXPECT_FALSE(ParseRecipe("\xff\xff\xff").ok()); }

}  // namespace
}  // namespace mreg::content
