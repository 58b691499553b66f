#include "storage/registry/derivation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace mreg::registry {
namespace {

using testing::IsEmpty;

constexpr char kA[] = "0123456789012345678901234567890123456789";
constexpr char kB[] = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";

TEST(DerivationTest, TrailersOfTheLastParagraphCount) {
  const Derivation derivation =
      ParseDerivation(fmt::format("tuned\n\nSigned-off-by: ada\nDerived-From: {} (google/bert@v1)\n"
                                  "Derived-From: {} (b)\nDerived-How: merge\n",
                                  kA, kB));
  ASSERT_EQ(derivation.sources.size(), 2);
  EXPECT_EQ(derivation.sources[0].commit.ToHex(), kA);
  EXPECT_EQ(derivation.sources[0].name, "google/bert@v1");
  EXPECT_EQ(derivation.sources[1].name, "b");
  EXPECT_EQ(derivation.how, "merge");
}

TEST(DerivationTest, WhatIsNoDeclarationCountsForNothing) {
  const std::string from = fmt::format("Derived-From: {} (a)\n", kA);
  for (const std::string& message :
       {std::string(), std::string("x"), from + "Derived-How: cast\n", "x\n\n" + from,
        "x\n\n" + from + "Derived-How: cast\n\nmore text\n",
        std::string("x\n\nDerived-From: HEAD (a)\nDerived-How: cast\n"),
        fmt::format("x\n\nDerived-From: {}0\nDerived-How: cast\n", kA),
        fmt::format("x\n\nDerived-From: {}\nDerived-How: cast\n", std::string(kA).substr(1))}) {
    EXPECT_THAT(ParseDerivation(message).sources, IsEmpty()) << message;
  }
}

TEST(DerivationTest, AHostileMessageIsBounded) {
  std::string message = "x\n\nDerived-How: " + std::string(1'000, 'h') + "\n";
  for (int i = 0; i < 1'000; ++i) {
    message += fmt::format("Derived-From: {:040x} ({})\n", i, std::string(1'000, 'n'));
  }
  const Derivation derivation = ParseDerivation(message);
  EXPECT_EQ(derivation.sources.size(), 64);
  EXPECT_EQ(derivation.sources[0].name.size(), 256);
  EXPECT_EQ(derivation.how.size(), 256);
}

}  // namespace
}  // namespace mreg::registry
