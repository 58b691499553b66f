// What may be said of versions, who may say it, and what becomes of it.
#include "storage/sync/attestations.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "signing/dsse.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"
#include "tests/models/transformer_model.h"

namespace mreg::sync {
namespace {

using registry::Access;
using registry::RepositoryName;
using registry::Role;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Json = nlohmann::json;

Json Subject(const std::string& name, const std::string& sha256) {
  return {{"name", name}, {"digest", {{"sha256", sha256}}}};
}

Json Statement(std::initializer_list<Json> subjects, const std::string& result = "PASSED",
               const std::string& target = "edge") {
  return {{"_type", signing::kStatementType},
          {"subject", Json(subjects)},
          {"predicateType", signing::kTestResultType},
          {"predicate",
           {{"result", result},
            {"configuration", {{{"name", "target"}, {"annotations", {{"profile", target}}}}}}}}};
}

class AttestationsTest : public testing::Test {
 protected:
  AttestationsTest() {
    first_ = site_.Commit({{"m.onnx", model_}, {"README.md", "# Voice\n"}});
    second_ = site_.Commit({{"m.onnx", model_}, {"other.onnx", other_}}, {first_});
    Push("acme/a", second_);
  }

  void Push(const char* name, const CommitId& commit, Force force = Force::kNo) {
    const auto remote =
        MakeLocalRemote(*registry_, Access::Owner(), *RepositoryName::Parse(name), name);
    ASSERT_TRUE(site_.PushTo(*remote, commit, "refs/heads/main", force).ok());
  }
  void Remove(const char* name) {
    const auto remote =
        MakeLocalRemote(*registry_, Access::Owner(), *RepositoryName::Parse(name), name);
    const PushItem removal{"refs/heads/main", std::nullopt};
    ASSERT_TRUE(sync::Push(*site_.history, site_.content, *remote, {&removal, 1}, Force::kYes,
                           DryRun::kNo, "remove", nullptr)
                    .ok());
  }
  void Reopen() {
    registry_.reset();
    registry_ = *registry::OpenRegistry(directory_, registry::OpenMode::kExisting, options_,
                                        PosixFileSystem(), clock_);
  }

  std::string DigestOf(const CommitId& commit) const {
    return registry::DigestOf(*registry::ReadManifest(*site_.history, commit)).ToHex();
  }
  Json VersionOf(const CommitId& commit) const { return Subject("acme/a", DigestOf(commit)); }
  Json ModelOf(const Bytes& model, const char* path = "m.onnx") const {
    return Subject(path, IdOf<ArtifactId>(model).ToHex());
  }

  absl::StatusOr<registry::AddedAttestation> Add(const CommitId& commit, const std::string& text) {
    return registry_->attestations().Add(Access::Owner(), a_, commit.ToHex(), text);
  }
  absl::Status AddAs(const registry::Caller& caller) {
    return registry_->attestations()
        .Add(caller, a_, first_.ToHex(), Statement({VersionOf(first_)}).dump())
        .status();
  }
  std::vector<registry::Attestation> List(const CommitId& commit) {
    const auto list = registry_->attestations().List(Access::Owner(), a_, commit.ToHex());
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? list->attestations : std::vector<registry::Attestation>();
  }
  registry::Caller Someone(const std::string& name, Role role, const std::string& scope = "") {
    const auto token =
        registry_->access().CreateToken(Access::Owner(), {name, role, scope, {}, {}});
    return *registry_->access().Authenticate(token->secret);
  }
  std::vector<std::string> Find(const char* query) {
    EXPECT_TRUE(registry_->knowledge().Follow().ok());
    const auto found = registry_->knowledge().Search(Access::Owner(), query, {});
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> hits;
    if (!found.ok()) return hits;
    for (const catalog::Hit& hit : found->result.hits) {
      hits.push_back(hit.summary.commit.ToShortHex() + " " + hit.summary.path);
    }
    return hits;
  }
  std::string Hit(const CommitId& commit, const char* path = "m.onnx") const {
    return commit.ToShortHex() + " " + path;
  }
  std::vector<std::string> Problems() {
    const auto check =
        registry_->Check(Access::Owner(), content::FsckDepth::kIndex, [](uint64_t) {});
    EXPECT_TRUE(check.ok()) << check.status();
    return check->problems;
  }
  // Without a grace period.
  registry::GcReport Collect() {
    // What happened in this millisecond is not older than any grace period.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const auto report = registry_->CollectGarbage(
        Access::Owner(), {registry::GcMode::kExecute, std::chrono::milliseconds(0)}, {});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : registry::GcReport();
  }

