// What tests of the content store do to one: put files, read them back, damage its packs.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "schema/base/faulty_file_system.h"
#include "storage/content/content_store.h"
#include "storage/content/store_fixture.h"
#include "storage/kv/memory_store.h"
#include "tests/models/memory_file.h"

namespace mreg::content {

struct CollectSink final : ByteSink {
  absl::Status Write(ByteView data) override {
    content.append(data);
    return absl::OkStatus();
  }
  Bytes content;
};

inline Bytes RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class ContentStoreTest : public testing::Test {
 protected:
  absl::StatusOr<PutResult> TryPut(const Bytes& content) {
    const auto ingest = store_.BeginIngest(nullptr);
    auto result = store_.PutFile(test_models::MemoryFile(content), {}, {}, *ingest, nullptr);
    if (!result.ok()) return result;
    if (auto status = ingest->Finish(); !status.ok()) return status;
    return result;
  }

  PutResult Put(const Bytes& content) {
    auto result = TryPut(content);
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  absl::StatusOr<Bytes> Read(const ArtifactId& artifact) {
    const auto recipe = store_.FindRecipe(artifact);
    if (!recipe.ok()) return recipe.status();
    if (!*recipe) return absl::NotFoundError("no recipe");
    CollectSink sink;
    if (auto status = store_.CopyVerified(**recipe, sink, nullptr); !status.ok()) return status;
    return sink.content;
  }

  void Enter(const Recipe& recipe) {
    kv::Batch batch;
    StageRecipe(recipe, batch);
    ASSERT_TRUE(index_->Commit(batch).ok());
  }

  std::string OnlyPack() {
    const PackId id = packs_->List()->front().id;
    return fmt::format("{}/packs/{}/{}.pack", directory_, id.ToHex().substr(0, 2), id.ToHex());
  }

  void Flip(const std::string& path, size_t at) {
    Bytes content = *ReadSmallFile(PosixFileSystem(), path, 1 << 30);
    content[at] = static_cast<char>(content[at] ^ 1);
    ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), path, content).ok());
  }

  const std::string directory_ = FreshDirectory();
  FaultyFileSystem fs_{PosixFileSystem()};
  const std::unique_ptr<kv::KeyValueStore> index_ = kv::MakeMemoryStore();
  const std::unique_ptr<PackStore> packs_ = *OpenPackFolder(fs_, directory_);
  ContentStore store_{*index_, *packs_};
};

}  // namespace mreg::content
