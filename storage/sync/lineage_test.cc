// What a registry tells of what models were made from.
#include "storage/sync/lineage.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"

namespace mreg::sync {
namespace {

using registry::Access;
using registry::Lineage;
using registry::LineageEdge;
using registry::LineageKind;
using registry::LineageQuestion;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::UnorderedElementsAre;

class LineageTest : public testing::Test {
 protected:
  // A version made later than those before.
  CommitId Push(const std::string& name, const Bytes& model, std::vector<CommitId> parents = {},
                const std::string& reference = "refs/heads/main") {
    site_.seconds += 10;
    const CommitId commit = site_.Commit({{"m.onnx", model}}, std::move(parents));
    PushCommit(name, commit, reference);
    names_[commit] = names_.contains(commit) ? names_[commit] : name;
    return commit;
  }

  void PushCommit(const std::string& name, const CommitId& commit,
                  const std::string& reference = "refs/heads/main", Force force = Force::kNo) {
    const auto remote =
        MakeLocalRemote(*registry_, Access::Owner(), *registry::RepositoryName::Parse(name), name);
    const auto pushed = site_.PushTo(*remote, commit, reference, force);
    ASSERT_TRUE(pushed.ok()) << pushed.status();
  }

  CommitId PushDeclared(const std::string& name, const Bytes& model, const CommitId& source,
                        const std::string& how) {
    site_.message = fmt::format("made\n\nDerived-From: {} (acme/base@main)\nDerived-How: {}\n",
                                source.ToHex(), how);
    const CommitId commit = Push(name, model);
    site_.message = "a version\n";
    return commit;
  }

  Lineage Trace(LineageQuestion question, const registry::Caller& caller = Access::Owner()) {
    EXPECT_TRUE(knowledge().Follow().ok());
    auto lineage = knowledge().TraceLineage(caller, question);
    EXPECT_TRUE(lineage.ok()) << lineage.status();
    return lineage.ok() ? *std::move(lineage) : Lineage();
  }

  static LineageQuestion Up(const CommitId& version) {
    LineageQuestion question{.version = version.ToHex()};
    question.has_derived = false;
    return question;
  }

  static LineageQuestion Down(const CommitId& version) {
    LineageQuestion question{.version = version.ToHex()};
    question.has_sources = false;
    return question;
  }

  // "acme/tuned <- acme/base inferred fine-tune" of each edge.
  std::vector<std::string> Edges(const LineageQuestion& question,
                                 const registry::Caller& caller = Access::Owner()) {
    std::vector<std::string> texts;
    for (const LineageEdge& edge : Trace(question, caller).edges) {
      texts.push_back(fmt::format("{} <- {} {}{}{}", names_[edge.child], names_[edge.source],
                                  registry::NameOf(edge.kind), edge.how.empty() ? "" : " ",
                                  edge.how));
    }
    return texts;
  }

  registry::Knowledge& knowledge() { return registry_->knowledge(); }

  registry::Caller Member(const std::string& space) {
    registry::TokenInfo wanted;
    wanted.name = "ben-of-" + space;
    wanted.scope = space;
    const auto token = *registry_->access().CreateToken(Access::Owner(), wanted);
    return *registry_->access().Authenticate(token.secret);
  }

  static Bytes Make(uint64_t seed, int hidden = 64) {
    return test_models::MakeTransformerModel({.seed = seed,
                                              .type = test_models::ParameterType::kFloat32,
                                              .hidden = hidden,
                                              .vocabulary = 300});
  }
  static Bytes Tuned(const Bytes& model, uint64_t seed = 7) {
    return test_models::FineTune(model, 1, 0.05, seed);
  }
  static Bytes Renamed(const Bytes& model) { return test_models::RenameInitializers(model, "x/"); }

