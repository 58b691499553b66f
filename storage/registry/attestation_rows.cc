#include "storage/registry/attestation_rows.h"

#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

constexpr size_t kNumberBytes = 8;
constexpr size_t kKeyBytes = kNumberBytes + ManifestDigest::kBytes + AttestationId::kBytes;

std::optional<AttestationRow> ParseRow(ByteView key, ByteView value) {
  AttestationRow row;
  if (key.size() != kKeyBytes ||
      !row.record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return std::nullopt;
  }
  key.remove_prefix(kNumberBytes);
  row.version = *ManifestDigest::FromBytes(key.substr(0, ManifestDigest::kBytes));
  row.id = *AttestationId::FromBytes(key.substr(ManifestDigest::kBytes));
  return row;
}

}  // namespace

Bytes AttestationKey(uint64_t repository, const ManifestDigest& version, const AttestationId& id) {
  Bytes key;
  AppendU64Be(key, repository);
  key += version.bytes();
  key += id.bytes();
  return key;
}

absl::Status ScanAttestations(const kv::KeyValueStore& store, uint64_t repository,
                              const std::optional<ManifestDigest>& version,
                              const std::function<bool(AttestationRow row)>& visit) {
  Bytes prefix;
  AppendU64Be(prefix, repository);
  if (version) prefix += version->bytes();
  bool is_damaged = false;
  MREG_RETURN_IF_ERROR(
      store.Scan(kv::Table::kAttestations, prefix, "", [&](ByteView key, ByteView value) {
        auto row = ParseRow(key, value);
        is_damaged = !row;
        return row && visit(*std::move(row));
      }));
  return is_damaged ? absl::DataLossError("the row of an attestation is damaged")
                    : absl::OkStatus();
}

}  // namespace mreg::registry
