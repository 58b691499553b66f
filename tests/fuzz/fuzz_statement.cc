// Any bytes as a statement and as an envelope: each is taken or refused. What is taken keeps its
// limits, and an envelope that is written again is the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "signing/dsse.h"
#include "signing/statement.h"

namespace {

namespace signing = mreg::signing;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckStatement(std::string_view json) {
  const auto statement = signing::ParseStatement(json);
  if (!statement.ok()) return;
  Require(!statement->subjects.empty() && statement->subjects.size() <= 4'096);
  for (const auto& subject : statement->subjects) {
    Require(!subject.name.empty() && subject.sha256.size() == 64);
    for (const char c : subject.sha256) Require((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
  for (const char c : statement->predicate_type) Require(c > ' ' && c < 0x7f);
  Require(statement->test.has_value() == (statement->predicate_type == signing::kTestResultType));
}

void CheckEnvelope(std::string_view json) {
  const auto envelope = signing::ParseEnvelope(json);
  if (!envelope.ok()) return;
  Require(signing::LooksLikeEnvelope(json));
  CheckStatement(envelope->payload);
  const auto again = signing::ParseEnvelope(signing::FormatEnvelope(*envelope));
  Require(again.ok() && again->payload_type == envelope->payload_type &&
          again->payload == envelope->payload &&
          again->signatures.size() == envelope->signatures.size());
  for (size_t i = 0; i < again->signatures.size(); ++i) {
    Require(again->signatures[i].key_id == envelope->signatures[i].key_id);
    Require(again->signatures[i].signature == envelope->signatures[i].signature);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckStatement(text);
  CheckEnvelope(text);
  return 0;
}