  const std::string directory_ = FreshDirectory();
  const SystemClock clock_;
  const registry::RegistryOptions options_{.anonymous_read = registry::AnonymousRead::kForbidden};
  std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      directory_, registry::OpenMode::kCreate, options_, PosixFileSystem(), clock_);
  Site site_;
  const RepositoryName a_ = *RepositoryName::Parse("acme/a");
  const Bytes model_ = test_models::MakeTransformerModel({.vocabulary = 50});
  const Bytes other_ = test_models::MakeTransformerModel({.vocabulary = 51});
  CommitId first_, second_;
};

TEST_F(AttestationsTest, WhatWasAddedIsToldWithWhoAddedIt) {
  const std::string text = Statement({VersionOf(first_), ModelOf(model_)}).dump(2);
  const auto added =
      registry_->attestations().Add(Someone("alice", Role::kWrite), a_, first_.ToHex(), text);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_TRUE(added->is_new);
  EXPECT_EQ(added->id, IdOf<registry::AttestationId>(text));
  Reopen();
  const auto list = List(first_);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].id, added->id);
  EXPECT_EQ(list[0].size, text.size());
  EXPECT_EQ(list[0].actor, "alice");
  EXPECT_EQ(list[0].content.predicate_type, signing::kTestResultType);
  EXPECT_EQ(list[0].content.test->result, "PASSED");
  EXPECT_EQ(list[0].content.test->target, "edge");
  ASSERT_THAT(list[0].content.files, SizeIs(1));
  EXPECT_EQ(list[0].content.files[0].name, "m.onnx");
  EXPECT_FALSE(list[0].content.is_signed());
  EXPECT_EQ(*registry_->attestations().Read(Access::Owner(), a_, "main~1", added->id), text);
  EXPECT_THAT(List(second_), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(
      registry_->attestations().Read(Access::Owner(), a_, "main", added->id).status()));
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(AttestationsTest, AddedTwiceItIsOne) {
  const std::string text = Statement({VersionOf(first_)}).dump();
  const uint64_t before = registry_->journal().Head()->size;
  ASSERT_TRUE(Add(first_, text)->is_new);
  EXPECT_EQ(registry_->journal().Head()->size, before + 1);
  EXPECT_FALSE(Add(first_, text)->is_new);
  EXPECT_EQ(registry_->journal().Head()->size, before + 1);
  EXPECT_THAT(List(first_), SizeIs(1));
}

TEST_F(AttestationsTest, TheJournalTellsOfIt) {
  const auto added = Add(first_, Statement({VersionOf(first_)}).dump());
  const uint64_t size = registry_->journal().Head()->size;
  v1::JournalEntry entry;
  ASSERT_TRUE(entry.ParseFromString((*registry_->journal().Read(size - 1, 1))[0].bytes));
  ASSERT_TRUE(entry.has_attestation_added());
  EXPECT_EQ(entry.actor(), "owner");
  EXPECT_EQ(entry.attestation_added().repository(), "acme/a");
  EXPECT_EQ(ManifestDigest::FromBytes(entry.attestation_added().manifest())->ToHex(),
            DigestOf(first_));
  EXPECT_EQ(entry.attestation_added().attestation(), added->id.bytes());
  EXPECT_EQ(entry.attestation_added().predicate_type(), signing::kTestResultType);
}

TEST_F(AttestationsTest, OnlyWhoMayWriteAddsAndWhoMayReadSees) {
  EXPECT_TRUE(absl::IsUnauthenticated(AddAs(registry_->access().Anonymous())));
  EXPECT_TRUE(absl::IsPermissionDenied(AddAs(Someone("reader", Role::kRead))));
  EXPECT_TRUE(absl::IsNotFound(AddAs(Someone("stranger", Role::kWrite, "other"))));
  EXPECT_THAT(List(first_), IsEmpty());
  EXPECT_TRUE(AddAs(Someone("writer", Role::kWrite, "acme")).ok());
  const auto list_as = [&](const registry::Caller& caller) {
    return registry_->attestations().List(caller, a_, first_.ToHex()).status();
  };
  EXPECT_TRUE(list_as(Someone("reader2", Role::kRead)).ok());
  EXPECT_TRUE(absl::IsNotFound(list_as(Someone("stranger2", Role::kRead, "other"))));
  EXPECT_TRUE(absl::IsUnauthenticated(list_as(registry_->access().Anonymous())));
}

