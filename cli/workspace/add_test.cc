#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/workspace/test_clone.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/history/lfs_pointer.h"
#include "storage/registry/manifest.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"
#include "tests/models/wire_builder.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Paths(const AddReport& report) {
  std::vector<std::string> paths;
  for (const AddedFile& file : report.added) paths.push_back(file.path);
  return paths;
}

class AddTest : public CloneTest {
 protected:
  registry::Manifest ManifestOf(const CommitId& commit) {
    return *registry::ReadManifest(clone_.workspace().history(), commit);
  }

  std::vector<std::string> Staged() { return Lines(clone_.Status().staged); }
};

TEST_F(AddTest, TextIsABlobAndEverythingElseAnArtifact) {
  const std::string pointer = history::FormatLfsPointer({IdOf<ArtifactId>("x"), 1});
  clone_.Write("card.md", "# A model\n");
  clone_.Write("empty", "");
  clone_.Write("weights.bin", BinaryContent(100, 1));
  clone_.Write("big.txt", std::string(registry::kMaxTextBytes + 1, 'a'));
  clone_.Write("latin1.txt", "caf\xe9");
  clone_.Write("looks-like-a-pointer", pointer);
  const AddReport report = clone_.Add({"."});
  std::vector<std::string> artifacts;
  for (const AddedFile& file : report.added) {
    if (file.is_artifact) artifacts.push_back(file.path);
  }
  EXPECT_THAT(artifacts,
              ElementsAre("big.txt", "latin1.txt", "looks-like-a-pointer", "weights.bin"));
  for (const auto& file : ManifestOf(clone_.Commit()).files) {
    EXPECT_EQ(file.digest, IdOf<ArtifactId>(*clone_.Read(file.path))) << file.path;
  }
}

TEST_F(AddTest, TellsWhatIsWrongWithTheCardAndTakesItNevertheless) {
  const std::string faulty = "---\nlicense: MIT\ntags: {a: b}\n---\n";
  clone_.Write("README.md", faulty);
  clone_.Write("docs/README.md", faulty);
  const AddReport report = clone_.Add({"."});
  ASSERT_THAT(Paths(report), ElementsAre("README.md", "docs/README.md"));
  EXPECT_THAT(report.added[0].notes, ElementsAre("card: tags: is a map, not a list of texts",
                                                 "card: license: MIT is written mit"));
  EXPECT_THAT(report.added[1].notes, IsEmpty());
}

uint64_t StoredBytes(Workspace& workspace) {
  return (*workspace.store())->content().Stats()->stored_bytes;
}

// So that only names and shapes tell what is like what.
void ForgetSketches(Workspace& workspace) {
  kv::KeyValueStore& index = (*workspace.store())->content().index();
  kv::Batch batch;
  ASSERT_TRUE(index
                  .Scan(kv::Table::kSketches, "", "",
                        [&](ByteView key, ByteView) {
                          batch.Remove(kv::Table::kSketches, key);
                          return true;
                        })
                  .ok());
  ASSERT_TRUE(index.Commit(batch).ok());
}

TEST_F(AddTest, ACastBesideItsModelCostsNextToNothingThoughBothAreNew) {
  const test_models::ModelSpec spec{.type = test_models::ParameterType::kFloat32, .hidden = 256};
  const Bytes model = test_models::MakeTransformerModel(spec);
  clone_.Write("a_half.onnx", test_models::CastToHalf(model));
  clone_.Write("model.onnx", model);
  clone_.Add({"."});
  EXPECT_LT(StoredBytes(clone_.workspace()), model.size() * 86 / 100);
}

TEST_F(AddTest, WhatWasMadeFromAnotherVersionIsADifferenceToItsTensors) {
  const test_models::ModelSpec spec{.type = test_models::ParameterType::kFloat32};
  const Bytes model = test_models::MakeTransformerModel(spec);
  clone_.Write("model.onnx", model);
  const CommitId base = clone_.AddAllAndCommit();
  clone_.Remove("model.onnx");
  clone_.AddAllAndCommit();
  ForgetSketches(clone_.workspace());
  clone_.Write("tuned.onnx", test_models::FineTune(model, 1, 0.01, 1));
  const std::vector<std::string> names = {"."};
  const uint64_t before = StoredBytes(clone_.workspace());
  ASSERT_TRUE(clone_.workspace().Add(names, clone_.root(), {&base, 1}, nullptr).ok());
  EXPECT_LT(StoredBytes(clone_.workspace()) - before, model.size() * 70 / 100);
}

