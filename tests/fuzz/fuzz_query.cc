// Any text as a query: it is understood or refused, and what is understood is within its limits
// and has no term but in lower case.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "storage/catalog/query.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckTerm(const std::string& term) {
  const size_t colon = term.find(':');
  Require(colon != std::string::npos && colon > 0 && colon + 1 < term.size());
  for (const char c : term) Require(c < 'A' || c > 'Z');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = mreg::catalog::ParseQuery(text);
  if (!query.ok()) return 0;
  for (const auto& condition : query->terms) {
    Require(!condition.terms.empty());
    for (const auto& term : condition.terms) CheckTerm(term);
  }
  for (const auto& condition : query->numbers) {
    Require(!condition.intervals.empty());
    for (const auto& interval : condition.intervals) Require(interval.least >= 0);
  }
  for (const auto& condition : query->texts) {
    Require(!condition.phrase.empty() && condition.phrase.find('"') == std::string::npos);
  }
  return 0;
}
