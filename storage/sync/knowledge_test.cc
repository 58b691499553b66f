// What a registry knows of the models that are pushed to it.
#include "storage/registry/knowledge.h"

#include <gmock/gmock.h>

#include "storage/kv/rocksdb_store.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"

namespace mreg::sync {
namespace {

using registry::Access;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Bytes ReplaceOnce(Bytes text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

class KnowledgeTest : public testing::Test {
 protected:
  void Push(const char* name, const CommitId& commit) {
    ASSERT_TRUE(site_.PushTo(*Connect(name), commit).ok());
  }
  std::unique_ptr<Remote> Connect(const char* name) {
    return MakeLocalRemote(*registry_, Access::Owner(), *registry::RepositoryName::Parse(name),
                           name);
  }
  registry::Knowledge& knowledge() { return registry_->knowledge(); }
  // "acme/a model.onnx" of each hit.
  std::vector<std::string> Find(const char* query) {
    const auto found = knowledge().Search(Access::Owner(), query, {});
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> hits;
    if (!found.ok()) return hits;
    for (const catalog::Hit& hit : found->result.hits) {
      hits.push_back(hit.repository + " " + hit.summary.path);
    }
    return hits;
  }

  const std::string directory_ = FreshDirectory();
  const SystemClock clock_;
  const registry::RegistryOptions options_{.anonymous_read = registry::AnonymousRead::kForbidden};
  std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      directory_, registry::OpenMode::kCreate, options_, PosixFileSystem(), clock_);
  Site site_;
  const Bytes half_ = test_models::MakeTransformerModel(
      {.type = test_models::ParameterType::kFloat16, .vocabulary = 50});
  const Bytes full_ = test_models::MakeTransformerModel(
      {.type = test_models::ParameterType::kFloat32, .vocabulary = 50});
};

TEST_F(KnowledgeTest, FindsWhatWasPushed) {
  Push("acme/half",
       site_.Commit({{"m.onnx", half_},
                     {"README.md", "---\nlicense: mit\ntags: [vad]\n---\n# Voice activity\n"}}));
  Push("acme/full", site_.Commit({{"dir/m.onnx", full_}}));
  Push("other/text", site_.Commit({{"README.md", "# Voices without a model\n"}}));
  EXPECT_EQ(knowledge().Search(Access::Owner(), "", {})->behind, 6u);
  EXPECT_THAT(Find(""), IsEmpty());
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_EQ(knowledge().Search(Access::Owner(), "", {})->behind, 0u);
  EXPECT_THAT(Find(""),
              UnorderedElementsAre("acme/half m.onnx", "acme/full dir/m.onnx", "other/text "));
  EXPECT_THAT(Find("dtype:fp16"), ElementsAre("acme/half m.onnx"));
  EXPECT_THAT(Find("op:MatMul opset>=17 -dtype:fp16"), ElementsAre("acme/full dir/m.onnx"));
  EXPECT_THAT(Find("voice"), ElementsAre("acme/half m.onnx"));
  EXPECT_THAT(Find("license:MIT tag:vad,asr"), ElementsAre("acme/half m.onnx"));
  EXPECT_THAT(Find("target:ort-1.23.2-cpu"),
              UnorderedElementsAre("acme/half m.onnx", "acme/full dir/m.onnx"));
  EXPECT_THAT(Find("ns:other"), ElementsAre("other/text "));
  EXPECT_TRUE(
      absl::IsInvalidArgument(knowledge().Search(Access::Owner(), "opsett:17", {}).status()));
}

TEST_F(KnowledgeTest, FollowsVersionsAsTheyComeAndGo) {
  const CommitId first = site_.Commit({{"m.onnx", half_}});
  Push("acme/a", first);
  ASSERT_TRUE(knowledge().Follow().ok());
  const CommitId second = site_.Commit({{"m.onnx", full_}}, {first});
  Push("acme/a", second);
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_THAT(Find("dtype:fp16"), IsEmpty());
  EXPECT_THAT(Find("dtype:fp16 version:all"), ElementsAre("acme/a m.onnx"));
  EXPECT_THAT(Find("dtype:fp32"), ElementsAre("acme/a m.onnx"));

  const PushItem removal{"refs/heads/main", std::nullopt};
  ASSERT_TRUE(sync::Push(*site_.history, site_.content, *Connect("acme/a"), {&removal, 1},
                         Force::kYes, DryRun::kNo, "remove", nullptr)
                  .ok());
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_THAT(Find("version:all"), IsEmpty());

  Push("acme/a", site_.Commit({{"m.onnx", full_}, {"more", "text"}}, {second}));
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_THAT(Find("version:all"), ElementsAre("acme/a m.onnx", "acme/a m.onnx", "acme/a m.onnx"))
      << "they came back";
  EXPECT_THAT(Find("dtype:fp32"), ElementsAre("acme/a m.onnx"));
}

TEST_F(KnowledgeTest, TellsOfTheModelsOfAVersion) {
  Push("acme/a", site_.Commit({{"a.onnx", half_}, {"dir/b.onnx", full_}, {"README.md", "# A\n"}}));
  const auto name = *registry::RepositoryName::Parse("acme/a");
  const auto early = knowledge().Models(Access::Owner(), name, "main");
  ASSERT_TRUE(early.ok()) << early.status();
  EXPECT_THAT(early->models, IsEmpty());
  EXPECT_GT(early->behind, 0u);
  ASSERT_TRUE(knowledge().Follow().ok());
  const auto found = knowledge().Models(Access::Owner(), name, "main");
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->models.size(), 2u);
  EXPECT_EQ(found->behind, 0u);
  EXPECT_EQ(found->models[1].file.path, "dir/b.onnx");
  EXPECT_THAT(found->models[1].record.facts, HasSubstr("\"ir_version\":8"));
  EXPECT_THAT(found->models[1].record.verdicts,
              HasSubstr("\"target\":\"ort-1.23.2-cpu\",\"support\":\"supported\""));
  EXPECT_EQ(found->models[1].record.lint, "");
  EXPECT_EQ(knowledge().Models(Access::Owner(), name, "main", "a.onnx")->models.size(), 1u);
  for (const char* absent : {"README.md", "none.onnx"}) {
    EXPECT_TRUE(
        absl::IsNotFound(knowledge().Models(Access::Owner(), name, "main", absent).status()));
  }
  EXPECT_TRUE(absl::IsNotFound(knowledge().Models(Access::Owner(), name, "v9").status()));
  EXPECT_TRUE(absl::IsUnauthenticated(
      knowledge().Models(registry_->access().Anonymous(), name, "main").status()));
}

TEST_F(KnowledgeTest, LintsEachModelOnceAndGoesOnAfterARestart) {
  const auto linter = lint::Linter::Open(MREG_LINT_ONNX, {});
  ASSERT_TRUE(linter.ok()) << linter.status();
  const Bytes wrong = ReplaceOnce(half_, "MatMul", "MatMil");
  const CommitId first = site_.Commit({{"a.onnx", half_}, {"same.onnx", half_}, {"b.onnx", wrong}});
  Push("acme/a", first);
  EXPECT_FALSE(*knowledge().LintStep(*linter, {}));
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_TRUE(*knowledge().LintStep(*linter, {}));
  registry_.reset();
  registry_ = *registry::OpenRegistry(directory_, registry::OpenMode::kExisting, options_,
                                      PosixFileSystem(), clock_);
  EXPECT_TRUE(*knowledge().LintStep(*linter, {}));
  EXPECT_FALSE(*knowledge().LintStep(*linter, {}));
  EXPECT_THAT(Find("lint:passed"), UnorderedElementsAre("acme/a a.onnx", "acme/a same.onnx"));
  EXPECT_THAT(Find("lint:failed"), ElementsAre("acme/a b.onnx"));

  Push("acme/a", site_.Commit({{"c.onnx", wrong}}, {first}));
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_FALSE(*knowledge().LintStep(*linter, {}));
  EXPECT_THAT(Find("lint:failed"), ElementsAre("acme/a c.onnx"));
  const auto name = *registry::RepositoryName::Parse("acme/a");
  EXPECT_THAT(knowledge().Models(Access::Owner(), name, "main")->models.at(0).record.lint,
              HasSubstr("topologically sorted"));
}

TEST_F(KnowledgeTest, AStoppedLintLeavesTheModelForTheNextOne) {
  const auto linter = lint::Linter::Open(MREG_LINT_ONNX, {});
  Push("acme/a", site_.Commit({{"a.onnx", half_}}));
  ASSERT_TRUE(knowledge().Follow().ok());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(absl::IsCancelled(knowledge().LintStep(*linter, stop.get_token()).status()));
  EXPECT_TRUE(*knowledge().LintStep(*linter, {}));
}

TEST_F(KnowledgeTest, EntersManyVersionsInPortions) {
  // Each card counts 64 KiB of the 32 MiB that are held at a time.
  const Bytes card = "# Card\n" + Bytes(100'000, 'x');
  CommitId tip = site_.Commit({{"README.md", card}, {"n", "0"}});
  for (int i = 1; i < 700; ++i) {
    tip = site_.Commit({{"README.md", card}, {"n", std::to_string(i)}}, {tip});
  }
  Push("acme/long", tip);
  ASSERT_TRUE(knowledge().Follow().ok());
  const auto all = knowledge().Search(Access::Owner(), "version:all", {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->result.total, 700u);
  const auto latest = knowledge().Search(Access::Owner(), "", {});
  ASSERT_EQ(latest->result.total, 1u);
  EXPECT_EQ(latest->result.hits[0].summary.commit, tip);
}

TEST_F(KnowledgeTest, ADamagedRepositoryKeepsNoOtherOut) {
  Push("acme/bad", site_.Commit({{"README.md", "# Bad\n"}}));
  const CommitId good = site_.Commit({{"m.onnx", half_}});
  Push("acme/good", good);
  registry_.reset();
  {
    const auto store = *kv::OpenRocksDb(JoinPath(directory_, "index"));
    kv::Batch batch;
    Bytes first;  // the number that begins the keys of the repository made first
    ASSERT_TRUE(store
                    ->Scan(kv::Table::kObjects, "", "",
                           [&](ByteView key, ByteView) {
                             if (first.empty()) first = key.substr(0, 8);
                             if (key.starts_with(first)) batch.Remove(kv::Table::kObjects, key);
                             return true;
                           })
                    .ok());
    ASSERT_FALSE(batch.writes().empty());
    ASSERT_TRUE(store->Commit(batch).ok());
  }
  registry_ = *registry::OpenRegistry(directory_, registry::OpenMode::kExisting, options_,
                                      PosixFileSystem(), clock_);
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_THAT(Find(""), ElementsAre("acme/good m.onnx"));
}

TEST_F(KnowledgeTest, IsMadeAnewFromNothing) {
  Push("acme/a", site_.Commit({{"m.onnx", half_}}));
  ASSERT_TRUE(knowledge().Follow().ok());
  ASSERT_TRUE(knowledge().Rebuild(Access::Owner()).ok());
  EXPECT_THAT(Find(""), ElementsAre("acme/a m.onnx"));
  EXPECT_FALSE(knowledge().Rebuild(registry_->access().Anonymous()).ok());

  registry_.reset();
  ASSERT_TRUE(PosixFileSystem().Remove(JoinPath(directory_, "catalog.sqlite")).ok());
  registry_ = *registry::OpenRegistry(directory_, registry::OpenMode::kExisting, options_,
                                      PosixFileSystem(), clock_);
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_THAT(Find(""), ElementsAre("acme/a m.onnx"));
}

TEST_F(KnowledgeTest, TellsNobodyOfWhatTheyMayNotRead) {
  Push("acme/a", site_.Commit({{"m.onnx", half_}}));
  Push("secret/b", site_.Commit({{"m.onnx", full_}}));
  ASSERT_TRUE(knowledge().Follow().ok());
  EXPECT_TRUE(absl::IsUnauthenticated(
      knowledge().Search(registry_->access().Anonymous(), "", {}).status()));
  registry::TokenInfo wanted;
  wanted.name = "ben";
  wanted.scope = "acme";
  const auto token = *registry_->access().CreateToken(Access::Owner(), wanted);
  const auto ben = *registry_->access().Authenticate(token.secret);
  catalog::Page page;
  page.has_facets = true;
  const auto found = knowledge().Search(ben, "", page);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->result.total, 1u);
  for (const catalog::Facet& facet : found->result.facets) {
    for (const catalog::FacetValue& value : facet.values) EXPECT_NE(value.value, "secret");
  }
  EXPECT_EQ(knowledge().Search(ben, "ns:secret", page)->result.total, 0u);
}

}  // namespace
}  // namespace mreg::sync