TEST_F(AddTest, TheReportSaysWhatIsNew) {
  clone_.Write("a.bin", BinaryContent(3 << 20, 1));
  const AddReport first = clone_.Add({"a.bin"});
  ASSERT_EQ(first.added.size(), 1u);
  EXPECT_EQ(first.added[0].size, 3u << 20);
  EXPECT_EQ(first.added[0].new_bytes, 3u << 20);
  clone_.Write("same.bin", BinaryContent(3 << 20, 1));
  EXPECT_EQ(clone_.Add({"."}).added[0].new_bytes, 0u);
}

TEST_F(AddTest, AModelIsSummarised) {
  const Bytes model = test_models::MakeTransformerModel(test_models::kSmallModel);
  clone_.Write("model.onnx", model);
  const AddReport report = clone_.Add({"model.onnx"});
  ASSERT_EQ(report.added.size(), 1u);
  EXPECT_EQ(report.added[0].kind, content::FileKind::kOnnx);
  EXPECT_GT(report.added[0].tensors, 30u);
  EXPECT_EQ(report.added[0].model_summary,
            fmt::format("ONNX, IR 8, opset 17, {} tensors", report.added[0].tensors));
}

TEST_F(AddTest, AFolderStandsForAllBelowItAndPathsStartWhereTheUserIs) {
  clone_.Write("top", "1");
  clone_.Write("sub/one", "1");
  clone_.Write("sub/deep/two", "2");
  const std::vector<std::string> names = {"deep", "./one"};
  const auto report = clone_.workspace().Add(names, clone_.PathOf("sub"), {}, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Paths(*report), ElementsAre("sub/deep/two", "sub/one"));
  const std::vector<std::string> up = {"..", clone_.PathOf("top")};
  EXPECT_TRUE(clone_.workspace().Add(up, clone_.PathOf("sub"), {}, nullptr).ok());
  EXPECT_THAT(Staged(), ElementsAre("A sub/deep/two", "A sub/one", "A top"));
}

TEST_F(AddTest, WhatIsUnchangedIsNotReportedAndChangesAre) {
  clone_.Write("a", "1");
  clone_.Write("b.bin", BinaryContent(100, 1));
  clone_.Add({"."});
  EXPECT_THAT(Paths(clone_.Add({"."})), IsEmpty());
  clone_.Write("a", "2");
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre("a"));
  clone_.MakeExecutable("b.bin");
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre("b.bin"));
}

TEST_F(AddTest, AnOldFileOfTheSameSizeIsNoticed) {
  clone_.Write("a", "1");
  clone_.Age("a");
  clone_.Add({"."});
  clone_.Write("a", "2");
  clone_.Age("a");
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre("a"));
}

TEST_F(AddTest, RemovedFilesAreRemovedFromTheIndex) {
  clone_.Write("a", "1");
  clone_.Write("sub/b", "1");
  clone_.Write("sub/c", "1");
  clone_.AddAllAndCommit();
  clone_.Remove("a");
  clone_.Remove("sub/b");
  EXPECT_THAT(clone_.Add({"a"}).removed, ElementsAre("a"));
  EXPECT_THAT(clone_.Add({"sub"}).removed, ElementsAre("sub/b"));
  EXPECT_THAT(Staged(), ElementsAre("R a", "R sub/b"));
}

TEST_F(AddTest, AFileCanBecomeAFolderAndBack) {
  clone_.Write("a", "1");
  clone_.AddAllAndCommit();
  clone_.Remove("a");
  clone_.Write("a/b", "1");
  const AddReport report = clone_.Add({"a/b"});
  EXPECT_THAT(report.removed, ElementsAre("a"));
  EXPECT_THAT(Staged(), ElementsAre("R a", "A a/b"));
  clone_.Commit();
  clone_.Remove("a");
  clone_.Write("a", "2");
  EXPECT_THAT(clone_.Add({"a"}).removed, ElementsAre("a/b"));
}

TEST_F(AddTest, APathThatMatchesNothingIsNamed) {
  EXPECT_THAT(clone_.TryAdd({"absent"}), FailsWith(StatusCode::kNotFound, "absent"));
  EXPECT_THAT(clone_.TryAdd({"../other"}), FailsWith(StatusCode::kInvalidArgument, "outside"));
  EXPECT_THAT(clone_.TryAdd({}), FailsWith(StatusCode::kInvalidArgument, "no path"));
}

