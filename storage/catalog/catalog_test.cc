#include "storage/catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "schema/base/file_system.h"
#include "schema/base/sha256.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

CommitId Commit(int number) {
  Bytes raw(CommitId::kBytes, '\0');
  raw[0] = static_cast<char>(number);
  raw[1] = static_cast<char>(number >> 8);
  return *CommitId::FromBytes(raw);
}

Entry Model(int commit, std::vector<Term> terms = {}, std::string about = "") {
  Entry entry;
  entry.summary.commit = Commit(commit);
  entry.summary.path = "model.onnx";
  entry.terms = std::move(terms);
  entry.about = std::move(about);
  return entry;
}

Entry Sized(int commit, int64_t size) {
  Entry entry = Model(commit);
  entry.summary.numbers[Number::kSize] = size;
  return entry;
}

class CatalogTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    Open();
  }

  void Open() {
    catalog_ = nullptr;
    auto opened = OpenCatalog(path());
    ASSERT_TRUE(opened.ok()) << opened.status();
    catalog_ = *std::move(opened);
  }

  std::string path() const { return JoinPath(directory_, "catalog.sqlite"); }

  void Apply(RepositoryUpdate update) {
    const auto status = catalog_->Apply({++cursor_, {std::move(update)}});
    ASSERT_TRUE(status.ok()) << status;
  }

  // A version that is the repository's latest.
  void Push(const std::string& repository, Entry entry) {
    const CommitId commit = entry.summary.commit;
    Apply({repository, {std::move(entry)}, commit, {}});
  }

  SearchResult Result(std::string_view text, const Page& page = {},
                      const std::optional<std::string>& only = {}) {
    const auto query = ParseQuery(text);
    EXPECT_TRUE(query.ok()) << query.status();
    auto result = catalog_->Search(*query, page, only);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : SearchResult();
  }

  std::vector<std::string> Names(std::string_view text,
                                 const std::optional<std::string>& only = {}) {
    std::vector<std::string> names;
    for (const Hit& hit : Result(text, {}, only).hits) names.push_back(hit.repository);
    return names;
  }

  std::vector<CommitId> Commits(std::string_view text) {
    std::vector<CommitId> commits;
    for (const Hit& hit : Result(text).hits) commits.push_back(hit.summary.commit);
    return commits;
  }

  std::string directory_ = JoinPath(testing::TempDir(), "catalog-XXXXXX");
  std::unique_ptr<Catalog> catalog_;
  uint64_t cursor_ = 0;
};

TEST_F(CatalogTest, ANewOneIsEmpty) {
  EXPECT_EQ(catalog_->Cursor(), 0);
  EXPECT_THAT(Names(""), IsEmpty());
  EXPECT_THAT(Names("vad op:Conv size<1MB -x sort:size"), IsEmpty());
  EXPECT_THAT(*catalog_->KnownVersions("a/b"), IsEmpty());
}

TEST_F(CatalogTest, AnEntryComesBackWhole) {
  Entry entry = Model(1);
  entry.summary.model = IdOf<ArtifactId>("model");
  entry.summary.time = TimePoint(std::chrono::milliseconds(1'700'000'000'123));
  entry.summary.numbers[Number::kSize] = 5;
  entry.summary.numbers[Number::kOpset] = 17;
  entry.summary.numbers[Number::kNodes] = 9;
  entry.summary.dtype = "float16";
  entry.summary.license = "mit";
  entry.summary.task = "vad";
  entry.facts = "{\"a\":1}";
  Push("acme/vad", entry);
  Open();

  const auto hits = Result("").hits;
  ASSERT_EQ(hits.size(), 1);
  const Summary& found = hits[0].summary;
  EXPECT_EQ(hits[0].repository, "acme/vad");
  EXPECT_EQ(found.commit, Commit(1));
  EXPECT_EQ(found.path, "model.onnx");
  EXPECT_EQ(found.model, entry.summary.model);
  EXPECT_EQ(found.time, entry.summary.time);
  for (const Number number :
       {Number::kSize, Number::kOpset, Number::kIr, Number::kParameters, Number::kNodes}) {
    EXPECT_EQ(found.numbers[number], entry.summary.numbers[number]);
  }
  EXPECT_EQ(found.dtype, "float16");
  EXPECT_EQ(found.license, "mit");
  EXPECT_EQ(found.task, "vad");
  EXPECT_EQ(catalog_->ModelOf(*found.model)->facts, "{\"a\":1}");
  EXPECT_TRUE(absl::IsNotFound(catalog_->ModelOf(IdOf<ArtifactId>("other")).status()));
}

