// What people type to search. The language: docs/formats/catalog.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mreg::catalog {

// What is counted of an entry.
enum class Number : uint8_t { kSize, kOpset, kIr, kParameters, kNodes };
inline constexpr int kNumbers = 5;

enum class Sort : uint8_t { kRelevance, kUpdated, kSize, kParameters };

// From `least` to `most`, both included; none if `least` is greater.
struct Interval {
  int64_t least;
  int64_t most;
};

// An entry that has any of these terms; or, negated, none.
struct TermCondition {
  std::vector<std::string> terms;  // "op:conv"
  bool is_negated = false;
};

// An entry whose number is known and in any of these; or, negated, any other.
struct NumberCondition {
  Number number;
  std::vector<Interval> intervals;
  bool is_negated = false;
};

// An entry whose texts have these words one behind the other; or, negated, have not.
struct TextCondition {
  std::string phrase;
  bool is_negated = false;
};

// All conditions hold.
struct Query {
  std::vector<TermCondition> terms;
  std::vector<NumberCondition> numbers;
  std::vector<TextCondition> texts;
  bool has_all_versions = false;  // else the latest of each repository only
  Sort sort = Sort::kRelevance;
};

// InvalidArgument names the item that is wrong and what would be right. At most 4,096 bytes, 64
// items, 256 values and 32 words of text. Work and memory are linear in the text.
absl::StatusOr<Query> ParseQuery(std::string_view text);

// How a term is written everywhere: "key:value" in lower case, as ASCII has it.
std::string TermOf(std::string_view key, std::string_view value);

}  // namespace mreg::catalog
