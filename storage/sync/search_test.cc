#include "storage/sync/search.h"

#include <gtest/gtest.h>

#include "schema/base/sha256.h"
#include "schema/base/status.h"

namespace mreg::sync {
namespace {

registry::Findings SomeFindings() {
  registry::Findings findings;
  catalog::Hit hit;
  hit.repository = "acme/vad";
  hit.summary.commit = *CommitId::FromHex("00112233445566778899aabbccddeeff00112233");
  hit.summary.path = "a \"b\".onnx";
  hit.summary.model = IdOf<ArtifactId>("x");
  hit.summary.time = TimePoint(std::chrono::milliseconds(1'795'473'711'000));
  hit.summary.numbers[catalog::Number::kOpset] = 17;
  hit.summary.dtype = "float16";
  findings.result.hits = {hit, {"acme/empty", {}}};
  findings.result.total = 41;
  findings.result.facets = {{"dtype", {{"float16", 40}, {"int8", 1}}}};
  findings.result.next = "0.7";
  findings.behind = 3;
  return findings;
}

TEST(Findings, ComeBackFromJsonAsTheyWere) {
  const registry::Findings sent = SomeFindings();
  const auto got = FindingsFromJson(FindingsToJson(sent));
  ASSERT_TRUE(got.ok()) << MessageOf(got.status());
  ASSERT_EQ(got->result.hits.size(), 2u);
  const catalog::Summary& summary = got->result.hits[0].summary;
  EXPECT_EQ(got->result.hits[0].repository, "acme/vad");
  EXPECT_EQ(summary.commit, sent.result.hits[0].summary.commit);
  EXPECT_EQ(summary.path, "a \"b\".onnx");
  EXPECT_EQ(summary.model, sent.result.hits[0].summary.model);
  EXPECT_EQ(summary.time, sent.result.hits[0].summary.time);
  EXPECT_EQ(summary.numbers[catalog::Number::kOpset], 17);
  EXPECT_EQ(summary.numbers[catalog::Number::kSize], catalog::kUnknown);
  EXPECT_EQ(summary.dtype, "float16");
  EXPECT_FALSE(got->result.hits[1].summary.model.has_value());
  EXPECT_EQ(got->result.total, 41u);
  ASSERT_EQ(got->result.facets.size(), 1u);
  EXPECT_EQ(got->result.facets[0].values[0].entries, 40u);
  EXPECT_EQ(got->result.next, "0.7");
  EXPECT_EQ(got->behind, 3u);
}

TEST(Findings, WhatIsNoAnswerIsRefused) {
  for (const char* const wrong : {"", "[]", "{}", "{\"hits\":7}", "null", "{\"hits\":[{}]}"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(FindingsFromJson(wrong).status())) << wrong;
  }
  std::string cut = FindingsToJson(SomeFindings());
  cut.pop_back();
  EXPECT_FALSE(FindingsFromJson(cut).ok());
}

}  // namespace
}  // namespace mreg::sync
