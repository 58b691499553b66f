// Envelopes that carry a document with signatures over its bytes. Source: DSSE 1.0.2, protocol and
// envelope.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::signing {

// Of in-toto statements.
inline constexpr std::string_view kInTotoPayloadType = "application/vnd.in-toto+json";

struct EnvelopeSignature {
  std::string key_id;  // a hint, which proves nothing; may be empty
  Bytes signature;
};

struct Envelope {
  std::string payload_type;
  Bytes payload;
  std::vector<EnvelopeSignature> signatures;  // at least one
};

// Whether `document` wants to be an envelope: a JSON object that has a payloadType.
bool LooksLikeEnvelope(ByteView document);

// InvalidArgument with the reason for what is no envelope: as ParseStatement about the JSON, no
// signature or more than 64 of them, an empty one, base64 of no alphabet. Verifies nothing.
absl::StatusOr<Envelope> ParseEnvelope(ByteView json);

// With standard base64, padded.
std::string FormatEnvelope(const Envelope& envelope);

// What is signed: DSSE's pre-authentication encoding.
Bytes PreAuthenticationEncoding(std::string_view payload_type, ByteView payload);

}  // namespace mreg::signing
