#include "cli/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(CardText, HasALineForEachThingSaid) {
  formats::Card card;
  EXPECT_EQ(FormatCard(card), "");
  card.title = "Voice";
  EXPECT_EQ(FormatCard(card), "");
  card.license = "other";
  card.license_name = "acme-1";
  card.task = "audio-classification";
  card.tags = {"onnx", "audio"};
  card.base_models = {"acme/base"};
  card.base_model_relation = "quantized";
  EXPECT_EQ(FormatCard(card),
            "License:  other (acme-1)\n"
            "Task:     audio-classification\n"
            "Tags:     onnx, audio\n"
            "Base:     acme/base (quantized)\n");
}

TEST(CardText, CountsWhatWouldFillTheScreenAndEscapesTheRest) {
  formats::Card card;
  card.license =
      "a\xc2\x9b"
      "31m";
  card.tags.assign(15, "x");
  EXPECT_THAT(FormatCard(card), HasSubstr("x, x and 3 more\n"));
  EXPECT_THAT(FormatCard(card), Not(HasSubstr("\xc2\x9b")));
}

}  // namespace
}  // namespace mreg::cli