  const std::string directory_ = FreshDirectory();
  const SystemClock clock_;
  const registry::RegistryOptions options_{.anonymous_read = registry::AnonymousRead::kForbidden};
  std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      directory_, registry::OpenMode::kCreate, options_, PosixFileSystem(), clock_);
  Site site_;
  std::map<CommitId, std::string> names_;
  const Bytes base_model_ = Make(1);
};

TEST_F(LineageTest, IsDeclaredInGitAndInferred) {
  const CommitId base = Push("acme/base", base_model_);
  const CommitId tuned = PushDeclared("acme/tuned", Tuned(base_model_), base, "fine-tune");
  const CommitId wild = Push("other/wild", Renamed(Tuned(base_model_, 8)));
  const CommitId small = Push("other/small", test_models::Quantise(base_model_));
  const CommitId half = Push("other/half", Renamed(test_models::CastToHalf(base_model_)));
  Push("other/unrelated", Make(2, 96));
  Push("other/sibling", Make(3));  // the same architecture, trained from nothing
  EXPECT_THAT(Edges(Down(base)), UnorderedElementsAre("acme/tuned <- acme/base declared fine-tune",
                                                      "other/wild <- acme/base inferred fine-tune",
                                                      "other/small <- acme/base inferred quantize",
                                                      "other/half <- acme/base inferred cast"));
  EXPECT_THAT(Edges(Up(base)), IsEmpty());
  EXPECT_THAT(Edges(Up(tuned)), ElementsAre("acme/tuned <- acme/base declared fine-tune"));
  EXPECT_THAT(Edges(Up(wild)), ElementsAre("other/wild <- acme/base inferred fine-tune"));
  for (const CommitId& made : {small, half}) {
    const Lineage lineage = Trace(Up(made));
    ASSERT_EQ(lineage.edges.size(), 1);
    EXPECT_TRUE(lineage.edges[0].is_directed_by_content);
    EXPECT_GE(lineage.edges[0].confidence, 0.8);
    EXPECT_EQ(lineage.edges[0].path, "m.onnx");
  }
}

// To a quantised model its source and fine-tunes of that are about as near.
TEST_F(LineageTest, WhatWasMadeLaterIsNotTakenForTheSource) {
  const CommitId base = Push("acme/base", base_model_);
  const CommitId small = Push("other/small", test_models::Quantise(base_model_));
  CommitId last = base;
  for (uint64_t seed = 20; seed < 28; ++seed) {
    last = Push("acme/base", test_models::FineTune(base_model_, 1, 0.003, seed), {last});
  }
  EXPECT_THAT(Edges(Up(small)), ElementsAre("other/small <- acme/base inferred quantize"));
  EXPECT_EQ(Trace(Up(small)).edges[0].source, base);
}

TEST_F(LineageTest, OfThoseThatAreAboutAsNearTheOldestIsTheSource) {
  for (uint64_t seed = 11; seed < 15; ++seed) {
    const std::string space = fmt::format("s{}", seed);
    const Bytes model = Make(seed);
    Push(space + "/base", model);
    for (uint64_t i = 0; i < 4; ++i) Push(fmt::format("{}/tuned{}", space, i), Tuned(model, i));
    const CommitId small = Push(space + "/small", test_models::QuantiseBlocks(model));
    EXPECT_THAT(Edges(Up(small)),
                ElementsAre(fmt::format("{0}/small <- {0}/base inferred quantize", space)));
  }
}

TEST_F(LineageTest, GoesOnFromVersionToVersionAcrossRepositories) {
  const CommitId base = Push("acme/base", base_model_);
  const CommitId tuned = PushDeclared("b/tuned", Tuned(base_model_), base, "fine-tune");
  const CommitId later = Push("b/tuned", Make(5, 96), {tuned});
  const CommitId small = Push("c/small", test_models::Quantise(Make(5, 96)));
  EXPECT_THAT(Edges(Down(base)),
              ElementsAre("b/tuned <- acme/base declared fine-tune", "b/tuned <- b/tuned parent",
                          "c/small <- b/tuned inferred quantize"));
  EXPECT_THAT(Edges(Up(small)),
              ElementsAre("c/small <- b/tuned inferred quantize", "b/tuned <- b/tuned parent",
                          "b/tuned <- acme/base declared fine-tune"));
  EXPECT_THAT(Edges(Up(later)),
              ElementsAre("b/tuned <- b/tuned parent", "b/tuned <- acme/base declared fine-tune"));
}

TEST_F(LineageTest, WhatAParentExplainsIsNotInferred) {
  const CommitId base = Push("acme/base", base_model_);
  const Bytes first = Tuned(base_model_);
  const CommitId one = Push("b/tuned", first);
  const CommitId two = Push("b/tuned", test_models::FineTune(first, 1, 0.01, 9), {one});
  EXPECT_THAT(Edges(Up(two)),
              ElementsAre("b/tuned <- b/tuned parent", "b/tuned <- acme/base inferred fine-tune"));
  EXPECT_EQ(Trace(Up(two)).edges[1].child, one);
  EXPECT_EQ(Trace(Up(two)).edges[1].source, base);
}

TEST_F(LineageTest, WhatIsDeclaredIsNotTurnedRoundByClocks) {
  const CommitId base = Push("acme/base", base_model_);
  site_.seconds -= 100;
  const CommitId tuned = PushDeclared("b/tuned", Tuned(base_model_), base, "fine-tune");
  EXPECT_THAT(Edges(Up(base)), IsEmpty());
  EXPECT_THAT(Edges({.version = tuned.ToHex()}),
              ElementsAre("b/tuned <- acme/base declared fine-tune"));
}

TEST_F(LineageTest, TheSameFileElsewhereIsACopy) {
  const CommitId base = Push("acme/base", base_model_);
  const CommitId copy = Push("b/copy", base_model_);
  const CommitId tuned = Push("c/tuned", Tuned(base_model_));
  EXPECT_THAT(Edges(Up(copy)), ElementsAre("b/copy <- acme/base inferred copy"));
  EXPECT_EQ(Trace(Up(copy)).edges[0].confidence, 1);
  EXPECT_THAT(Edges(Up(tuned)), ElementsAre("c/tuned <- acme/base inferred fine-tune"));
  // What has the same model as the original may be the source as well.
  EXPECT_THAT(Edges(Down(copy)), ElementsAre("c/tuned <- b/copy inferred fine-tune"));
  EXPECT_THAT(Edges(Down(base)), UnorderedElementsAre("b/copy <- acme/base inferred copy",
                                                      "c/tuned <- acme/base inferred fine-tune"));
}

TEST_F(LineageTest, AVersionWithTheModelOfItsParentLeadsToTheSame) {
  const CommitId base = Push("acme/base", base_model_);
  site_.seconds += 10;
  const CommitId later = site_.Commit({{"m.onnx", base_model_}, {"README.md", "# Base\n"}}, {base});
  PushCommit("acme/base", later);
  names_[later] = "acme/later";
  Push("c/tuned", Tuned(base_model_));
  EXPECT_THAT(Edges(Down(later)), ElementsAre("c/tuned <- acme/later inferred fine-tune"));
}

TEST_F(LineageTest, WhatIsInProductionIsOneQuestion) {
  const CommitId base = Push("acme/base", base_model_);
  const CommitId tuned = PushDeclared("b/tuned", Tuned(base_model_), base, "fine-tune");
  PushCommit("b/tuned", tuned, "refs/tags/v1");
  const CommitId small = Push("c/small", test_models::Quantise(Tuned(base_model_)));
  PushCommit("c/small", small, "refs/heads/prod");
  Push("d/other", Tuned(base_model_, 9));
  LineageQuestion question = Down(base);
  question.reference = "prod";
  const Lineage lineage = Trace(question);
  EXPECT_THAT(Edges(question), ElementsAre("b/tuned <- acme/base declared fine-tune",
                                           "c/small <- b/tuned inferred quantize"));
  ASSERT_EQ(lineage.nodes.size(), 3);
  EXPECT_THAT(lineage.nodes[2].places[0].references,
              ElementsAre("refs/heads/main", "refs/heads/prod"));
  question.reference = "v1";
  EXPECT_THAT(Edges(question), ElementsAre("b/tuned <- acme/base declared fine-tune"));
  question.reference = "refs/heads/v1";
  EXPECT_THAT(Edges(question), IsEmpty());
  question.version = "acme/base@main";
  question.reference = "prod";
  EXPECT_EQ(Edges(question).size(), 2);
}

TEST_F(LineageTest, WhatMayNotBeReadIsNotThere) {
  const CommitId base = Push("acme/base", base_model_);
  const CommitId hidden = PushDeclared("secret/tuned", Tuned(base_model_), base, "fine-tune");
  PushDeclared("acme/small", test_models::Quantise(Tuned(base_model_)), hidden, "quantize");
  const CommitId own = Push("acme/own", Renamed(Tuned(base_model_, 9)));
  const registry::Caller ben = Member("acme");
  EXPECT_THAT(Edges(Down(base), ben), ElementsAre("acme/own <- acme/base inferred fine-tune",
                                                  "acme/small <- acme/base inferred quantize"));
  EXPECT_THAT(Edges(Up(own), ben), ElementsAre("acme/own <- acme/base inferred fine-tune"));
  EXPECT_TRUE(absl::IsNotFound(knowledge().TraceLineage(ben, Up(hidden)).status()));
  EXPECT_TRUE(
      absl::IsNotFound(knowledge().TraceLineage(ben, {.version = "secret/tuned@main"}).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(
      knowledge().TraceLineage(registry_->access().Anonymous(), Up(base)).status()));
  // An older copy that is hidden does not stand for the source.
  const CommitId copy = Push("acme/copy", Tuned(base_model_));
  EXPECT_THAT(Edges(Up(copy), ben), ElementsAre("acme/copy <- acme/base inferred fine-tune"));
}

TEST_F(LineageTest, ADeclaredSourceThatIsNotHereIsNamed) {
  const CommitId absent = *CommitId::FromBytes(Bytes(CommitId::kBytes, 'x'));
  const CommitId tuned = PushDeclared("b/tuned", Tuned(base_model_), absent, "fine-tune");
  const Lineage lineage = Trace(Up(tuned));
  ASSERT_EQ(lineage.nodes.size(), 2);
  EXPECT_EQ(lineage.nodes[1].commit, absent);
  EXPECT_THAT(lineage.nodes[1].places, IsEmpty());
  EXPECT_EQ(lineage.nodes[1].name, "acme/base@main");
  EXPECT_EQ(lineage.edges[0].kind, LineageKind::kDeclared);
}

TEST_F(LineageTest, IsTheSameOnceTheCatalogIsMadeAnew) {
  const CommitId base = Push("z/base", base_model_);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(knowledge().Follow().ok());
    Push(fmt::format("a/tuned{}", i), Tuned(base_model_, static_cast<uint64_t>(20 + i)));
  }
  Push("a/small", test_models::Quantise(Tuned(base_model_, 21)));
  const auto before = Edges(Down(base));
  EXPECT_THAT(before, IsSupersetOf({"a/tuned0 <- z/base inferred fine-tune",
                                    "a/tuned3 <- z/base inferred fine-tune",
                                    "a/small <- a/tuned1 inferred quantize"}));
  ASSERT_TRUE(knowledge().Rebuild(Access::Owner()).ok());
  EXPECT_EQ(Edges(Down(base)), before);
}

TEST_F(LineageTest, VersionsOutOfReachAreGone) {
  const CommitId base = Push("acme/base", base_model_);
  const CommitId tuned = Push("b/tuned", Tuned(base_model_));
  EXPECT_EQ(Edges(Down(base)).size(), 1);
  site_.seconds += 10;
  const CommitId other = site_.Commit({{"README.md", "# Another\n"}});
  PushCommit("b/tuned", other, "refs/heads/main", Force::kYes);
  EXPECT_THAT(Edges(Down(base)), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(knowledge().TraceLineage(Access::Owner(), Up(tuned)).status()));
}

TEST_F(LineageTest, IsCutWhereThereIsTooMuch) {
  CommitId tip = Push("acme/base", base_model_);
  const CommitId root = tip;
  for (int i = 0; i < 5; ++i) {
    site_.seconds += 10;
    tip = site_.Commit({{"n", std::to_string(i)}}, {tip});
    names_[tip] = "acme/base";
  }
  PushCommit("acme/base", tip);
  LineageQuestion question = Down(root);
  question.most_nodes = 4;
  const Lineage lineage = Trace(question);
  EXPECT_TRUE(lineage.is_cut);
  EXPECT_EQ(lineage.nodes.size(), 4);
  EXPECT_EQ(lineage.edges.size(), 3);
  EXPECT_FALSE(Trace(Down(root)).is_cut);
  for (const size_t wrong : {size_t{0}, registry::kMostLineageNodes + 1}) {
    question.most_nodes = wrong;
    EXPECT_TRUE(
        absl::IsInvalidArgument(knowledge().TraceLineage(Access::Owner(), question).status()));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      knowledge().TraceLineage(Access::Owner(), {.version = "nonsense"}).status()));
}

TEST_F(LineageTest, NamesAndShapesAloneAreShownOnlyWhereTheyAreAskedFor) {
  const CommitId base = Push("acme/base", base_model_);
  Push("b/sibling", Make(3));
  LineageQuestion question = Down(base);
  EXPECT_THAT(Edges(question), IsEmpty());
  question.least_confidence = 0.1;
  EXPECT_THAT(Edges(question), ElementsAre("b/sibling <- acme/base inferred"));
}

TEST_F(LineageTest, ComesBackFromJson) {
  const CommitId base = Push("acme/base", base_model_);
  Push("b/tuned", Tuned(base_model_));
  PushDeclared("c/small", test_models::Quantise(base_model_), base, "quantize");
  const std::string json = LineageToJson(Trace({.version = base.ToHex()}));
  const auto read = LineageFromJson(json);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(LineageToJson(*read), json);
  EXPECT_EQ(read->nodes.size(), 3);
  EXPECT_EQ(read->edges.size(), 2);
  for (const char* wrong : {"", "{}", "[]", R"({"root": "x", "nodes": [], "edges": []})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(LineageFromJson(wrong).status())) << wrong;
  }
}

}  // namespace
}  // namespace mreg::sync
