#include "storage/sync/attestations.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/sync/http_remote.h"

namespace mreg::sync {
namespace {

using Json = nlohmann::ordered_json;
using registry::AddedAttestation;
using registry::Attestation;
using registry::AttestationId;
using registry::VersionAttestations;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::Status NoAnswer() {
  return absl::InvalidArgumentError("the answer about attestations is not what it should be");
}

// The version's place in the API below `what`.
std::string PathOf(const RemoteVersion& version, std::string_view what) {
  return fmt::format("/api/v1/repos/{}/{}/{}", version.url.repository.ToString(), what,
                     version.commit.ToHex());
}

// A server that lacks the path and one that lacks the version give the same answer; but the former
// tells of the version's files.
absl::StatusOr<std::string> AskApi(const HttpEndpoint& endpoint, const RemoteVersion& version,
                                   const std::string& method, const std::string& rest,
                                   ByteView document) {
  auto answer = CallApi(endpoint, method, PathOf(version, "attestations") + rest, Bytes(document));
  if (!absl::IsNotFound(answer.status()) || !rest.empty()) return answer;
  const auto files = CallApi(endpoint, "GET", PathOf(version, "tree"), "");
  if (!files.ok()) return absl::IsNotFound(files.status()) ? answer : files;
  return absl::UnimplementedError("the registry's server is too old: it keeps no attestations");
}

// Whom to ask: the registry in this process, or an API.
struct Asked {
  OpenedFolder folder;
  HttpEndpoint endpoint;  // where `folder` has no registry
};

absl::StatusOr<Asked> Open(const RemoteVersion& version) {
  const RemoteUrl& url = version.url;
  if (url.scheme == Scheme::kHttp) {
    return Asked{{}, {url.base, "", version.token_for ? version.token_for(url.base) : ""}};
  }
  Asked asked;
  MREG_ASSIGN_OR_RETURN(asked.folder, OpenFolder(url.base, CreateFolder::kNo));
  asked.endpoint = asked.folder.daemon;
  return asked;
}

Json AttestationJson(const Attestation& attestation) {
  const registry::AttestationContent& content = attestation.content;
  Json files = Json::array();
  for (const signing::Subject& file : content.files) {
    files.push_back({{"path", file.name}, {"sha256", file.sha256}});
  }
  Json signatures = Json::array();
  for (const std::string& key_id : content.key_ids) {
    signatures.push_back({{"key_id", key_id}, {"verified", false}});
  }
  return {{"sha256", attestation.id.ToHex()},
          {"size", attestation.size},
          {"added_by", attestation.actor},
          {"added_ms", attestation.added.time_since_epoch().count()},
          {"predicate_type", content.predicate_type},
          {"result", content.test ? Json(content.test->result) : Json()},
          {"target", content.test ? content.test->target : ""},
          {"files", std::move(files)},
          {"signatures", std::move(signatures)}};
}

// Throws what nlohmann throws where a member is missing or of another type.
absl::StatusOr<Attestation> ReadAttestationJson(const Json& json) {
  Attestation attestation;
  MREG_ASSIGN_OR_RETURN(attestation.id,
                        AttestationId::FromHex(json.at("sha256").get<std::string>()));
  attestation.size = json.at("size").get<uint64_t>();
  attestation.actor = json.at("added_by").get<std::string>();
  attestation.added = TimePoint(std::chrono::milliseconds(json.at("added_ms").get<int64_t>()));
  registry::AttestationContent& content = attestation.content;
  content.predicate_type = json.at("predicate_type").get<std::string>();
  if (!json.at("result").is_null()) {
    content.test = signing::TestResult{json.at("result").get<std::string>(),
                                       json.at("target").get<std::string>()};
  }
  for (const Json& file : json.at("files")) {
    content.files.push_back(
        {file.at("path").get<std::string>(), file.at("sha256").get<std::string>()});
  }
  for (const Json& signature : json.at("signatures")) {
    content.key_ids.push_back(signature.at("key_id").get<std::string>());
  }
  return attestation;
}

absl::StatusOr<VersionAttestations> ReadList(const Json& json) {
  VersionAttestations list;
  MREG_ASSIGN_OR_RETURN(list.commit, CommitId::FromHex(json.at("commit").get<std::string>()));
  MREG_ASSIGN_OR_RETURN(list.version,
                        ManifestDigest::FromHex(json.at("manifest_sha256").get<std::string>()));
  for (const Json& one : json.at("attestations")) {
    MREG_ASSIGN_OR_RETURN(Attestation attestation, ReadAttestationJson(one));
    list.attestations.push_back(std::move(attestation));
  }
  return list;
}

}  // namespace

std::string AttestationsToJson(const VersionAttestations& list) {
  Json attestations = Json::array();
  for (const Attestation& one : list.attestations) attestations.push_back(AttestationJson(one));
  return Dump(Json{{"commit", list.commit.ToHex()},
                   {"manifest_sha256", list.version.ToHex()},
                   {"attestations", std::move(attestations)}});
}

std::string AddedAttestationToJson(const AddedAttestation& added) {
  return Dump(Json{{"sha256", added.id.ToHex()}, {"is_new", added.is_new}});
}

absl::StatusOr<VersionAttestations> AttestationsFromJson(std::string_view json) {
  try {
    return ReadList(Json::parse(json));
  } catch (const nlohmann::json::exception&) {
    return NoAnswer();
  }
}

absl::StatusOr<AddedAttestation> AddedAttestationFromJson(std::string_view json) {
  try {
    const Json document = Json::parse(json);
    AddedAttestation added;
    MREG_ASSIGN_OR_RETURN(added.id,
                          AttestationId::FromHex(document.at("sha256").get<std::string>()));
    added.is_new = document.at("is_new").get<bool>();
    return added;
  } catch (const nlohmann::json::exception&) {
    return NoAnswer();
  }
}

absl::StatusOr<AddedAttestation> AddAttestation(const RemoteVersion& version, ByteView document) {
  MREG_ASSIGN_OR_RETURN(const Asked asked, Open(version));
  if (asked.folder.registry != nullptr) {
    return asked.folder.registry->attestations().Add(
        registry::Access::Owner(), version.url.repository, version.commit.ToHex(), document);
  }
  MREG_ASSIGN_OR_RETURN(const std::string answer,
                        AskApi(asked.endpoint, version, "POST", "", document));
  return AddedAttestationFromJson(answer);
}

absl::StatusOr<VersionAttestations> ListAttestations(const RemoteVersion& version) {
  MREG_ASSIGN_OR_RETURN(const Asked asked, Open(version));
  if (asked.folder.registry != nullptr) {
    return asked.folder.registry->attestations().List(
        registry::Access::Owner(), version.url.repository, version.commit.ToHex());
  }
  MREG_ASSIGN_OR_RETURN(const std::string answer, AskApi(asked.endpoint, version, "GET", "", ""));
  return AttestationsFromJson(answer);
}

absl::StatusOr<Bytes> ReadAttestation(const RemoteVersion& version, const AttestationId& id) {
  MREG_ASSIGN_OR_RETURN(const Asked asked, Open(version));
  if (asked.folder.registry != nullptr) {
    return asked.folder.registry->attestations().Read(
        registry::Access::Owner(), version.url.repository, version.commit.ToHex(), id);
  }
  MREG_ASSIGN_OR_RETURN(const std::string document,
                        AskApi(asked.endpoint, version, "GET", "/" + id.ToHex(), ""));
  if (IdOf<AttestationId>(document) == id) return document;
  return absl::DataLossError(fmt::format("what came does not hash to {}", id.ToHex()));
}

}  // namespace mreg::sync
