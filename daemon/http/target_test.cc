#include "daemon/http/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Target, IsPathAndQueryDecoded) {
  const auto target = ParseTarget("/a%20b/c%2Fd?x=1&y=a+b%26&flag&&z=");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->raw_path, "/a%20b/c%2Fd");
  EXPECT_EQ(target->path, "/a b/c/d");
  EXPECT_THAT(target->query,
              ElementsAre(Pair("x", "1"), Pair("y", "a b&"), Pair("flag", ""), Pair("z", "")));
}

TEST(Target, TakesTheAbsoluteForm) {
  EXPECT_EQ(ParseTarget("http://host:80/a?b=c")->path, "/a");
  EXPECT_FALSE(ParseTarget("http://host").ok());
}

TEST(Target, RefusesWhatIsNoPath) {
  for (const char* target : {"", "*", "host:443", "a/b", "ftp://host/a", "?a=b", "/a#b"}) {
    EXPECT_EQ(ParseTarget(target).status().code(), absl::StatusCode::kInvalidArgument) << target;
  }
}

TEST(Target, RefusesBadEscapesAndNul) {
  for (const char* target : {"/%", "/%1", "/%zz", "/%00", "/a%2", "/%-1", "/?a=%00", "/?%g1=a"}) {
    EXPECT_FALSE(ParseTarget(target).ok()) << target;
  }
}

TEST(Target, RefusesDotSegmentsHoweverWritten) {
  for (const char* target : {"/.", "/..", "/a/../b", "/a/.", "/./a", "/%2e%2e/a", "/a/%2E./b",
                             "/a%2f..%2fb", "/a/..?x"}) {
    EXPECT_FALSE(ParseTarget(target).ok()) << target;
  }
  for (const char* target : {"/...", "/.git", "/a..b/c.", "/a?x=../.."}) {
    EXPECT_TRUE(ParseTarget(target).ok()) << target;
  }
}

TEST(Target, RefusesControlCharactersInThePath) {
  EXPECT_FALSE(ParseTarget("/a%0d%0aX-Header:1").ok());
  EXPECT_FALSE(ParseTarget("/a%7f").ok());
}

}  // namespace
}  // namespace mreg::http
