#include "storage/registry/attestations.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "schema/base/display.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "signing/dsse.h"
#include "storage/registry/attestation_rows.h"
#include "storage/registry/path_rules.h"

namespace mreg::registry {
namespace {

using kv::Table;

constexpr int kAttempts = 64;

// The content with its other subjects than `version`. Says nothing yet of what those are.
absl::StatusOr<AttestationContent> ParseContent(ByteView document, const ManifestDigest& version) {
  AttestationContent content;
  Bytes inner(document);
  if (signing::LooksLikeEnvelope(document)) {
    MREG_ASSIGN_OR_RETURN(signing::Envelope envelope, signing::ParseEnvelope(document));
    if (envelope.payload_type != signing::kInTotoPayloadType) {
      return absl::InvalidArgumentError(
          fmt::format("the envelope's payload is not of the type {}", signing::kInTotoPayloadType));
    }
    for (auto& one : envelope.signatures) content.key_ids.push_back(std::move(one.key_id));
    inner = std::move(envelope.payload);
  }
  MREG_ASSIGN_OR_RETURN(signing::Statement statement, signing::ParseStatement(inner));
  content.predicate_type = std::move(statement.predicate_type);
  content.test = std::move(statement.test);
  const std::string wanted = version.ToHex();
  bool is_about_version = false;
  for (signing::Subject& subject : statement.subjects) {
    if (subject.sha256 == wanted) {
      is_about_version = true;
    } else {
      content.files.push_back(std::move(subject));
    }
  }
  if (is_about_version) return content;
  return absl::InvalidArgumentError(fmt::format(
      "the statement is not about this version: no subject has its digest sha256 {}", wanted));
}

// A subject that is no file of the version would let a reader of this statement believe it about
// something else that nobody here has looked at.
absl::Status CheckFiles(const AttestationContent& content, const Manifest& manifest) {
  std::map<std::string_view, std::string> digests;
  for (const ManifestEntry& file : manifest.files) digests[file.path] = file.digest.ToHex();
  for (const signing::Subject& subject : content.files) {
    const auto file = digests.find(subject.name);
    if (file != digests.end() && file->second == subject.sha256) continue;
    return absl::InvalidArgumentError(
        fmt::format("the version has no file {} with the digest sha256 {}, which the statement is "
                    "about",
                    EscapeForDisplay(subject.name), subject.sha256));
  }
  return absl::OkStatus();
}

absl::Status CheckSize(ByteView document) {
  if (document.size() <= kMaxAttestationBytes) return absl::OkStatus();
  return absl::OutOfRangeError(
      fmt::format("an attestation has at most {} bytes", kMaxAttestationBytes));
}

v1::JournalEntry EntryFor(const Caller& caller, TimePoint now, const RepositoryName& name,
                          const ManifestDigest& version, const AttestationId& id,
                          const std::string& predicate_type) {
  v1::JournalEntry entry;
  entry.set_actor(caller.name);
  entry.set_time_ms(now.time_since_epoch().count());
  auto& event = *entry.mutable_attestation_added();
  event.set_repository(name.ToString());
  event.set_manifest(std::string(version.bytes()));
  event.set_attestation(std::string(id.bytes()));
  event.set_predicate_type(predicate_type);
  return entry;
}

absl::Status CheckRow(const AttestationRow& row) {
  if (IdOf<AttestationId>(row.record.document()) != row.id) {
    return absl::DataLossError("its bytes do not hash to its id");
  }
  const auto content = ParseContent(row.record.document(), row.version);
  return content.ok() ? absl::OkStatus()
                      : absl::DataLossError(std::string(MessageOf(content.status())));
}

}  // namespace

// Whether there is room for `id` beside what the version has.
absl::Status Attestations::CheckRoom(uint64_t repository, const ManifestDigest& version,
                                     const AttestationId& id, uint64_t size, bool& is_known) const {
  size_t count = 1;
  uint64_t bytes = size;
  is_known = false;
  MREG_RETURN_IF_ERROR(ScanAttestations(store_, repository, version, [&](const auto& row) {
    is_known |= row.id == id;
    ++count;
    bytes += row.record.document().size();
    return true;
  }));
  if (is_known || (count <= kMaxAttestations && bytes <= kMaxAttestationsBytes)) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      fmt::format("a version has at most {} attestations of together {} bytes", kMaxAttestations,
                  kMaxAttestationsBytes));
}

absl::StatusOr<AddedAttestation> Attestations::Add(const Caller& caller, const RepositoryName& name,
                                                   std::string_view revision, ByteView document) {
  MREG_RETURN_IF_ERROR(access_.RequireWrite(caller, name));
  MREG_RETURN_IF_ERROR(CheckSize(document));
  MREG_RETURN_IF_ERROR(repositories_.NumberOf(caller, name).status());
  MREG_ASSIGN_OR_RETURN(const auto repository, repositories_.OpenForWriting(caller, name));
  // The version stays while this looks at it.
  const Leases::RepositoryHold hold(leases_, repository.number, repository.journal_size);
  const history::Repository& history = *repository.history;
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history.Resolve(revision));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(history, commit));
  const ManifestDigest version = DigestOf(manifest);
  MREG_ASSIGN_OR_RETURN(const AttestationContent content, ParseContent(document, version));
  MREG_RETURN_IF_ERROR(CheckFiles(content, manifest));
  MREG_ASSIGN_OR_RETURN(const history::Commit read, history.ReadCommit(commit));
  AddedAttestation added{IdOf<AttestationId>(document), true};
  const TimePoint now = clock_.Now();
  v1::AttestationRecord record;
  record.set_document(std::string(document));
  record.set_actor(caller.name);
  record.set_added_ms(now.time_since_epoch().count());
  record.set_tree(std::string(read.tree.bytes()));
  const auto entry = EntryFor(caller, now, name, version, added.id, content.predicate_type);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    kv::Batch batch;
    // Staged before the room is looked at: if anybody else adds one in between, the batch fails.
    MREG_RETURN_IF_ERROR(journal_.Stage(entry, batch));
    bool is_known = false;
    MREG_RETURN_IF_ERROR(
        CheckRoom(repository.number, version, added.id, document.size(), is_known));
    added.is_new = !is_known;
    if (is_known) return added;
    batch.Put(Table::kAttestations, AttestationKey(repository.number, version, added.id),
              record.SerializeAsString());
    const absl::Status status = store_.Commit(batch);
    if (status.ok()) return added;
    if (!absl::IsAborted(status)) return status;
  }
  return absl::AbortedError("the registry is too busy");
}

