#include "signing/dsse.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "schema/base/base64.h"
#include "schema/base/status.h"
#include "signing/strict_json.h"

namespace mreg::signing {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostSignatures = 64;

absl::Status Wrong(std::string_view reason) {
  return absl::InvalidArgumentError(fmt::format("no DSSE envelope: {}", reason));
}

// Both alphabets, as verifiers have to take them.
std::optional<Bytes> DecodeEither(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  return Base64Decode(text);
}

absl::StatusOr<std::vector<EnvelopeSignature>> ReadSignatures(const Json& document) {
  const auto list = document.find("signatures");
  if (list == document.end() || !list->is_array() || list->empty()) {
    return Wrong("it has no signature");
  }
  if (list->size() > kMostSignatures) {
    return Wrong(fmt::format("it has more than {} signatures", kMostSignatures));
  }
  std::vector<EnvelopeSignature> signatures;
  for (const Json& one : *list) {
    const std::string* const text = FindText(one, "sig");
    auto signature = text == nullptr ? std::nullopt : DecodeEither(*text);
    if (!signature || signature->empty()) return Wrong("a signature is no base64, or empty");
    const std::string* const key_id = FindText(one, "keyid");
    signatures.push_back({key_id == nullptr ? "" : *key_id, *std::move(signature)});
  }
  return signatures;
}

}  // namespace

bool LooksLikeEnvelope(ByteView document) {
  const auto parsed = ParseStrictJson(document);
  return parsed.ok() && parsed->is_object() && parsed->contains("payloadType");
}

absl::StatusOr<Envelope> ParseEnvelope(ByteView json) {
  const auto document = ParseStrictJson(json);
  if (!document.ok()) return Wrong(MessageOf(document.status()));
  const std::string* const type = FindText(*document, "payloadType");
  const std::string* const text = FindText(*document, "payload");
  if (type == nullptr || text == nullptr) return Wrong("it has no payload with a type");
  auto payload = DecodeEither(*text);
  if (!payload) return Wrong("its payload is no base64");
  Envelope envelope{*type, *std::move(payload), {}};
  MREG_ASSIGN_OR_RETURN(envelope.signatures, ReadSignatures(*document));
  return envelope;
}

std::string FormatEnvelope(const Envelope& envelope) {
  Json signatures = Json::array();
  for (const EnvelopeSignature& one : envelope.signatures) {
    signatures.push_back({{"keyid", one.key_id}, {"sig", Base64Encode(one.signature)}});
  }
  return Json{{"payloadType", envelope.payload_type},
              {"payload", Base64Encode(envelope.payload)},
              {"signatures", std::move(signatures)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Bytes PreAuthenticationEncoding(std::string_view payload_type, ByteView payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payload_type.size(), payload_type, payload.size(),
                     payload);
}

}  // namespace mreg::signing
