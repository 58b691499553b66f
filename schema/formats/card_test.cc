#include "schema/formats/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "schema/base/status.h"

namespace mreg::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Card Parse(const std::string& readme) {
  const auto card = ParseCard(readme);
  EXPECT_TRUE(card.ok()) << MessageOf(card.status());
  return card.ok() ? *card : Card();
}

Card FrontMatter(const std::string& yaml) { return Parse("---\n" + yaml + "\n---\n# Title\n"); }

void ExpectProblem(const std::string& yaml, const std::string& problem) {
  const Card card = FrontMatter(yaml);
  EXPECT_THAT(card.problems, ElementsAre(HasSubstr(problem))) << yaml.substr(0, 200);
  EXPECT_EQ(card.title, "Title");
}

std::string Repeat(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Card, HasWhatTheFrontMatterSays) {
  const Card card = Parse(R"(---
license: other
license_name: acme-1
language: [en, no]
pipeline_tag: voice-activity-detection
library_name: onnx
tags:
- onnx
- 2024
datasets: acme/speech
metrics: [f1, wer]
base_model:
- acme/base
base_model_relation: quantized
widget: [{src: a.wav}]
---

# Voice detector

Tells speech
from noise.

More.
)");
  EXPECT_EQ(card.license, "other");
  EXPECT_EQ(card.license_name, "acme-1");
  EXPECT_THAT(card.languages, ElementsAre("en", "no"));
  EXPECT_EQ(card.task, "voice-activity-detection");
  EXPECT_EQ(card.library_name, "onnx");
  EXPECT_THAT(card.tags, ElementsAre("onnx", "2024"));
  EXPECT_THAT(card.datasets, ElementsAre("acme/speech"));
  EXPECT_THAT(card.metrics, ElementsAre("f1", "wer"));
  EXPECT_THAT(card.base_models, ElementsAre("acme/base"));
  EXPECT_EQ(card.base_model_relation, "quantized");
  EXPECT_EQ(card.title, "Voice detector");
  EXPECT_EQ(card.summary, "Tells speech from noise.");
  EXPECT_THAT(card.problems, IsEmpty());
}

TEST(Card, HasTheResultsOfTheModelIndex) {
  const Card card = FrontMatter(R"(
model-index:
- name: vad
  results:
  - task: {type: vad, name: Voice}
    dataset: {type: acme/speech, name: Speech (test)}
    metrics:
    - {type: f1, name: F1 score, value: 0.930}
    - {type: wer, value: 12.1}
  - metrics: [{type: loss, value: 1e-3}])");
  EXPECT_THAT(card.results, ElementsAre(CardResult{"vad", "Speech (test)", "F1 score", "0.930"},
                                        CardResult{"vad", "Speech (test)", "wer", "12.1"},
                                        CardResult{"", "", "loss", "1e-3"}));
  EXPECT_THAT(card.problems, IsEmpty());
}

TEST(Card, IsWholeWithoutFrontMatter) {
  const Card card = Parse("Voice detector\n==============\nTells speech from noise.\n");
  Card expected;
  expected.title = "Voice detector";
  expected.summary = "Tells speech from noise.";
  EXPECT_EQ(card, expected);
  EXPECT_EQ(Parse(""), Card());
  EXPECT_EQ(Parse("---\nlicense: mit\n").license, "");  // a rule: it is never closed
  EXPECT_EQ(FrontMatter("").problems, Card().problems);
  EXPECT_EQ(FrontMatter("license:\ntags: []\nlanguage: [~]\nmodel-index:"), FrontMatter("# empty"));
}

TEST(Card, TakesWindowsLineEndsAndAByteOrderMark) {
  const Card card = Parse("\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n# Title\r\n\r\nText.\r\n");
  EXPECT_EQ(card.license, "mit");
  EXPECT_EQ(card.title, "Title");
  EXPECT_EQ(card.summary, "Text.");
}