absl::StatusOr<VersionAttestations> Attestations::List(const Caller& caller,
                                                       const RepositoryName& name,
                                                       std::string_view revision) const {
  MREG_ASSIGN_OR_RETURN(const uint64_t number, repositories_.NumberOf(caller, name));
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
  VersionAttestations list;
  MREG_ASSIGN_OR_RETURN(list.commit, history->Resolve(revision));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(*history, list.commit));
  list.version = DigestOf(manifest);
  absl::Status status;
  MREG_RETURN_IF_ERROR(ScanAttestations(store_, number, list.version, [&](const auto& row) {
    auto content = ParseContent(row.record.document(), row.version);
    if (!content.ok()) {
      status = absl::DataLossError(
          fmt::format("attestation {}: {}", row.id.ToHex(), MessageOf(content.status())));
      return false;
    }
    list.attestations.push_back({row.id, row.record.document().size(), row.record.actor(),
                                 TimePoint(std::chrono::milliseconds(row.record.added_ms())),
                                 *std::move(content)});
    return true;
  }));
  MREG_RETURN_IF_ERROR(status);
  std::ranges::stable_sort(list.attestations, {}, &Attestation::added);
  return list;
}

absl::StatusOr<Bytes> Attestations::Read(const Caller& caller, const RepositoryName& name,
                                         std::string_view revision, const AttestationId& id) const {
  MREG_ASSIGN_OR_RETURN(const uint64_t number, repositories_.NumberOf(caller, name));
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history->Resolve(revision));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(*history, commit));
  const Bytes key = AttestationKey(number, DigestOf(manifest), id);
  MREG_ASSIGN_OR_RETURN(const auto row, store_.Get(Table::kAttestations, key));
  if (!row) {
    return absl::NotFoundError(fmt::format("the version {} has no attestation {}",
                                           EscapeForDisplay(revision), id.ToHex()));
  }
  v1::AttestationRecord record;
  if (!record.ParseFromString(*row) || IdOf<AttestationId>(record.document()) != id) {
    return absl::DataLossError(fmt::format("attestation {} is damaged", id.ToHex()));
  }
  return record.document();
}

absl::StatusOr<std::vector<AttestationContent>> Attestations::ContentsOf(
    uint64_t repository, const ManifestDigest& version) const {
  std::vector<AttestationContent> contents;
  const absl::Status status = ScanAttestations(store_, repository, version, [&](const auto& row) {
    auto content = ParseContent(row.record.document(), row.version);
    if (content.ok()) contents.push_back(*std::move(content));
    return true;
  });
  if (!status.ok() && !absl::IsDataLoss(status)) return status;
  return contents;
}

absl::StatusOr<std::optional<ObjectId>> Attestations::TreeOf(uint64_t repository,
                                                             const ManifestDigest& version,
                                                             const AttestationId& id) const {
  MREG_ASSIGN_OR_RETURN(const auto row,
                        store_.Get(Table::kAttestations, AttestationKey(repository, version, id)));
  if (!row) return std::nullopt;
  v1::AttestationRecord record;
  if (!record.ParseFromString(*row)) {
    return absl::DataLossError("the row of an attestation is damaged");
  }
  return ObjectId::FromBytes(record.tree());
}

absl::Status Attestations::Check(uint64_t repository, const history::Repository& history) const {
  std::map<std::pair<ManifestDigest, std::string>, AttestationId> trees;  // one of each version's
  absl::Status status;
  MREG_RETURN_IF_ERROR(ScanAttestations(store_, repository, std::nullopt, [&](const auto& row) {
    status = Annotate(CheckRow(row), fmt::format("attestation {}", row.id.ToHex()));
    trees.emplace(std::pair(row.version, row.record.tree()), row.id);
    return status.ok();
  }));
  MREG_RETURN_IF_ERROR(status);
  for (const auto& [version, id] : trees) {
    MREG_ASSIGN_OR_RETURN(const ObjectId tree, ObjectId::FromBytes(version.second));
    const auto digest = DigestOfTree(history, tree);
    if (digest.ok() && *digest == version.first) continue;
    // What no reference leads to may have been collected meanwhile, the attestation first.
    MREG_ASSIGN_OR_RETURN(const auto still, TreeOf(repository, version.first, id));
    if (!still) continue;
    return absl::DataLossError(fmt::format("attestation {} is about a version that is not here{}{}",
                                           id.ToHex(), digest.ok() ? "" : ": ",
                                           digest.ok() ? "" : MessageOf(digest.status())));
  }
  return absl::OkStatus();
}

}  // namespace mreg::registry
