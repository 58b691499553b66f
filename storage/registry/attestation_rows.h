// The rows that attestations are kept in: docs/formats/attestation.md. Internal to
// storage/registry.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "mreg/v1/registry.pb.h"
#include "schema/base/ids.h"
#include "storage/kv/key_value_store.h"
#include "storage/registry/attestations.h"

namespace mreg::registry {

struct AttestationRow {
  ManifestDigest version;
  AttestationId id;
  v1::AttestationRecord record;
};

Bytes AttestationKey(uint64_t repository, const ManifestDigest& version, const AttestationId& id);

// Those of a repository (of one of its versions if `version` names one), by version and id, until
// `visit` returns false. DataLoss for a row of another form.
absl::Status ScanAttestations(const kv::KeyValueStore& store, uint64_t repository,
                              const std::optional<ManifestDigest>& version,
                              const std::function<bool(AttestationRow row)>& visit);

}  // namespace mreg::registry