TEST_F(CatalogTest, WhatWasAppliedIsThereAfterReopening) {
  Push("a/one", Model(1, {{"op", "Conv"}}, "detects voices"));
  Push("a/two", Sized(2, 100));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(catalog_->Cursor(), 2);
    EXPECT_THAT(Names("op:conv"), ElementsAre("a/one"));
    EXPECT_THAT(Names("voices"), ElementsAre("a/one"));
    EXPECT_THAT(Names("size>=100"), ElementsAre("a/two"));
    EXPECT_THAT(Names(""), ElementsAre("a/two", "a/one"));
    Open();
  }
}

TEST_F(CatalogTest, TermsAreAnyOfAllAndNone) {
  Push("a/one", Model(1, {{"op", "Conv"}, {"license", "MIT"}}));
  Push("a/two", Model(2, {{"op", "Conv"}, {"license", "Apache-2.0"}}));
  Push("a/three", Model(3, {{"op", "Gemm"}}));
  EXPECT_THAT(Names("op:CONV"), ElementsAre("a/two", "a/one"));
  EXPECT_THAT(Names("op:conv license:mit"), ElementsAre("a/one"));
  EXPECT_THAT(Names("op:conv,gemm"), ElementsAre("a/three", "a/two", "a/one"));
  EXPECT_THAT(Names("-op:conv"), ElementsAre("a/three"));
  EXPECT_THAT(Names("-license:mit,apache-2.0"), ElementsAre("a/three"));
  EXPECT_THAT(Names("op:nothing"), IsEmpty());
  EXPECT_THAT(Names("repo:two"), ElementsAre("a/two"));
  EXPECT_THAT(Names("repo:A/TWO"), ElementsAre("a/two"));
  EXPECT_THAT(Names("ns:a -repo:two,three"), ElementsAre("a/one"));
}