TEST_F(AttestationsTest, AStatementAboutSomethingElseIsRefused) {
  Push("acme/b", site_.Commit({{"m.onnx", other_}}));
  const Json wrong[] = {Statement({VersionOf(second_)}), Statement({ModelOf(model_)}),
                        Statement({Subject("acme/a", std::string(64, '0'))}),
                        // Beside the version, what it does not have: another version, a file of
                        // one, a file of its own under another name or with another content.
                        Statement({VersionOf(first_), VersionOf(second_)}),
                        Statement({VersionOf(first_), ModelOf(other_, "other.onnx")}),
                        Statement({VersionOf(first_), ModelOf(model_, "good.onnx")}),
                        Statement({VersionOf(first_), ModelOf(other_)}),
                        Statement({VersionOf(first_), Subject("\x1b[31m", std::string(64, '1'))})};
  for (const Json& statement : wrong) {
    const auto status = Add(first_, statement.dump()).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << statement << status;
    EXPECT_EQ(status.ToString().find('\x1b'), std::string::npos);
  }
  EXPECT_THAT(List(first_), IsEmpty());
  EXPECT_TRUE(
      absl::IsNotFound(registry_->attestations()
                           .Add(Access::Owner(), *RepositoryName::Parse("acme/none"), "main", "{}")
                           .status()));
  EXPECT_TRUE(absl::IsNotFound(
      registry_->attestations().Add(Access::Owner(), a_, std::string(40, '1'), "{}").status()));
  EXPECT_EQ(registry_->repositories().List(Access::Owner(), "", 10)->size(), 2u);
}

TEST_F(AttestationsTest, WhatIsNoStatementIsRefused) {
  std::string twice = Statement({VersionOf(first_)}, "FAILED").dump();
  twice.replace(twice.find(R"("result":"FAILED")"), 17, R"("result":"FAILED","result":"PASSED")");
  std::string no_text = Statement({VersionOf(first_)}).dump();
  no_text.replace(no_text.find("edge"), 4, "\xff\xfe\xfd\xfc");
  Json deep = Statement({VersionOf(first_)});
  for (int i = 0; i < 80; ++i) deep["predicate"] = {{"x", deep["predicate"]}};
  deep["predicate"]["result"] = "PASSED";
  Json payload = {
      {"payloadType", "text/plain"}, {"payload", "e30="}, {"signatures", {{{"sig", "AA=="}}}}};
  for (const std::string& wrong :
       {std::string(), std::string("{}"), twice, no_text, deep.dump(), payload.dump()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Add(first_, wrong).status())) << wrong;
  }
  EXPECT_THAT(List(first_), IsEmpty());
}

TEST_F(AttestationsTest, SizeAndNumberAreBounded) {
  Json large = Statement({VersionOf(first_)});
  large["predicate"]["x"] = std::string(registry::kMaxAttestationBytes, 'x');
  EXPECT_TRUE(absl::IsOutOfRange(Add(first_, large.dump()).status()));
  const auto add_many = [&](const CommitId& commit, size_t bytes) {
    size_t count = 0;
    for (absl::Status status; status.ok(); ++count) {
      Json one = Statement({VersionOf(commit)});
      one["predicate"]["number"] = count;
      one["predicate"]["x"] = std::string(bytes, 'x');
      status = Add(commit, one.dump()).status();
      EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
    }
    return count - 1;
  };
  EXPECT_EQ(add_many(first_, 0), registry::kMaxAttestations);
  EXPECT_EQ(add_many(second_, registry::kMaxAttestationBytes - 1'000), 16u);
  EXPECT_THAT(List(first_), SizeIs(registry::kMaxAttestations));
}

TEST_F(AttestationsTest, NumberIsBoundedAlsoForManyAtATime) {
  constexpr size_t kThreads = 8;
  for (size_t i = 0; i < registry::kMaxAttestations - kThreads / 2; ++i) {
    Json one = Statement({VersionOf(first_)});
    one["predicate"]["number"] = i;
    ASSERT_TRUE(Add(first_, one.dump()).ok());
  }
  std::vector<absl::Status> statuses(kThreads);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        Json one = Statement({VersionOf(first_)});
        one["predicate"]["thread"] = i;
        statuses[i] = Add(first_, one.dump()).status();
      });
    }
  }
  EXPECT_EQ(std::ranges::count_if(statuses, [](const auto& one) { return one.ok(); }),
            kThreads / 2);
  EXPECT_THAT(List(first_), SizeIs(registry::kMaxAttestations));
}