TEST_F(AddTest, LinksAndSpecialFilesAreRefusedAndNothingIsAdded) {
  clone_.Write("a", "1");
  clone_.Link("z-link", "a");
  EXPECT_THAT(clone_.TryAdd({"."}), FailsWith(StatusCode::kInvalidArgument, "z-link"));
  EXPECT_THAT(clone_.TryAdd({"z-link"}), FailsWith(StatusCode::kInvalidArgument, "z-link"));
  clone_.Remove("z-link");
  ASSERT_EQ(mkfifo(clone_.PathOf("z-pipe").c_str(), 0666), 0);
  EXPECT_THAT(clone_.TryAdd({"z-pipe"}), FailsWith(StatusCode::kInvalidArgument, "z-pipe"));
  EXPECT_THAT(clone_.TryAdd({"."}), FailsWith(StatusCode::kInvalidArgument, "z-pipe"));
  EXPECT_THAT(Staged(), IsEmpty());
  clone_.Write(".mregignore", "z-pipe\n");
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre(".mregignore", "a"));
}

TEST_F(AddTest, NothingIsAddedFromBehindALink) {
  clone_.Write("real/a", "1");
  clone_.Link("link", "real");
  clone_.Link("out", folder_);
  EXPECT_THAT(clone_.TryAdd({"link/a"}), FailsWith(StatusCode::kInvalidArgument, "link"));
  EXPECT_THAT(clone_.TryAdd({"out/store"}), FailsWith(StatusCode::kInvalidArgument, "out"));
  EXPECT_THAT(clone_.TryAdd({"link"}), FailsWith(StatusCode::kInvalidArgument, "link"));
}

TEST_F(AddTest, HostileNamesAreRefusedEscapedAndNothingIsAdded) {
  for (const std::string name : {"a\nb", "a\\b", "CON", "x\xff", "a:b"}) {
    clone_.Write("fine", "1");
    clone_.Write(name, "1");
    const absl::Status refused = clone_.TryAdd({"."});
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument) << refused;
    EXPECT_EQ(MessageOf(refused).find('\n'), std::string_view::npos);
    EXPECT_THAT(Staged(), IsEmpty());
    clone_.Remove(name);
  }
}

TEST_F(AddTest, NamesThatSomeSystemsTakeForTheSameAreRefused) {
  clone_.Write("Readme", "1");
  clone_.Add({"."});
  clone_.Write("README", "2");
  EXPECT_THAT(clone_.TryAdd({"README"}), FailsWith(StatusCode::kInvalidArgument, "Readme"));
  // Renamed, it clashes with nothing.
  clone_.Remove("Readme");
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre("README"));
}

TEST_F(AddTest, WhatGitAndMregKeepForThemselvesIsLeftOut) {
  clone_.Write(".git/config", "x");
  clone_.Write("sub/.mreg/config", "x");
  clone_.Write("a", "1");
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre("a"));
  EXPECT_THAT(clone_.TryAdd({".mreg/config"}), FailsWith(StatusCode::kInvalidArgument, ".mreg"));
  EXPECT_THAT(clone_.TryAdd({".git"}), FailsWith(StatusCode::kInvalidArgument, ".git"));
}

TEST_F(AddTest, IgnoredFilesAreLeftOutAndRefusedByName) {
  clone_.Write(".mregignore", "*.tmp\n/build/\n");
  clone_.Write("sub/.mregignore", "!keep.tmp\n");
  clone_.Write("a.tmp", "1");
  clone_.Write("build/out", "1");
  clone_.Write("sub/keep.tmp", "1");
  clone_.Write("sub/b.tmp", "1");
  EXPECT_THAT(Paths(clone_.Add({"."})),
              ElementsAre(".mregignore", "sub/.mregignore", "sub/keep.tmp"));
  for (const char* path : {"a.tmp", "build", "build/out", "sub/b.tmp"}) {
    EXPECT_THAT(clone_.TryAdd({path}), FailsWith(StatusCode::kInvalidArgument, ".mregignore"))
        << path;
  }
}

TEST_F(AddTest, ATrackedFileStaysTrackedWhenItIsIgnoredLater) {
  clone_.Write("logs/a.log", "1");
  clone_.AddAllAndCommit();
  clone_.Write(".mregignore", "logs/\n");
  clone_.Write("logs/a.log", "22");
  clone_.Write("logs/b.log", "1");
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre(".mregignore", "logs/a.log"));
}

