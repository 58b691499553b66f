#include "storage/registry/path_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/base/display.h"

namespace mreg::registry {
namespace {

using history::FileMode;
using history::TreeEntry;

class HostilePathTest : public testing::TestWithParam<std::string> {};

TEST_P(HostilePathTest, IsRefused) {
  EXPECT_EQ(CheckPath(GetParam()).code(), absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(
    All, HostilePathTest,
    testing::Values("", "/etc/passwd", "../up", "a/../b", "a/..", "./a", "a//b", "a/", ".git",
                    ".git/config", "a/.GIT/hooks", ".Git", ".git.", ".git ", "git~1", "GIT~1/x",
                    ".mreg/config", "x/.MREG", ".g\u200cit/config", ".gi\u202et", "con", "NUL",
                    "a/nul.txt", "COM1", "lpt9.onnx", "aux.h/b", "CONIN$", "a:b", "a\\b", "a*",
                    "a?", "a\"b", "a<b", "a|b", "tab\there", "line\nbreak", "\x7f", "end.", "end ",
                    "bad\xff", "\xc0\xae\xc0\xae/x", "\u200b", std::string(256, 'a'),
                    std::string("nul\0byte", 8)));

TEST(Paths, OrdinaryOnesPass) {
  for (const char* path : {"model.onnx", "a/b/c.bin", ".gitattributes", ".github/x", "模型.onnx",
                           "naïve.txt", "console.txt", "com10", "a.b.c", "-dash", "with space"}) {
    EXPECT_TRUE(CheckPath(path).ok()) << path;
  }
}

TEST(Paths, ALongPathIsRefused) {
  std::string path = "a";
  while (path.size() <= 4'096) path += "/aaaaaaa";
  EXPECT_FALSE(CheckPath(path).ok());
}

absl::Status Check(const std::vector<std::string>& paths) {
  std::vector<TreeEntry> files;
  for (const std::string& path : paths) files.push_back({path, FileMode::kRegular, ObjectId()});
  return CheckFiles(files);
}

TEST(Files, ThatDifferInCaseOnlyCollide) {
  EXPECT_FALSE(Check({"Model.onnx", "model.onnx"}).ok());
  EXPECT_FALSE(Check({"A/x", "a/y"}).ok());
  EXPECT_FALSE(Check({"STRASSE", "straße"}).ok());
  EXPECT_FALSE(Check({"a", "a/b"}).ok());
  EXPECT_FALSE(Check({"A/b", "a"}).ok());
  EXPECT_FALSE(Check({"same", "same"}).ok());
}

TEST(Files, ThatDifferInUnicodeFormOnlyCollide) {
  EXPECT_FALSE(Check({"caf\u00e9", "cafe\u0301"}).ok());
}

TEST(Files, InOneFolderDoNotCollide) { EXPECT_TRUE(Check({"a/x", "a/y", "b"}).ok()); }

TEST(Files, LinksAndSubmodulesAreRefused) {
  for (const FileMode mode : {FileMode::kSymbolicLink, FileMode::kSubmodule}) {
    const TreeEntry file{"a", mode, ObjectId()};
    EXPECT_FALSE(CheckFiles({&file, 1}).ok());
  }
}

}  // namespace
}  // namespace mreg::registry