TEST_F(AttestationsTest, AnEnvelopeIsKeptAsItCameAndNotTakenForVerified) {
  const std::string statement = Statement({VersionOf(first_)}).dump();
  const std::string envelope = signing::FormatEnvelope(
      {std::string(signing::kInTotoPayloadType), statement, {{"key", "no signature"}, {"", "x"}}});
  const auto added = Add(first_, envelope);
  ASSERT_TRUE(added.ok()) << added.status();
  const auto list = List(first_);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_THAT(list[0].content.key_ids, ElementsAre("key", ""));
  EXPECT_TRUE(list[0].content.is_signed());
  EXPECT_EQ(*registry_->attestations().Read(Access::Owner(), a_, "main~1", added->id), envelope);
  const auto json = Json::parse(
      AttestationsToJson(*registry_->attestations().List(Access::Owner(), a_, first_.ToHex())));
  EXPECT_EQ(json["attestations"][0]["signatures"], Json({{{"key_id", "key"}, {"verified", false}},
                                                         {{"key_id", ""}, {"verified", false}}}));
}

TEST_F(AttestationsTest, ValidatedVersionsAreFound) {
  EXPECT_THAT(Find("validated:yes version:all"), IsEmpty());
  ASSERT_TRUE(Add(second_, Statement({VersionOf(second_), ModelOf(model_)}, "FAILED").dump()).ok());
  EXPECT_THAT(Find("validated:yes version:all"), IsEmpty());
  EXPECT_THAT(Find("validated:no"), SizeIs(2));
  ASSERT_TRUE(Add(second_, Statement({VersionOf(second_), ModelOf(model_)}).dump()).ok());
  EXPECT_THAT(Find("validated:yes"), ElementsAre(Hit(second_)));
  EXPECT_THAT(Find("validated:edge"), ElementsAre(Hit(second_)));
  EXPECT_THAT(Find("validated:no"), ElementsAre(Hit(second_, "other.onnx")));
  EXPECT_THAT(Find("validated:cloud version:all"), IsEmpty());
  // Of the whole version.
  ASSERT_TRUE(Add(first_, Statement({VersionOf(first_)}, "PASSED", "cloud").dump()).ok());
  EXPECT_THAT(Find("validated:cloud version:all"), ElementsAre(Hit(first_)));
  EXPECT_THAT(Find("validated:cloud"), IsEmpty()) << "it is not the latest";
  ASSERT_TRUE(registry_->knowledge().Rebuild(Access::Owner()).ok());
  EXPECT_THAT(Find("validated:edge version:all"), ElementsAre(Hit(second_)));
  EXPECT_THAT(Find("validated:cloud version:all"), ElementsAre(Hit(first_)));
}

TEST_F(AttestationsTest, OneAboutALostVersionDoesNotBringItBack) {
  const CommitId third = site_.Commit({{"m.onnx", other_}}, {first_});
  ASSERT_TRUE(Find("version:all").size() == 3);
  Push("acme/a", third, Force::kYes);
  EXPECT_THAT(Find("version:all"), SizeIs(2));
  ASSERT_TRUE(Add(second_, Statement({VersionOf(second_)}).dump()).ok());
  EXPECT_THAT(Find("version:all"), SizeIs(2));
  EXPECT_THAT(Find("version:all validated:yes"), IsEmpty());
}

