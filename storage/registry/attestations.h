// What is said of versions: statements by those who may push, about a version's digest.
// Specification: docs/formats/attestation.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/clock.h"
#include "schema/base/ids.h"
#include "signing/statement.h"
#include "storage/journal/journal.h"
#include "storage/kv/key_value_store.h"
#include "storage/registry/access.h"
#include "storage/registry/leases.h"
#include "storage/registry/manifest.h"
#include "storage/registry/repositories.h"

namespace mreg::registry {

struct AttestationKind {
  static constexpr std::string_view kName = "attestation id";
};
// SHA-256 of an attestation's bytes as they came.
using AttestationId = Id<AttestationKind, 32>;

inline constexpr uint64_t kMaxAttestationBytes = 1 << 20;
// Of one version.
inline constexpr size_t kMaxAttestations = 256;
inline constexpr uint64_t kMaxAttestationsBytes = 16 << 20;

// What an attestation says, by its own bytes.
struct AttestationContent {
  std::string predicate_type;
  std::optional<signing::TestResult> test;
  std::vector<signing::Subject> files;  // of the version, that it is about in particular
  // Of the envelope around it, one a signature; a key's id is what the envelope says and may be
  // empty. No signature is verified: whoever has the key does that with the bytes.
  std::vector<std::string> key_ids;
  bool is_signed() const { return !key_ids.empty(); }
  bool has_passed() const { return test && test->result == "PASSED"; }
};

struct Attestation {
  AttestationId id;
  uint64_t size = 0;  // bytes
  std::string actor;  // the caller who added it
  TimePoint added;
  AttestationContent content;
};

struct VersionAttestations {
  CommitId commit;
  ManifestDigest version;
  std::vector<Attestation> attestations;  // by the time when they were added
};

struct AddedAttestation {
  AttestationId id;
  bool is_new = true;  // false: these bytes were there already
};

// Thread-safe. A revision is what history::Repository::Resolve takes; NotFound names what is
// absent.
class Attestations {
 public:
  // All outlive it.
  Attestations(kv::KeyValueStore& store, const journal::Journal& journal, const Clock& clock,
               const Access& access, Repositories& repositories, Leases& leases)
      : store_(store),
        journal_(journal),
        clock_(clock),
        access_(access),
        repositories_(repositories),
        leases_(leases) {}

  // Keeps `document`, a statement or an envelope around one, with the version; durable on return,
  // together with an event of the journal. Takes a caller who may write. InvalidArgument for what
  // is no statement, or has another subject than this version's digest and its files, each with
  // its path as name; OutOfRange for more than kMaxAttestationBytes; ResourceExhausted for more
  // than a version may have.
  absl::StatusOr<AddedAttestation> Add(const Caller& caller, const RepositoryName& name,
                                       std::string_view revision, ByteView document);

  absl::StatusOr<VersionAttestations> List(const Caller& caller, const RepositoryName& name,
                                           std::string_view revision) const;

  // The bytes as they came.
  absl::StatusOr<Bytes> Read(const Caller& caller, const RepositoryName& name,
                             std::string_view revision, const AttestationId& id) const;

  // For housekeeping, of all of a repository and without an access check:

  // What is said of a version. What cannot be read is passed over: Check tells of it.
  absl::StatusOr<std::vector<AttestationContent>> ContentsOf(uint64_t repository,
                                                             const ManifestDigest& version) const;
  // git's tree of the version that an attestation is about; nothing if it is not there (any more).
  absl::StatusOr<std::optional<ObjectId>> TreeOf(uint64_t repository, const ManifestDigest& version,
                                                 const AttestationId& id) const;
  // That each hashes to its id, can be read, and is about a version that is there.
  absl::Status Check(uint64_t repository, const history::Repository& history) const;

 private:
  absl::Status CheckRoom(uint64_t repository, const ManifestDigest& version,
                         const AttestationId& id, uint64_t size, bool& is_known) const;

  kv::KeyValueStore& store_;
  const journal::Journal& journal_;
  const Clock& clock_;
  const Access& access_;
  Repositories& repositories_;
  Leases& leases_;
};

}  // namespace mreg::registry
