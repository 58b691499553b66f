#include "storage/registry/names.h"

#include <gtest/gtest.h>

namespace mreg::registry {
namespace {

TEST(RepositoryName, HasANamespaceAndAName) {
  const auto name = RepositoryName::Parse("acme/vad-v5.1_x");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->space(), "acme");
  EXPECT_EQ(name->name(), "vad-v5.1_x");
  EXPECT_EQ(name->ToString(), "acme/vad-v5.1_x");
}

TEST(RepositoryName, OthersAreRefused) {
  for (const char* text : {"", "acme", "/", "acme/", "/vad", "a/b/c", "../x", "a/..", ".a/b",
                           "a/.b", "a/b.git", "a/b.", "a b/c", "a/b\n", "a/-b", "a/x..y", "ä/b"}) {
    EXPECT_FALSE(RepositoryName::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(RepositoryName::Parse("a/" + std::string(97, 'b')).ok());
}

}  // namespace
}  // namespace mreg::registry
