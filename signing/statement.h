// Statements as in-toto has them: what somebody says of files, by their digests.
// Source: in-toto Statement v1; test-result predicate v0.1. Specification of what mreg makes of
// them: docs/formats/attestation.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::signing {

inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kTestResultType =
    "https://in-toto.io/attestation/test-result/v0.1";

struct Subject {
  std::string name;
  std::string sha256;  // 64 lower-case hexadecimal digits
};

// What a predicate of the type kTestResultType says.
struct TestResult {
  std::string result;  // "PASSED", "WARNED", "FAILED"
  // annotations.profile of the configuration's descriptor "target": mreg's own; "": not told.
  std::string target;
};

struct Statement {
  std::vector<Subject> subjects;  // at least one
  std::string predicate_type;     // an https URI
  std::optional<TestResult> test;
};

// InvalidArgument with the reason for what is no Statement v1: JSON that not everybody reads alike
// (a member twice, more than 64 deep, bytes that are not UTF-8), no subject or more than 4,096 of
// them, one without a name or a SHA-256, a predicate type that is no https URI of printable ASCII
// of at most 512 bytes, no predicate, and a test result that says no result. Members that are not
// known are passed over. Says nothing of who made it.
absl::StatusOr<Statement> ParseStatement(ByteView json);

}  // namespace mreg::signing
