// A runner's work: answers requests that come line by line.
#pragma once

#include <functional>
#include <istream>
#include <string_view>

#include "cli/runner/ort_library.h"

namespace mreg::runner {

// Takes one line.
using Answerer = std::function<void(std::string_view line)>;

// Until `requests` ends.
void Serve(OrtLibrary& library, std::istream& requests, const Answerer& answer);

}  // namespace mreg::runner
