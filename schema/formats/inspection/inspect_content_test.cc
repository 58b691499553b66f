#include "schema/formats/inspection/inspect_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/models/memory_file.h"

namespace mreg::formats {
namespace {

using test_models::MemoryFile;
using testing::HasSubstr;
using testing::Not;

const std::filesystem::path kTestdata = MREG_INSPECTION_TESTDATA;

const std::map<std::string, ContentKind> kKinds = {
    {"archive", ContentKind::kArchive},     {"audio", ContentKind::kAudio},
    {"image", ContentKind::kImage},         {"numpy", ContentKind::kNumpy},
    {"onnx", ContentKind::kOnnx},           {"safetensors", ContentKind::kSafetensors},
    {"tensor", ContentKind::kOnnxTensor},   {"text", ContentKind::kText},
    {"tokenizer", ContentKind::kTokenizer}, {"unknown", ContentKind::kUnknown},
    {"unsafe", ContentKind::kUnsafe},
};

Bytes ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes{std::istreambuf_iterator<char>(file), {}};
}

ContentVerdict Inspect(Bytes content) {
  const auto verdict = InspectContent(MemoryFile(std::move(content)));
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  return verdict.value_or(ContentVerdict());
}

ContentVerdict InspectUnsafe(const std::string& name) {
  return Inspect(ReadAll(kTestdata / "unsafe" / name));
}

std::vector<std::filesystem::path> FilesOf(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

TEST(InspectContent, EveryFileIsWhatItsFolderSays) {
  size_t count = 0;
  for (const auto& [folder, kind] : kKinds) {
    if (!std::filesystem::exists(kTestdata / folder)) continue;  // of real files only
    for (const auto& path : FilesOf(kTestdata / folder)) {
      const ContentVerdict verdict = Inspect(ReadAll(path));
      EXPECT_EQ(verdict.kind, kind) << path << ": " << verdict.description;
      EXPECT_EQ(verdict.advice.empty(), kind != ContentKind::kUnsafe) << path;
      ++count;
    }
  }
  EXPECT_GT(count, 100u);
}

// frameworks.tsv says what wrote each file, and what is to be said of it.
TEST(InspectContent, RealFrameworksFilesAreWhatTheyAre) {
  std::ifstream table(kTestdata / "frameworks.tsv");
  size_t count = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    std::vector<std::string> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
    ASSERT_EQ(row.size(), 5u) << line;
    const ContentVerdict verdict = Inspect(ReadAll(kTestdata / "frameworks" / row[0]));
    EXPECT_EQ(verdict.kind, kKinds.at(row[3])) << line << ": " << verdict.description;
    EXPECT_EQ(verdict.framework, row[4] == "-" ? "" : row[4]) << line << verdict.description;
    EXPECT_EQ(verdict.advice.empty(), verdict.kind != ContentKind::kUnsafe) << line;
    ++count;
  }
  EXPECT_EQ(count, FilesOf(kTestdata / "frameworks").size());
  EXPECT_GT(count, 80u);
}

TEST(InspectContent, SaysWhatWasFoundAndWhere) {
  const ContentVerdict attack = InspectUnsafe("pickle4_call");
  EXPECT_EQ(attack.description, "a Python pickle that imports posix.system");
  EXPECT_EQ(attack.member, "");
  const ContentVerdict torch = InspectUnsafe("torch_in_zip");
  EXPECT_EQ(torch.member, "models/m.bin/archive/data.pkl");
  EXPECT_THAT(torch.description, HasSubstr("torch._utils._rebuild_tensor_v2"));
  const ContentVerdict array = InspectUnsafe("npy_objects");
  EXPECT_EQ(array.offset, 128u);
}

TEST(InspectContent, SaysHowToExportFromTheFramework) {
  const std::map<std::string, std::pair<std::string, std::string>> expected = {
      {"torch_zip", {"PyTorch", "torch.onnx.export"}},
      {"torch_legacy", {"PyTorch", "torch.onnx.export"}},
      {"torch_legacy_protocol0", {"PyTorch", "torch.onnx.export"}},
      {"torch_tar", {"PyTorch", "torch.onnx.export"}},
      {"joblib_lz4", {"scikit-learn", "skl2onnx"}},
      {"joblib_old", {"scikit-learn", "skl2onnx"}},
      {"keras_lambda", {"Keras", "model.export"}},
      {"keras_h5", {"Keras", "model.export"}},
      {"npz_objects", {"NumPy", "allow_pickle=False"}},
      {"pickle0_call", {"", "ONNX"}},
  };
  for (const auto& [name, framework] : expected) {
    const ContentVerdict verdict = InspectUnsafe(name);
    EXPECT_EQ(verdict.framework, framework.first) << name;
    EXPECT_THAT(verdict.advice, HasSubstr(framework.second)) << name;
  }
}

// Whatever an exporter makes of ONNX is ONNX.
TEST(InspectContent, NoAlarmOnModelsAndTheirInputs) {
  size_t models = 0;
  for (const auto& path : FilesOf("/usr/share/libonnx-testdata")) {
    const ContentVerdict verdict = Inspect(ReadAll(path));
    EXPECT_NE(verdict.kind, ContentKind::kUnsafe) << path << ": " << verdict.description;
    if (path.extension() == ".onnx") {
      ++models;
      EXPECT_EQ(verdict.kind, ContentKind::kOnnx) << path << ": " << verdict.description;
    }
  }
  if (models == 0) GTEST_SKIP() << "libonnx-testdata is not installed";
}

TEST(InspectContent, NoAlarmOnRandomBytes) {
  std::mt19937_64 random(20260101);
  for (int i = 0; i < 100'000; ++i) {
    Bytes content(random() % 300, '\0');
    for (char& c : content) c = static_cast<char>(random());
    const ContentVerdict verdict = Inspect(content);
    ASSERT_NE(verdict.kind, ContentKind::kUnsafe) << i << ": " << verdict.description;
    // Behind a pickle's header even few bytes can be one, of a number for instance.
    const ContentVerdict headed = Inspect(Bytes("\x80\x04") + content);
    ASSERT_THAT(headed.description, Not(HasSubstr("imports"))) << i;
  }
}

// Lines of letters look like imports one after the other.
TEST(InspectContent, NoAlarmOnRandomWords) {
  std::mt19937_64 random(20260102);
  constexpr std::string_view kLetters = "abcdeghijlopqrstu.NIRVS0'\n\n\n";
  for (int i = 0; i < 20'000; ++i) {
    Bytes content(random() % 300, '\0');
    for (char& c : content) c = kLetters[random() % kLetters.size()];
    const ContentVerdict verdict = Inspect(content);
    ASSERT_NE(verdict.kind, ContentKind::kUnsafe) << content << ": " << verdict.description;
  }
}

// What was packed 1:1000 is given up at the limit, and in little memory.
TEST(InspectContent, ABombIsRefused) {
  Bytes bomb = ReadAll(kTestdata / "bomb.gz");
  ASSERT_FALSE(bomb.empty());
  const ContentVerdict verdict = Inspect(std::move(bomb));
  EXPECT_EQ(verdict.kind, ContentKind::kUnsafe);
  EXPECT_THAT(verdict.description, HasSubstr("more than is looked through"));
}

TEST(InspectContent, LargeFilesAreToldByAFewReads) {
  const uint64_t size = uint64_t{4} << 30;
  const MemoryFile unknown(size, {{0, "\xf0\x0d\xff\xfe"}});
  EXPECT_EQ(InspectContent(unknown)->kind, ContentKind::kUnknown);
  EXPECT_LT(unknown.bytes_read(), 1u << 20);
  // A pickle whose code comes after gigabytes of data.
  const MemoryFile pickle(size, {{0, Bytes("\x80\x04\x8e\0\0\0\x80\0\0\0\0", 11)},
                                 {11 + (uint64_t{1} << 31), Bytes("0cos\nsystem\n)R.")}});
  EXPECT_EQ(InspectContent(pickle)->kind, ContentKind::kUnsafe);
  EXPECT_LT(pickle.bytes_read(), 2u << 20);
}

// As a file system is: an offset that is no off_t is an error.
class StrictFile final : public ReadableFile {
 public:
  explicit StrictFile(Bytes content) : file_(std::move(content)) {}
  absl::StatusOr<uint64_t> Size() const override { return file_.Size(); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    if (offset > uint64_t{1} << 62) return absl::InternalError("Invalid argument");
    return file_.ReadAt(offset, buffer);
  }

 private:
  const MemoryFile file_;
};

TEST(InspectContent, LengthsBeyondTheFileAreNoErrors) {
  const Bytes huge("\xff\xff\xff\xff\xff\xff\xff\xf0", 8);
  for (const Bytes& content :
       {Bytes("\x8e") + huge + "x", Bytes("\x80\x04\x8d") + huge + "x",
        Bytes("PK\x06\x06") + Bytes(28, '\0') + huge + huge + huge + Bytes("PK\x06\x07") +
            Bytes(4, '\0') + huge + Bytes(4, '\0') + Bytes("PK\x05\x06") + Bytes(18, '\xff')}) {
    const auto verdict = InspectContent(StrictFile(content));
    ASSERT_TRUE(verdict.ok()) << verdict.status();
    EXPECT_EQ(verdict->kind, ContentKind::kUnknown) << verdict->description;
  }
}

}  // namespace
}  // namespace mreg::formats
