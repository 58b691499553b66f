// Any bytes as a card: its texts stay single lines within their limits.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "schema/formats/card.h"

namespace {

using mreg::formats::Card;

void CheckLine(const std::string& text, size_t most) {
  if (text.size() > most) std::abort();
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) std::abort();
  }
}

void CheckList(const std::vector<std::string>& texts, size_t most) {
  if (texts.size() > most) std::abort();
  for (const std::string& text : texts) CheckLine(text, mreg::formats::kMaxCardText);
}

void Check(std::string_view readme) {
  const auto card = mreg::formats::ParseCard(readme);
  if (!card.ok()) std::abort();
  for (const auto* text : {&card->license, &card->license_name, &card->task, &card->library_name,
                           &card->base_model_relation}) {
    CheckLine(*text, mreg::formats::kMaxCardText);
  }
  for (const auto* list :
       {&card->tags, &card->datasets, &card->metrics, &card->languages, &card->base_models}) {
    CheckList(*list, mreg::formats::kMaxCardList);
  }
  if (card->results.size() > mreg::formats::kMaxCardList) std::abort();
  CheckLine(card->title, mreg::formats::kMaxCardTitle);
  CheckLine(card->summary, mreg::formats::kMaxCardSummary);
  if (card->problems.size() > mreg::formats::kMaxCardProblems) std::abort();
  for (const std::string& problem : card->problems) CheckLine(problem, 1024);
}

}  // namespace

// Each input is tried as a card, and as the front matter of one.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  if (size > mreg::formats::kMaxFrontMatterBytes) return 0;
  Check(input);
  Check("---\n" + input + "\n---\n# Title\n");
  return 0;
}
