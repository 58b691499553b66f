// A content store for tests, in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "storage/content/content_store.h"
#include "storage/kv/memory_store.h"

namespace mreg::content {

inline std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "store-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

struct TestStore {
  const std::unique_ptr<kv::KeyValueStore> index = kv::MakeMemoryStore();
  const std::string directory = FreshDirectory();
  const std::unique_ptr<PackStore> packs = *OpenPackFolder(PosixFileSystem(), directory);
  ContentStore content{*index, *packs};
};

}  // namespace mreg::content
