// What a person types for a version: a name, and steps from it to an ancestor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mreg::history {

// `parent` 1 is the first; 0 stays at the commit, `times` over.
struct RevisionStep {
  uint64_t parent = 1;
  uint64_t times = 1;
  friend bool operator==(const RevisionStep&, const RevisionStep&) = default;
};

struct Revision {
  std::string base;
  std::vector<RevisionStep> steps;
};

// Of git's grammar only a base followed by any number of ~N and ^N: the rest of it (":/text",
// "@{yesterday}", "^{/text}") searches, which a stranger's request must not make a server do.
// InvalidArgument for anything else.
absl::StatusOr<Revision> ParseRevision(std::string_view text);

}  // namespace mreg::history