TEST(Card, TellsWhatIsWrong) {
  ExpectProblem("license: {name: mit}", "license: is a map, not a text");
  ExpectProblem("license: [mit, gpl]", "license: is a list, not a text");
  ExpectProblem("license: MIT", "license: MIT is written mit");
  ExpectProblem("license: acme", "license: acme is no known id");
  ExpectProblem("tags: {a: b}", "tags: is a map, not a list");
  ExpectProblem("tags: [[a, b], c]", "tags: is a list, not a text");
  ExpectProblem("library_name: " + std::string(257, 'x'), "longer than 256 bytes");
  ExpectProblem("license: mit\nlicense: isc\nlicense: gpl", "license: stands more than once");
  ExpectProblem("- license", "the front matter is a list");
  ExpectProblem("license: mit\ntags: [", "line ");
  ExpectProblem("license: mit\n\tb: c", "no YAML");
  ExpectProblem("? [a]\n: b", "line 2: a key that is no text");
  ExpectProblem("a: b\n--- c", "more than one document");
  ExpectProblem("model-index: {a: b}", "model-index: is a map");
  ExpectProblem("model-index: [a]", "model-index: something has no list of results");
  ExpectProblem("model-index: [{results: [{metrics: [{type: f1}]}]}]", "no value");
  ExpectProblem("a: \"\\ud800\"", "no YAML");
}

TEST(Card, KeepsWhatIsRightBesideWhatIsWrong) {
  const Card card = FrontMatter("license: {}\ntags: [a, [b, c], d]\nlibrary_name: onnx");
  EXPECT_THAT(card.tags, ElementsAre("a", "d"));
  EXPECT_EQ(card.library_name, "onnx");
  EXPECT_THAT(card.problems, SizeIs(2));
}

TEST(Card, HasLimits) {
  const Card card = FrontMatter("tags: [" + Repeat("x,", 600) + "]");
  EXPECT_THAT(card.tags, SizeIs(kMaxCardList));
  EXPECT_THAT(card.problems, ElementsAre("tags: has more than 512 texts"));
  EXPECT_THAT(FrontMatter("tags: [" + Repeat("[],", 600) + "]").problems, SizeIs(kMaxCardProblems));
  ExpectProblem("tags: [" + Repeat("x,", kMaxFrontMatterBytes / 2) + "]", "more than 64 KiB");
  EXPECT_TRUE(absl::IsInvalidArgument(ParseCard(std::string(kMaxCardBytes + 1, 'x')).status()));
  const Card wide = Parse("# " + Repeat("\u00e9", 300) + "\n\n" + Repeat("\u00e9", 1000));
  EXPECT_EQ(wide.title, Repeat("\u00e9", 126) + "...");
  EXPECT_EQ(wide.summary, Repeat("\u00e9", 298) + "...");
}

TEST(Card, NeverExpandsAliases) {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + ", " + last + "]\n";
  }
  ExpectProblem(bomb + "tags: *a29", "line 3: an alias");
  ExpectProblem("a: &a [*a]", "an alias");
  EXPECT_EQ(FrontMatter("license: &l mit").license, "mit");
}

TEST(Card, RefusesDeepNesting) {
  constexpr size_t kMost = kMaxFrontMatterBytes - 100;
  ExpectProblem(std::string(kMost, '['), "line 2: ");
  ExpectProblem(std::string(kMost, '{'), "line 2: ");
  ExpectProblem(Repeat("- ", kMost / 2), "too deep");
  ExpectProblem(Repeat("? ", kMost / 2), "no text");
  ExpectProblem("a: " + std::string(20, '[') + std::string(20, ']'), "too deep");
}

TEST(Card, HasNoControlCharacters) {
  const Card card =
      FrontMatter("license_name: \"\\e[31m a\\n\\0b \"\ntags: [\"\\x07\", \"a\\tb\"]");
  EXPECT_EQ(card.license_name, "[31m a b");
  EXPECT_THAT(card.tags, ElementsAre("a b"));
  EXPECT_EQ(Parse("# a\x1b[31mb\n").title, "a [31mb");
}

TEST(CardBody, PassesOverWhatIsNoHeadingAndNoParagraph) {
  const Card card = Parse(R"(<p align="center">
  <img src="logo.png">
</p>

<!-- a note
# not a heading

-->
[![badge](b.svg)](https://example.org)

```sh
# not a heading either
```
- an item
  that goes on

> said

| a | b |

    code

***
## Title with C# ##
The `first` paragraph
goes on.
- an item
)");
  EXPECT_EQ(card.title, "Title with C#");
  EXPECT_EQ(card.summary, "The `first` paragraph goes on.");
}

TEST(CardBody, MayBeWithoutHeadingOrParagraph) {
  EXPECT_EQ(Parse("just text").title, "");
  EXPECT_EQ(Parse("just text").summary, "just text");
  EXPECT_EQ(Parse("# just a title").summary, "");
  EXPECT_EQ(Parse("#hashtag").title, "");
  EXPECT_EQ(Parse("```\nnever closed\n# x\n").title, "");
}

}  // namespace
}  // namespace mreg::formats
