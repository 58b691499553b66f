#include "cli/workspace/work_tree.h"

#include <sys/stat.h>

#include <filesystem>

#include "cli/workspace/external_data.h"
#include "cli/workspace/path_arguments.h"
#include "cli/workspace/test_clone.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

class WorkTreeTest : public CloneTest {
 protected:
  const std::unique_ptr<WorkTree> tree_ = *WorkTree::Open(clone_.root());
};

TEST_F(WorkTreeTest, LooksAtLinksThemselvesAndNeverBehindThem) {
  clone_.Write("real/a", "1");
  clone_.Link("link", "real");
  EXPECT_TRUE(S_ISLNK((*tree_->Look("link"))->st_mode));
  EXPECT_EQ(*tree_->Look("link/a"), std::nullopt);
  EXPECT_EQ(*tree_->Look("real/a/b"), std::nullopt);
  EXPECT_EQ(*tree_->Look("absent/b"), std::nullopt);
  EXPECT_TRUE(S_ISREG((*tree_->Look("real/a"))->st_mode));
  EXPECT_TRUE(S_ISDIR((*tree_->Look(""))->st_mode));
}

TEST_F(WorkTreeTest, OpensOnlyRegularFilesAndWaitsForNone) {
  clone_.Write("a", "1");
  clone_.Link("link", "a");
  ASSERT_EQ(mkfifo(clone_.PathOf("pipe").c_str(), 0666), 0);
  EXPECT_TRUE(tree_->OpenFile("a").ok());
  for (const char* path : {"link", "pipe", ".mreg"}) {
    EXPECT_THAT(tree_->OpenFile(path).status(), FailsWith(StatusCode::kInvalidArgument, path));
  }
  EXPECT_EQ(tree_->OpenFile("absent").status().code(), StatusCode::kNotFound);
}

TEST_F(WorkTreeTest, AFileNoticesThatItWasTouched) {
  clone_.Write("a", "1");
  const auto file = tree_->OpenFile("a");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->CheckUnchanged(), absl::OkStatus());
  EXPECT_EQ(*(*file)->ReadAll(), "1");
  clone_.Write("a", "22");
  EXPECT_THAT((*file)->CheckUnchanged(), FailsWith(StatusCode::kAborted, "a"));
  EXPECT_EQ((*file)->ReadAll().status().code(), StatusCode::kAborted);
}

TEST_F(WorkTreeTest, RemovesAFileAndTheFoldersItLeavesEmpty) {
  clone_.Write("a/b/c", "1");
  clone_.Write("a/d", "1");
  EXPECT_EQ(tree_->Remove("a/b/c"), absl::OkStatus());
  EXPECT_FALSE(std::filesystem::exists(clone_.PathOf("a/b")));
  EXPECT_EQ(clone_.Read("a/d"), "1");
  EXPECT_EQ(tree_->Remove("a/b/c"), absl::OkStatus());
}

TEST_F(WorkTreeTest, OnlyEmptyFoldersAreRemoved) {
  clone_.MakeFolder("empty/in/empty");
  clone_.Write("full/a/file", "1");
  clone_.MakeFolder("full/b");
  tree_->RemoveEmptyFolders("empty");
  tree_->RemoveEmptyFolders("full");
  tree_->RemoveEmptyFolders("absent");
  EXPECT_FALSE(std::filesystem::exists(clone_.PathOf("empty")));
  EXPECT_EQ(clone_.Read("full/a/file"), "1");
}

TEST(ResolveArgumentsTest, PathsAreTakenFromWhereTheUserIs) {
  const auto resolve = [](const std::string& from, std::vector<std::string> paths) {
    return *ResolveArguments("/r/clone", from, paths);
  };
  EXPECT_THAT(resolve("/r/clone", {"."}), ElementsAre(""));
  EXPECT_THAT(resolve("/r/clone/a", {"b/", "./c", "b", "../d"}), ElementsAre("a/b", "a/c", "d"));
  EXPECT_THAT(resolve("a", {"..", "b//c"}), ElementsAre("", "a/b/c"));
  EXPECT_THAT(resolve("/r/clone/a", {"/r/clone/x"}), ElementsAre("x"));
}

TEST(ResolveArgumentsTest, PathsOutsideAreRefused) {
  for (const std::string path : {"..", "/r/clone2/x", "/r", "", "a/../../b"}) {
    EXPECT_EQ(ResolveArguments("/r/clone", "/r/clone", {&path, 1}).status().code(),
              StatusCode::kInvalidArgument)
        << path;
  }
}

TEST_F(WorkTreeTest, AUserWhoCameThroughALinkIsInside) {
  std::filesystem::create_symlink(clone_.root(), folder_ + "/way");
  const std::vector<std::string> names = {"a"};
  EXPECT_THAT(*ResolveArguments(clone_.root(), folder_ + "/way/sub", names), ElementsAre("sub/a"));
}

TEST(ListForDisplayTest, ShowsTheFirstTenEscaped) {
  const std::vector<std::string> two = {"a\nb", "c"};
  EXPECT_EQ(ListForDisplay(two), "a\\u{000a}b, c");
  const std::vector<std::string> many(12, "x");
  EXPECT_EQ(ListForDisplay(many), "x, x, x, x, x, x, x, x, x, x and 2 more");
}

TEST(ResolveLocationTest, ALocationStaysInsideTheWorkTree) {
  EXPECT_EQ(ResolveLocation("model.onnx", "w.bin"), "w.bin");
  EXPECT_EQ(ResolveLocation("a/b/model.onnx", "./w.bin"), "a/b/w.bin");
  EXPECT_EQ(ResolveLocation("a/b/model.onnx", "../w.bin"), "a/w.bin");
  for (const char* hostile : {"", "/etc/passwd", "../../../w", "..", ".", "a\\b", ".mreg/config",
                              "../.git/config", "a\nb"}) {
    EXPECT_EQ(ResolveLocation("a/model.onnx", hostile), std::nullopt) << hostile;
  }
}

}  // namespace
}  // namespace mreg::workspace