TEST_F(AddTest, AFileThatChangesMeanwhileIsNamed) {
  clone_.Write("a", "1");
  clone_.Write("big.bin", BinaryContent(8 << 20, 1));
  const std::vector<std::string> all = {"."};
  bool was_touched = false;
  const auto touch = [&](std::string_view path, uint64_t, uint64_t) {
    if (path == "big.bin" && !was_touched) clone_.Write("big.bin", BinaryContent(8 << 20, 2));
    if (path == "big.bin") was_touched = true;
  };
  EXPECT_THAT(clone_.workspace().Add(all, clone_.root(), {}, touch).status(),
              FailsWith(StatusCode::kAborted, "big.bin"));
  EXPECT_THAT(Staged(), IsEmpty());
  EXPECT_THAT(Paths(clone_.Add({"."})), ElementsAre("a", "big.bin"));
}

TEST_F(AddTest, ProgressEndsAtTheTotalOfAllFiles) {
  clone_.Write("a", "123");
  clone_.Write("b.bin", BinaryContent(5 << 20, 1));
  const std::vector<std::string> all = {"."};
  uint64_t last = 0;
  const auto progress = [&](std::string_view, uint64_t done, uint64_t total) {
    EXPECT_EQ(total, (5u << 20) + 3);
    EXPECT_GE(done, last);
    last = done;
  };
  ASSERT_TRUE(clone_.workspace().Add(all, clone_.root(), {}, progress).ok());
  EXPECT_EQ(last, (5u << 20) + 3);
}

// A model of one tensor whose elements lie in `location`, from `offset` on.
Bytes ModelWithData(ByteView location, size_t offset, size_t length) {
  using test_models::Message;
  const auto entry = [](ByteView key, ByteView value) {
    return Message().Text(1, key).Text(2, value);
  };
  Message tensor = Message().Varint(1, length).Varint(2, 2).Text(8, "w");
  tensor.Sub(13, entry("location", location))
      .Sub(13, entry("offset", std::to_string(offset)))
      .Sub(13, entry("length", std::to_string(length)))
      .Varint(14, 1);
  return test_models::ModelWith(test_models::GraphWith(tensor)).bytes();
}

// So long a prefix that the text before the tensor shifts it against every content cut.
TEST_F(AddTest, ExternalDataIsCutWhereItsModelSays) {
  const Bytes weights = BinaryContent(3 << 20, 5);
  clone_.Write("one/weights.bin", weights);
  clone_.Write("one/model.onnx", ModelWithData("weights.bin", 0, weights.size()));
  clone_.Add({"one"});
  clone_.Write("two/data/weights.bin", std::string(4'096, 'p') + weights);
  clone_.Write("two/model.onnx", ModelWithData("data/weights.bin", 4'096, weights.size()));
  for (const AddedFile& file : clone_.Add({"two"}).added) {
    if (!file.path.ends_with("weights.bin")) continue;
    EXPECT_EQ(file.kind, content::FileKind::kExternalData);
    EXPECT_LT(file.new_bytes, 10'000u);
  }
}

TEST_F(AddTest, ExternalDataOfAModelThatIsStagedAlreadyIsCutAlike) {
  Bytes weights = BinaryContent(3 << 20, 5);
  clone_.Write("model.onnx", ModelWithData("weights.bin", 4'096, weights.size()));
  clone_.Write("weights.bin", std::string(4'096, 'p') + weights);
  clone_.Add({"."});
  weights.back() ^= 1;
  clone_.Write("weights.bin", std::string(4'096, 'p') + weights);
  const AddReport report = clone_.Add({"weights.bin"});
  ASSERT_EQ(report.added.size(), 1u);
  EXPECT_EQ(report.added[0].kind, content::FileKind::kExternalData);
  EXPECT_EQ(report.added[0].new_bytes, 1u << 20);
}

TEST_F(AddTest, ABlobThatGitKeepsThoughItIsNoTextStaysAsItIs) {
  history::Repository& history = clone_.workspace().history();
  const Bytes content = BinaryContent(100, 1);
  const history::TreeEntry entry = {"old.bin", history::FileMode::kRegular,
                                    *history.WriteObject(history::ObjectType::kBlob, content)};
  history::Commit draft;
  draft.tree = *history.WriteTree({&entry, 1});
  draft.author = draft.committer = kAlice;
  draft.message = "made with git\n";
  clone_.Branch("main", *history.WriteCommit(draft));
  ASSERT_TRUE(clone_.SwitchTo("main").ok());
  clone_.Write("old.bin", content);
  EXPECT_THAT(Paths(clone_.Add({"."})), IsEmpty());
  EXPECT_THAT(Staged(), IsEmpty());
}

}  // namespace
}  // namespace mreg::workspace
