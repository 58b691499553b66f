// A model's card: what README.md says of it, in a front matter of YAML and in its text.
// Keys and license ids: https://huggingface.co/docs/hub/model-cards; docs/formats/card.md.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::formats {

inline constexpr size_t kMaxCardBytes = 1 << 20;
inline constexpr size_t kMaxFrontMatterBytes = 64 << 10;
inline constexpr size_t kMaxCardText = 256;     // bytes of a text of the front matter
inline constexpr size_t kMaxCardTitle = 256;    // bytes
inline constexpr size_t kMaxCardSummary = 600;  // bytes
inline constexpr size_t kMaxCardList = 512;     // texts of a list, and results
inline constexpr size_t kMaxCardProblems = 20;

// One measurement of model-index.
struct CardResult {
  std::string task;     // its id, else its name
  std::string dataset;  // its name, else its id
  std::string metric;   // its name, else its id
  std::string value;    // as it is written
  bool operator==(const CardResult&) const = default;
};

// What is not said is empty. Texts are single lines without control characters, otherwise as they
// are written.
struct Card {
  std::string license;       // an id: "apache-2.0"
  std::string license_name;  // where license is "other"
  std::string task;          // pipeline_tag
  std::string library_name;
  std::vector<std::string> tags;
  std::vector<std::string> datasets;
  std::vector<std::string> metrics;
  std::vector<std::string> languages;
  std::vector<std::string> base_models;
  std::string base_model_relation;  // "finetune", "quantized", ...
  std::vector<CardResult> results;
  std::string title;    // the first heading of the text; cut after kMaxCardTitle
  std::string summary;  // its first paragraph; cut after kMaxCardSummary
  // What is wrong with the front matter, for people: what a problem is about is left out of the
  // card. Front matter that is no YAML is one problem.
  std::vector<std::string> problems;
  bool operator==(const Card&) const = default;
};

// InvalidArgument for more than kMaxCardBytes; whatever else is wrong is a problem.
absl::StatusOr<Card> ParseCard(ByteView readme);

}  // namespace mreg::formats
