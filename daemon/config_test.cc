#include "daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/status.h"

namespace mreg::daemon {
namespace {

TEST(Config, SetsWhatTheFileNamesAndLeavesTheRest) {
  Config config;
  ASSERT_TRUE(ApplyToml(R"(
    data = "/srv/registry"
    listen = ["0.0.0.0:80", "[::]:80"]
    anonymous_read = false
    [limits]
    max_connections = 7
    header_timeout_seconds = 3
    [tls]
    certificate_chain = "/etc/c.pem"
    private_key = "/etc/k.pem"
  )",
                        config)
                  .ok());
  EXPECT_EQ(config.data, "/srv/registry");
  EXPECT_THAT(config.listen, testing::ElementsAre("0.0.0.0:80", "[::]:80"));
  EXPECT_EQ(config.anonymous_read, registry::AnonymousRead::kForbidden);
  EXPECT_EQ(config.limits.max_connections, 7u);
  EXPECT_EQ(config.limits.header_timeout, std::chrono::seconds(3));
  EXPECT_EQ(config.limits.max_connections_per_address, http::Limits().max_connections_per_address);
  EXPECT_EQ(config.tls->private_key, "/etc/k.pem");
}

TEST(Config, QuotasAreForAllNamespacesAndForSome) {
  Config config;
  ASSERT_TRUE(ApplyToml(R"(
    quota.default_bytes = 1_000
    [quota.namespaces]
    acme = 5_000
    "a.b" = 0
  )",
                        config)
                  .ok());
  EXPECT_EQ(config.quotas.Of("other"), 1'000u);
  EXPECT_EQ(config.quotas.Of("acme"), 5'000u);
  EXPECT_EQ(config.quotas.Of("a.b"), 0u);
  EXPECT_EQ(Config().quotas.Of("acme"), std::nullopt);
}

TEST(Config, TheLintCanBeLimitedAndTurnedOff) {
  Config config;
  EXPECT_TRUE(config.has_lint);
  EXPECT_EQ(config.lint.niceness, 19);
  ASSERT_TRUE(
      ApplyToml("[lint]\nenabled = false\nseconds = 5\nmemory_bytes = 536_870_912\n", config).ok());
  EXPECT_FALSE(config.has_lint);
  EXPECT_EQ(config.lint.seconds, 5);
  EXPECT_EQ(config.lint.memory, uint64_t{512} << 20);
  for (const char* wrong : {"lint.enabled = 1", "lint.seconds = 0", "lint.memory_bytes = 1000"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ApplyToml(wrong, config))) << wrong;
  }
}

TEST(Config, ContentRulesAreForAllNamespacesAndForSome) {
  using registry::ContentRule;
  Config config;
  EXPECT_TRUE(config.content.Refuses("acme", ContentRule::kUnknownBinary));
  EXPECT_FALSE(config.content.Refuses("acme", ContentRule::kCustomDomains));
  EXPECT_TRUE(config.content.Refuses("acme", ContentRule::kExternalEscape));
  EXPECT_FALSE(config.content.Refuses("acme", ContentRule::kEpContext));
  ASSERT_TRUE(ApplyToml(R"(
    [content]
    custom_domains = "refuse"
    [content.namespaces.acme]
    unknown_binary = "allow"
    [content.namespaces."a.b"]
    custom_domains = "allow"
  )",
                        config)
                  .ok());
  EXPECT_FALSE(config.content.Refuses("acme", ContentRule::kUnknownBinary));
  EXPECT_TRUE(config.content.Refuses("acme", ContentRule::kCustomDomains));
  EXPECT_FALSE(config.content.Refuses("a.b", ContentRule::kCustomDomains));
  EXPECT_TRUE(config.content.Refuses("a.b", ContentRule::kUnknownBinary));
}

TEST(Config, MistakesAreNamedWithTheirLine) {
  const auto message = [](const std::string& text) {
    Config config;
    return std::string(MessageOf(ApplyToml(text, config)));
  };
  EXPECT_EQ(message("\nanonymous_raed = true"), "line 2: unknown setting anonymous_raed");
  EXPECT_EQ(message("data = 7"), "line 1: data cannot have this value");
  EXPECT_EQ(message("[limits]\nmax_connections = 0"),
            "line 2: limits.max_connections cannot have this value");
  EXPECT_EQ(message("content.unknown_binary = true"),
            "line 1: content.unknown_binary cannot have this value");
  EXPECT_EQ(message("content.pickles = 'allow'"), "line 1: unknown setting content.pickles");
  EXPECT_EQ(message("[quota.namespaces]\nacme = -1"),
            "line 2: quota.namespaces.acme cannot have this value");
  EXPECT_EQ(message("listen = []"), "line 1: listen cannot have this value");
  EXPECT_THAT(message("data = "), testing::StartsWith("line 1: "));
}

}  // namespace
}  // namespace mreg::daemon