TEST_F(CatalogTest, NumbersAreWithinLimitsAndTheUnknownInNone) {
  Push("a/small", Sized(1, 10));
  Push("a/large", Sized(2, 2'000));
  Push("a/unknown", Model(3));
  EXPECT_THAT(Names("size<2kB"), ElementsAre("a/small"));
  EXPECT_THAT(Names("size>=2kB"), ElementsAre("a/large"));
  EXPECT_THAT(Names("size>=0"), ElementsAre("a/large", "a/small"));
  EXPECT_THAT(Names("size:10,11,2000"), ElementsAre("a/large", "a/small"));
  EXPECT_THAT(Names("-size<2kB"), ElementsAre("a/unknown", "a/large"));
}

TEST_F(CatalogTest, TheLatestVersionStandsForARepository) {
  Push("a/one", Model(1, {{"op", "Conv"}}));
  Push("a/one", Model(2, {{"op", "Gemm"}}));
  EXPECT_THAT(Commits(""), ElementsAre(Commit(2)));
  EXPECT_THAT(Commits("op:conv"), IsEmpty());
  EXPECT_THAT(Commits("op:conv version:all"), ElementsAre(Commit(1)));
  EXPECT_THAT(Commits("version:all"), ElementsAre(Commit(2), Commit(1)));
  EXPECT_THAT(*catalog_->KnownVersions("a/one"), UnorderedElementsAre(Commit(1), Commit(2)));

  Apply({"a/one", {}, Commit(1), {}});
  EXPECT_THAT(Commits(""), ElementsAre(Commit(1)));
}

TEST_F(CatalogTest, AVersionThatIsNoMoreIsNotFound) {
  Push("a/one", Model(1));
  Push("a/one", Model(2));
  Push("a/other", Model(2));
  Apply({"a/one", {}, Commit(1), absl::flat_hash_set<CommitId>{Commit(1)}});
  EXPECT_THAT(Names("version:all"), ElementsAre("a/other", "a/one"));
  Apply({"a/one", {}, {}, absl::flat_hash_set<CommitId>{}});
  EXPECT_THAT(Names("version:all"), ElementsAre("a/other"));
  EXPECT_THAT(*catalog_->KnownVersions("a/one"), IsEmpty());

  Apply({"a/one", {}, {}, absl::flat_hash_set<CommitId>{Commit(1)}});
  EXPECT_THAT(Names(""), ElementsAre("a/other", "a/one")) << "it came back";
}

TEST_F(CatalogTest, AnEntryTakesThePlaceOfItsLike) {
  Push("a/one", Model(1));
  Push("a/one", Model(1, {{"validated", "yes"}}));
  EXPECT_THAT(Names("version:all"), ElementsAre("a/one"));
  EXPECT_THAT(Names("validated:yes"), ElementsAre("a/one"));
  EXPECT_EQ(catalog_->KnownVersions("a/one")->size(), 1);
  Open();
  EXPECT_THAT(Names("version:all"), ElementsAre("a/one"));
}

TEST_F(CatalogTest, AVersionHasAnEntryForEachModel) {
  Entry second = Model(1);
  second.summary.path = "small/model.onnx";
  Apply({"a/one", {Model(1), second}, Commit(1), {}});
  EXPECT_EQ(Result("").total, 2);
  EXPECT_THAT(*catalog_->KnownVersions("a/one"), ElementsAre(Commit(1)));
  EXPECT_THAT(Names("small"), ElementsAre("a/one"));
}

TEST_F(CatalogTest, AnUpdateIsAllOrNothing) {
  Push("a/one", Model(1));
  const auto status =
      catalog_->Apply({9,
                       {{"a/two", {Model(2, {{"op", "Conv"}}, "voices")}, Commit(2), {}},
                        {"a/three", {Model(3), Model(3)}, Commit(3), {}}}});
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(catalog_->Cursor(), 1);
    EXPECT_THAT(Names("version:all"), ElementsAre("a/one"));
    EXPECT_THAT(Names("op:conv"), IsEmpty());
    EXPECT_THAT(*catalog_->KnownVersions("a/two"), IsEmpty());
    Open();
  }
  Push("a/two", Model(2, {}, "text"));
  EXPECT_THAT(Names("voices"), IsEmpty());
  EXPECT_THAT(Names("text"), ElementsAre("a/two"));
}

TEST_F(CatalogTest, WordsInNamesComeFirst) {
  Push("a/vad", Model(1));
  Push("a/other", Model(2, {}, "a voice activity detector, VAD"));
  Push("a/third", Model(3, {}, "activity of a voice"));
  EXPECT_THAT(Names("vad"), ElementsAre("a/vad", "a/other"));
  EXPECT_THAT(Names("vad sort:updated"), ElementsAre("a/other", "a/vad"));
  EXPECT_THAT(Names("voice activity"), ElementsAre("a/third", "a/other"));
  EXPECT_THAT(Names("\"voice activity\""), ElementsAre("a/other"));
  EXPECT_THAT(Names("activity -vad"), ElementsAre("a/third"));
}

TEST_F(CatalogTest, ALaterEntryIsFoundByAWordThatWasSearchedBefore) {
  Push("a/one", Model(1, {}, "voice"));
  EXPECT_THAT(Names("voice"), ElementsAre("a/one"));
  Push("a/two", Model(2, {}, "voice"));
  EXPECT_THAT(Names("voice"), ElementsAre("a/two", "a/one"));
  EXPECT_THAT(Names("voice"), ElementsAre("a/two", "a/one"));
}

TEST_F(CatalogTest, NothingInAQueryIsFts5Syntax) {
  Push("a/one", Model(1, {}, "voice OR NOT near"));
  for (const std::string_view text :
       {"OR", "NOT", "AND", "NEAR(a b)", "voice*", "^voice", "{name}", "(", ")", "*", "+", "'",
        "!!!", "\xff\xfe", "a;DROP", "\"voice OR\"", "-*"}) {
    const auto query = ParseQuery(text);
    ASSERT_TRUE(query.ok()) << text << query.status();
    EXPECT_TRUE(catalog_->Search(*query, {}, {}).ok()) << text;
  }
  Query raw;
  raw.texts.push_back({"\" OR \"voice", false});
  EXPECT_TRUE(catalog_->Search(raw, {}, {}).ok());
  EXPECT_THAT(Names("OR"), ElementsAre("a/one"));
  EXPECT_THAT(Names("name"), IsEmpty());
}

TEST_F(CatalogTest, ANamespaceCanBeAllThatIsSeen) {
  Push("acme/one", Model(1, {{"license", "mit"}}));
  Push("Acme/two", Model(2, {{"license", "mit"}}));
  EXPECT_THAT(Names("license:mit"), ElementsAre("Acme/two", "acme/one"));
  EXPECT_THAT(Names("license:mit", "acme"), ElementsAre("acme/one"));
  EXPECT_THAT(Names("ns:acme", "Acme"), ElementsAre("Acme/two"));
  EXPECT_THAT(Names("", "nobody"), IsEmpty());
  Page page;
  page.has_facets = true;
  const auto result = Result("", page, "acme");
  EXPECT_EQ(result.total, 1);
  EXPECT_EQ(result.facets.at(0).values.at(0).entries, 1);
}

TEST_F(CatalogTest, FacetsCountWhatIsFound) {
  Push("a/one", Model(1, {{"license", "MIT"}, {"op", "Conv"}}));
  Push("a/two", Model(2, {{"license", "mit"}, {"op", "Gemm"}}));
  Push("b/three", Model(3, {{"license", "gpl"}, {"op", "Conv"}}));
  Page page;
  page.has_facets = true;
  for (int round = 0; round < 2; ++round) {
    std::map<std::string, std::vector<std::string>> found;
    for (const Facet& facet : Result("", page).facets) {
      for (const FacetValue& value : facet.values) {
        found[facet.key].push_back(value.value + "=" + std::to_string(value.entries));
      }
    }
    EXPECT_THAT(found["namespace"], ElementsAre("a=2", "b=1"));
    EXPECT_THAT(found["license"], ElementsAre("MIT=2", "gpl=1"));
    EXPECT_THAT(found["op"], ElementsAre("Conv=2", "Gemm=1"));
    Open();
  }
  EXPECT_THAT(Result("").facets, IsEmpty());
}

TEST_F(CatalogTest, OfManyFacetValuesTheMostFrequentTenAreKept) {
  std::vector<Term> terms;
  for (int i = 0; i < 30; ++i) terms.push_back({"op", "Op" + std::to_string(i)});
  Push("a/one", Model(1, terms));
  Push("a/two", Model(2, {{"op", "Op29"}}));
  Page page;
  page.has_facets = true;
  const auto facets = Result("", page).facets;
  EXPECT_EQ(facets.back().key, "op");
  ASSERT_EQ(facets.back().values.size(), 10);
  EXPECT_EQ(facets.back().values[0].value, "Op29");
}

TEST_F(CatalogTest, PagesGoThroughEverythingOnceInOrder) {
  RepositoryUpdate update{"a/vad", {}, {}, {}};
  for (int i = 0; i < 50; ++i) update.entries.push_back(Sized(i, i % 7));
  Apply(std::move(update));
  Apply({"a/other", {Model(60, {}, "vad"), Model(61, {}, "vad")}, {}, {}});
  for (const std::string order : {"relevance", "updated", "size", "params"}) {
    const std::string text = "vad version:all sort:" + order;
    const auto whole = Result(text, {.limit = 1'000});
    EXPECT_EQ(whole.total, 52);
    ASSERT_EQ(whole.hits.size(), 52);
    EXPECT_EQ(whole.next, "");
    std::vector<CommitId> paged;
    Page page{.limit = 7};
    do {
      const auto result = Result(text, page);
      EXPECT_LE(result.hits.size(), 7);
      for (const Hit& hit : result.hits) paged.push_back(hit.summary.commit);
      page.before = result.next;
    } while (!page.before.empty() && paged.size() < 100);
    ASSERT_EQ(paged.size(), 52) << order;
    for (size_t i = 0; i < paged.size(); ++i) EXPECT_EQ(paged[i], whole.hits[i].summary.commit);
  }
  const auto largest = Result("version:all sort:size", {.limit = 1}).hits;
  EXPECT_EQ(largest.at(0).summary.numbers[Number::kSize], 6);
}

TEST_F(CatalogTest, APageThatIsNoneIsRefused) {
  for (const std::string before : {"x", "1", "1.", ".1", "1.-1", "1.2x", "1.99999999999"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(catalog_->Search({}, {.before = before}, {}).status()))
        << before;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(catalog_->Search({}, {.limit = 0}, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(catalog_->Search({}, {.limit = 1'001}, {}).status()));
  EXPECT_TRUE(catalog_->Search({}, {.before = "-9.0"}, {}).ok());
}

TEST_F(CatalogTest, BlocksOfTermsFillUpAndAreManyEach) {
  // Entry ids cross 65,536, and terms are lists, bitmaps, and both.
  constexpr int kEntries = 70'000;
  RepositoryUpdate update{"a/many", {}, {}, {}};
  for (int i = 0; i < kEntries; ++i) {
    Entry entry = Model(i);
    entry.summary.path = std::to_string(i);
    if (i % 2 == 0) entry.terms.push_back({"tag", "even"});
    if (i % 1'000 == 0) entry.terms.push_back({"tag", "rare"});
    update.entries.push_back(std::move(entry));
  }
  Apply(std::move(update));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Result("version:all").total, kEntries);
    EXPECT_EQ(Result("version:all tag:even").total, kEntries / 2);
    EXPECT_EQ(Result("version:all tag:rare").total, kEntries / 1'000);
    EXPECT_EQ(Result("version:all -tag:even tag:rare").total, 0);
    Open();
  }
}

TEST_F(CatalogTest, TermsThatAreTooManyOrTooLongAreLeftOut) {
  std::vector<Term> terms = {{"tag", std::string(257, 'x')}, {"tag", ""}, {"tag", "kept"}};
  for (int i = 0; i < 5'000; ++i) terms.push_back({"op", std::to_string(i)});
  Push("a/one", Model(1, terms, std::string(1'000'000, 'y')));
  EXPECT_THAT(Names("tag:kept op:0"), ElementsAre("a/one"));
  EXPECT_THAT(Names("tag:" + std::string(257, 'x')), IsEmpty());
  EXPECT_THAT(Names("op:4999"), IsEmpty());
}

TEST_F(CatalogTest, ADamagedFileBecomesAnEmptyCatalog) {
  Push("a/one", Model(1));
  catalog_ = nullptr;
  std::ofstream(path(), std::ios::trunc) << std::string(10'000, 'x');
  Open();
  EXPECT_EQ(catalog_->Cursor(), 0);
  Push("a/one", Model(1));
  EXPECT_THAT(Names(""), ElementsAre("a/one"));
}

TEST_F(CatalogTest, AFileOfAnotherFormatBecomesAnEmptyCatalog) {
  Push("a/one", Model(1));
  catalog_ = nullptr;
  ASSERT_TRUE(sqlite::Database::Open(path())->Execute("PRAGMA user_version=99", "test").ok());
  Open();
  EXPECT_EQ(catalog_->Cursor(), 0);
}

TEST_F(CatalogTest, ADamagedTermMakesAnEmptyCatalog) {
  for (const std::string_view change :
       {"UPDATE terms SET bits = x'01'", "UPDATE terms SET bits = zeroblob(9000)",
        "UPDATE terms SET block = -1", "UPDATE terms SET block = 65536",
        "UPDATE entries SET id = -5"}) {
    Push("a/one", Model(1));
    catalog_ = nullptr;
    ASSERT_TRUE(sqlite::Database::Open(path())->Execute(std::string(change), "test").ok());
    Open();
    EXPECT_THAT(Names(""), IsEmpty()) << change;
  }
}

Entry Of(int commit, std::string_view model) {
  Entry entry = Model(commit);
  entry.summary.model = IdOf<ArtifactId>(model);
  return entry;
}

TEST_F(CatalogTest, EachModelIsLintedOnceForEachVersion) {
  Push("a/one", Of(1, "x"));
  Push("a/two", Of(2, "x"));
  Push("a/three", Of(3, "y"));
  Push("a/none", Model(4));
  std::vector<std::string> linted;
  const auto lint_all = [&](const std::string& version, const std::string& result) {
    while (const auto next = *catalog_->NextToLint(version)) {
      linted.push_back(next->repository);
      const auto set = catalog_->SetLint(*next->summary.model, {version, result, "{}"});
      ASSERT_TRUE(set.ok()) << set;
    }
  };
  lint_all("1.12", "passed");
  EXPECT_THAT(linted, UnorderedElementsAre("a/two", "a/three"));
  EXPECT_THAT(Names("lint:passed"), UnorderedElementsAre("a/one", "a/two", "a/three"));
  Open();
  lint_all("1.12", "failed");
  EXPECT_EQ(linted.size(), 2u);
  EXPECT_THAT(Names("lint:passed"), UnorderedElementsAre("a/one", "a/two", "a/three"));
  for (const char* other : {"1.11", "1.13"}) lint_all(other, "crashed");
  EXPECT_EQ(linted.size(), 6u);
  EXPECT_THAT(Names("lint:passed"), IsEmpty());
  EXPECT_THAT(Names("-lint:crashed"), ElementsAre("a/none"));
  EXPECT_EQ(catalog_->ModelOf(IdOf<ArtifactId>("x"))->lint, "{}");
}

TEST_F(CatalogTest, AnEntryThatComesLaterHasItsModelsLint) {
  Push("a/one", Of(1, "x"));
  ASSERT_TRUE(catalog_->SetLint(IdOf<ArtifactId>("x"), {"1", "failed", "{}"}).ok());
  Push("a/later", Of(2, "x"));
  EXPECT_THAT(Names("lint:failed"), UnorderedElementsAre("a/later", "a/one"));
  EXPECT_FALSE(catalog_->NextToLint("1")->has_value());
}

TEST_F(CatalogTest, AModelThatWasNotThereIsLintedWhenItComesAgain) {
  Push("a/one", Of(1, "x"));
  ASSERT_TRUE(catalog_->SetLint(IdOf<ArtifactId>("x"), {"1", std::string(kAbsent), ""}).ok());
  EXPECT_FALSE(catalog_->NextToLint("1")->has_value());
  Push("a/again", Of(2, "x"));
  ASSERT_TRUE(catalog_->NextToLint("1")->has_value());
  ASSERT_TRUE(catalog_->SetLint(IdOf<ArtifactId>("x"), {"1", "passed", "{}"}).ok());
  EXPECT_THAT(Names("lint:passed"), UnorderedElementsAre("a/again", "a/one"));
  EXPECT_THAT(Names("lint:absent"), IsEmpty());
}

TEST_F(CatalogTest, ARemovedOneIsGone) {
  Push("a/one", Model(1));
  catalog_ = nullptr;
  ASSERT_TRUE(RemoveCatalog(path()).ok());
  EXPECT_THAT(*PosixFileSystem().List(directory_), IsEmpty());
  EXPECT_TRUE(RemoveCatalog(path()).ok());
}

}  // namespace
}  // namespace mreg::catalog
