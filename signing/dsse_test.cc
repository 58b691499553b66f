#include "signing/dsse.h"

#include <gtest/gtest.h>

#include "signing/statement.h"

namespace mreg::signing {
namespace {

// The example of DSSE's protocol.md.
TEST(Dsse, WhatIsSignedIsEncodedAsSpecified) {
  EXPECT_EQ(PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Dsse, AnEnvelopeComesBackAsItWas) {
  const Bytes payload("\x00\xff{}", 4);
  const auto envelope = ParseEnvelope(
      FormatEnvelope({std::string(kInTotoPayloadType), payload, {{"key", "\xfb\xff"}, {"", "s"}}}));
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(envelope->payload_type, kInTotoPayloadType);
  EXPECT_EQ(envelope->payload, payload);
  ASSERT_EQ(envelope->signatures.size(), 2u);
  EXPECT_EQ(envelope->signatures[0].key_id, "key");
  EXPECT_EQ(envelope->signatures[0].signature, "\xfb\xff");
  EXPECT_EQ(envelope->signatures[1].key_id, "");
}

TEST(Dsse, BothAlphabetsOfBase64AreRead) {
  for (const char* const sig : {"+/8=", "-_8=", "-_8"}) {
    const auto envelope =
        ParseEnvelope(std::string(R"({"payloadType":"t","payload":"","signatures")"
                                  R"(:[{"sig":")") +
                      sig + R"("}]})");
    ASSERT_TRUE(envelope.ok()) << sig << envelope.status();
    EXPECT_EQ(envelope->signatures[0].signature, "\xfb\xff") << sig;
  }
}

TEST(Dsse, WhatIsNoEnvelopeIsRefused) {
  for (const char* const wrong :
       {"", "[]", "{}", R"({"payloadType":"t","signatures":[{"sig":"AA=="}]})",
        R"({"payload":"","signatures":[{"sig":"AA=="}]})", R"({"payloadType":"t","payload":""})",
        R"({"payloadType":"t","payload":"","signatures":[]})",
        R"({"payloadType":"t","payload":"","signatures":[7]})",
        R"({"payloadType":"t","payload":"","signatures":[{"sig":""}]})",
        R"({"payloadType":"t","payload":"","signatures":[{"sig":"!"}]})",
        R"({"payloadType":"t","payload":"!","signatures":[{"sig":"AA=="}]})",
        R"({"payloadType":"t","payload":"","payload":"","signatures":[{"sig":"AA=="}]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseEnvelope(wrong).status())) << wrong;
  }
}

TEST(Dsse, AStatementDoesNotLookLikeAnEnvelope) {
  EXPECT_FALSE(LooksLikeEnvelope(R"({"_type":"https://in-toto.io/Statement/v1"})"));
  EXPECT_FALSE(LooksLikeEnvelope("payloadType"));
  EXPECT_TRUE(LooksLikeEnvelope(R"({"payloadType":7})"));
}

}  // namespace
}  // namespace mreg::signing
