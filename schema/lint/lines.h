// What mreg-lint-onnx says, line by line: docs/formats/lint.md.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "schema/lint/lint.h"

namespace mreg::lint {

struct VersionLine {
  std::string libonnx;
};
using StageLine = Stage;
// The last one.
struct EndLine {
  Result result = Result::kPassed;
  std::string message;
};
using Line = std::variant<VersionLine, StageLine, EndLine>;

// With the end of the line. Texts are cut at kMaxMessageBytes, and what is not UTF-8 in them
// becomes U+FFFD.
std::string FormatLine(const Line& line);

// InvalidArgument for what is none.
absl::StatusOr<Line> ParseLine(std::string_view text);

}  // namespace mreg::lint
