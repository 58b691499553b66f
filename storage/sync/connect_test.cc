#include "storage/sync/connect.h"

#include <gtest/gtest.h>

namespace mreg::sync {
namespace {

TEST(RemoteUrl, OfAServer) {
  const auto url = ParseRemoteUrl("http://127.0.0.1:7878/acme/vad");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, Scheme::kHttp);
  EXPECT_EQ(url->base, "http://127.0.0.1:7878");
  EXPECT_EQ(url->repository.ToString(), "acme/vad");
  EXPECT_EQ(url->ToString(), "http://127.0.0.1:7878/acme/vad");
  EXPECT_EQ(ParseRemoteUrl("https://models.example.org/a/b/")->base, "https://models.example.org");
}

TEST(RemoteUrl, OfAFolder) {
  const auto url = ParseRemoteUrl("file:///srv/registry/acme/vad");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, Scheme::kFile);
  EXPECT_EQ(url->base, "/srv/registry");
  EXPECT_EQ(url->ToString(), "file:///srv/registry/acme/vad");
}

TEST(RemoteUrl, OthersAreRefused) {
  for (const char* url :
       {"", "acme/vad", "ftp://h/a/b", "http://", "http://h", "http://h/a", "http:///a/b",
        "file://a/b", "file:///a", "http://user:pw@h/a/b", "http://tok@h/a/b", "http://h/x/a/b",
        "http://h/a/b?c=d", "http://h/../b", "http://h /a/b", "https://h/a/.git"}) {
    EXPECT_FALSE(ParseRemoteUrl(url).ok()) << url;
  }
}

TEST(Connect, AFolderThatIsNoRegistryIsNotFound) {
  const auto url = *ParseRemoteUrl("file:///nonexistent/registry/acme/vad");
  EXPECT_TRUE(absl::IsNotFound(Connect(url, nullptr, CreateFolder::kNo).status()));
}

}  // namespace
}  // namespace mreg::sync
