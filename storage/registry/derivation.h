// What a commit's message declares that the version was made from: docs/formats/derivation.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/base/ids.h"

namespace mreg::registry {

struct Derivation {
  struct Source {
    CommitId commit;
    std::string name;  // as it was given; "" where it is not
  };
  std::vector<Source> sources;  // at most 64, each once
  std::string how;
};

// Trailers that are not as they should be count for nothing; names and ways of more than 256 bytes
// are cut. Without a way there are no sources.
Derivation ParseDerivation(std::string_view message);

}  // namespace mreg::registry