TEST_F(AttestationsTest, TheyGoWithTheirVersion) {
  ASSERT_TRUE(Add(first_, Statement({VersionOf(first_)}).dump()).ok());
  const auto lost = Add(second_, Statement({VersionOf(second_)}).dump());
  ASSERT_TRUE(lost.ok());
  EXPECT_EQ(Collect().removed_attestations, 0u);
  EXPECT_THAT(List(second_), SizeIs(1));
  Push("acme/a", first_, Force::kYes);
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_EQ(Collect().removed_attestations, 1u);
  EXPECT_THAT(List(first_), SizeIs(1));
  EXPECT_THAT(Problems(), IsEmpty());
  Push("acme/a", second_);
  EXPECT_THAT(List(second_), IsEmpty()) << "nothing is left of it";
  Remove("acme/a");
  EXPECT_EQ(Collect().removed_attestations, 1u);
  EXPECT_EQ(Collect().removed_attestations, 0u);
  EXPECT_THAT(Problems(), IsEmpty());
}

// The digest is of the files alone, so that another commit of the same files has what is said of
// them.
TEST_F(AttestationsTest, TheyAreAboutTheFilesAndNotTheCommit) {
  ASSERT_TRUE(Add(first_, Statement({VersionOf(first_)}).dump()).ok());
  const CommitId again = site_.Commit({{"m.onnx", model_}, {"README.md", "# Voice\n"}}, {second_});
  Push("acme/a", again);
  EXPECT_THAT(List(again), SizeIs(1));
  EXPECT_THAT(Find("validated:yes"), ElementsAre(Hit(again)));
  ASSERT_TRUE(Add(again, Statement({VersionOf(again)}, "PASSED", "cloud").dump()).ok());
  EXPECT_THAT(Find("validated:cloud version:all"), SizeIs(2));
}

TEST_F(AttestationsTest, DamageIsFound) {
  const auto added = Add(first_, Statement({VersionOf(first_)}).dump());
  ASSERT_TRUE(added.ok());
  registry_.reset();
  {
    const auto store = *kv::OpenRocksDb(JoinPath(directory_, "index"));
    kv::Batch batch;
    ASSERT_TRUE(store
                    ->Scan(kv::Table::kAttestations, "", "",
                           [&](ByteView key, ByteView value) {
                             Bytes damaged(value);
                             damaged[damaged.find("edge")] = 'h';
                             batch.Put(kv::Table::kAttestations, key, damaged);
                             return true;
                           })
                    .ok());
    ASSERT_TRUE(store->Commit(batch).ok());
  }
  Reopen();
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("do not hash to its id")));
  EXPECT_TRUE(absl::IsDataLoss(
      registry_->attestations().Read(Access::Owner(), a_, "main~1", added->id).status()));
}

TEST_F(AttestationsTest, AFolderIsAskedLikeAServer) {
  const RemoteVersion version{{Scheme::kFile, directory_, a_}, nullptr, first_};
  registry_.reset();
  const std::string text = Statement({VersionOf(first_)}).dump();
  const auto added = AddAttestation(version, text);
  ASSERT_TRUE(added.ok()) << added.status();
  const auto list = ListAttestations(version);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->attestations.at(0).actor, "owner");
  EXPECT_EQ(*ReadAttestation(version, added->id), text);
  EXPECT_TRUE(absl::IsNotFound(
      ListAttestations({version.url, nullptr, *CommitId::FromHex(std::string(40, '1'))}).status()));
}

TEST_F(AttestationsTest, AnswersComeBackAsTheyWere) {
  ASSERT_TRUE(Add(first_, Statement({VersionOf(first_), ModelOf(model_)}).dump()).ok());
  Json other = Statement({VersionOf(first_)});
  other["predicateType"] = "https://slsa.dev/provenance/v1";
  ASSERT_TRUE(Add(first_, other.dump()).ok());
  const auto list = *registry_->attestations().List(Access::Owner(), a_, first_.ToHex());
  const auto got = AttestationsFromJson(AttestationsToJson(list));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->commit, first_);
  EXPECT_EQ(got->version.ToHex(), DigestOf(first_));
  EXPECT_EQ(AttestationsToJson(*got), AttestationsToJson(list));
  for (const char* const wrong : {"", "[]", "{}", "null", R"({"attestations":[{}]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(AttestationsFromJson(wrong).status())) << wrong;
    EXPECT_TRUE(absl::IsInvalidArgument(AddedAttestationFromJson(wrong).status())) << wrong;
  }
}

}  // namespace
}  // namespace mreg::sync
