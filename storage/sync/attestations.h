// What is said of versions in a registry, wherever it is.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/registry/attestations.h"
#include "storage/sync/connect.h"

namespace mreg::sync {

// A version of a repository, and how to come to it.
struct RemoteVersion {
  RemoteUrl url;
  TokenFor token_for;
  CommitId commit;
};

// Errors of all as in registry::Attestations and Connect; NotFound if the repository is not there
// or lacks the version; Unimplemented if it is there, and its server knows no attestations.
absl::StatusOr<registry::AddedAttestation> AddAttestation(const RemoteVersion& version,
                                                          ByteView document);
absl::StatusOr<registry::VersionAttestations> ListAttestations(const RemoteVersion& version);
// DataLoss if what comes does not hash to `id`.
absl::StatusOr<Bytes> ReadAttestation(const RemoteVersion& version,
                                      const registry::AttestationId& id);

// The API's answers, one JSON object each: docs/openapi.yaml.
std::string AttestationsToJson(const registry::VersionAttestations& list);
std::string AddedAttestationToJson(const registry::AddedAttestation& added);
// InvalidArgument for what is no such answer.
absl::StatusOr<registry::VersionAttestations> AttestationsFromJson(std::string_view json);
absl::StatusOr<registry::AddedAttestation> AddedAttestationFromJson(std::string_view json);

}  // namespace mreg::sync
