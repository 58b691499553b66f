#include "signing/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/hex.h"
#include "schema/base/status.h"
#include "signing/strict_json.h"

namespace mreg::signing {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostSubjects = 4'096;
constexpr size_t kLongestType = 512;

absl::Status Wrong(std::string_view reason) {
  return absl::InvalidArgumentError(fmt::format("no in-toto statement: {}", reason));
}

bool IsSha256(const std::string& text) {
  constexpr size_t kDigestBytes = 32;
  const auto bytes = HexDecode(text);  // lower case only
  return bytes && bytes->size() == kDigestBytes;
}

bool IsHttpsUri(const std::string& text) {
  constexpr std::string_view kScheme = "https://";
  const bool is_printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
  return is_printable && text.starts_with(kScheme) && text.size() > kScheme.size() &&
         text.size() <= kLongestType;
}

absl::StatusOr<std::vector<Subject>> ReadSubjects(const Json& document) {
  const auto list = document.find("subject");
  if (list == document.end() || !list->is_array() || list->empty()) {
    return Wrong("it has no subject");
  }
  if (list->size() > kMostSubjects) {
    return Wrong(fmt::format("it has more than {} subjects", kMostSubjects));
  }
  std::vector<Subject> subjects;
  for (const Json& one : *list) {
    const std::string* const name = FindText(one, "name");
    const auto digest = one.is_object() ? one.find("digest") : one.end();
    const std::string* const sha256 =
        one.is_object() && digest != one.end() ? FindText(*digest, "sha256") : nullptr;
    if (name == nullptr || name->empty()) return Wrong("a subject has no name");
    if (sha256 == nullptr || !IsSha256(*sha256)) {
      return Wrong("a subject has no digest sha256 of 64 lower-case digits");
    }
    subjects.push_back({*name, *sha256});
  }
  return subjects;
}

// "" if the predicate tells of none.
std::string TargetOf(const Json& predicate) {
  const auto configuration = predicate.find("configuration");
  if (configuration == predicate.end() || !configuration->is_array()) return "";
  for (const Json& descriptor : *configuration) {
    const std::string* const name = FindText(descriptor, "name");
    if (name == nullptr || *name != "target") continue;
    const auto annotations = descriptor.find("annotations");
    if (annotations == descriptor.end()) continue;
    if (const std::string* const profile = FindText(*annotations, "profile")) return *profile;
  }
  return "";
}

absl::StatusOr<TestResult> ReadTestResult(const Json& predicate) {
  const std::string* const result = FindText(predicate, "result");
  if (result == nullptr || (*result != "PASSED" && *result != "WARNED" && *result != "FAILED")) {
    return Wrong("the test's result is none of PASSED, WARNED and FAILED");
  }
  return TestResult{*result, TargetOf(predicate)};
}

}  // namespace

absl::StatusOr<Statement> ParseStatement(ByteView json) {
  const auto document = ParseStrictJson(json);
  if (!document.ok()) return Wrong(MessageOf(document.status()));
  const std::string* const type = FindText(*document, "_type");
  if (type == nullptr || *type != kStatementType) {
    return Wrong(fmt::format("its _type is not {}", kStatementType));
  }
  Statement statement;
  MREG_ASSIGN_OR_RETURN(statement.subjects, ReadSubjects(*document));
  const std::string* const predicate_type = FindText(*document, "predicateType");
  if (predicate_type == nullptr || !IsHttpsUri(*predicate_type)) {
    return Wrong("its predicateType is no https URI");
  }
  statement.predicate_type = *predicate_type;
  const auto predicate = document->find("predicate");
  if (predicate == document->end() || !predicate->is_object()) return Wrong("it has no predicate");
  if (statement.predicate_type == kTestResultType) {
    MREG_ASSIGN_OR_RETURN(statement.test, ReadTestResult(*predicate));
  }
  return statement;
}

}  // namespace mreg::signing
