#include "cli/workspace/workspace.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "cli/workspace/test_clone.h"
#include "schema/base/file_system.h"

namespace mreg::workspace {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::Pair;

class WorkspaceTest : public CloneTest {
 protected:
  absl::Status Find(const std::string& directory) {
    return FindWorkspace(directory, paths_, clock_).status();
  }

  // What git says; its errors too.
  std::string Git(const std::string& arguments) {
    const std::string command = fmt::format(
        "cd {0} && GIT_CONFIG_GLOBAL=/dev/null git --git-dir=.mreg --work-tree=. {1} 2>&1",
        clone_.root(), arguments);
    FILE* const pipe = popen(command.c_str(), "r");
    std::string output;
    std::array<char, 4'096> buffer;
    while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) {
      output.append(buffer.data(), got);
    }
    pclose(pipe);
    return output;
  }

  const UserPaths paths_ = {folder_ + "/store"};
  const SystemClock clock_;
};

TEST_F(WorkspaceTest, ACloneIsFoundFromAnyFolderInsideIt) {
  clone_.MakeFolder("a/b");
  const auto found = FindWorkspace(clone_.PathOf("a/b"), paths_, clock_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)->root(), clone_.root());
  EXPECT_EQ((*found)->git_directory(), clone_.PathOf(".mreg"));
  EXPECT_THAT(Find(folder_), FailsWith(StatusCode::kNotFound, folder_));
  EXPECT_THAT(Find(folder_ + "/absent"), FailsWith(StatusCode::kNotFound, "absent"));
}

TEST_F(WorkspaceTest, ALinkCalledMregIsNoClone) {
  const std::string other = folder_ + "/other";
  std::filesystem::create_directory(other);
  std::filesystem::create_symlink(clone_.PathOf(".mreg"), other + "/.mreg");
  EXPECT_EQ(Find(other).code(), StatusCode::kNotFound);
}

TEST_F(WorkspaceTest, ASecondInitIsRefused) {
  EXPECT_THAT(InitWorkspace(clone_.root(), paths_, clock_).status(),
              FailsWith(StatusCode::kAlreadyExists, ".mreg"));
}

TEST_F(WorkspaceTest, TheStoreKnowsItsClones) {
  EXPECT_THAT(*(*clone_.workspace().store())->Clones(), ElementsAre(clone_.root()));
}

TEST_F(WorkspaceTest, RemotesAreReadFromTheConfiguration) {
  Workspace& workspace = clone_.workspace();
  ASSERT_EQ(workspace.SetConfig("remote.origin.url", "https://example.org/ns/m"), absl::OkStatus());
  ASSERT_EQ(workspace.SetConfig("remote.a.b.url", "/srv/models"), absl::OkStatus());
  ASSERT_EQ(workspace.SetConfig("remote.origin.fetch", "x"), absl::OkStatus());
  EXPECT_THAT(*workspace.Remotes(),
              ElementsAre(Pair("a.b", "/srv/models"), Pair("origin", "https://example.org/ns/m")));
  ASSERT_EQ(workspace.UnsetConfig("remote.origin.url"), absl::OkStatus());
  EXPECT_EQ(*workspace.GetConfig("remote.origin.url"), std::nullopt);
}

TEST_F(WorkspaceTest, GitSeesACleanTree) {
  clone_.Write("card.md", "# one\n");
  clone_.Write("sub/weights.bin", BinaryContent(50'000, 1));
  clone_.Age("card.md");
  clone_.Age("sub/weights.bin");
  clone_.AddAllAndCommit("a message");
  EXPECT_EQ(Git("status --porcelain"), "");
  EXPECT_EQ(Git("log --format='%an %s'"), "Alice a message\n");
  EXPECT_EQ(Git("fsck --strict"), "");
  EXPECT_THAT(Git("show HEAD:sub/weights.bin"),
              testing::StartsWith("version https://git-lfs.github.com/spec/v1\noid sha256:"));
}

TEST_F(WorkspaceTest, GitsCommitsAreOurs) {
  clone_.Write("a", "1");
  clone_.AddAllAndCommit();
  clone_.Write("b", "1");
  Git("add b");
  EXPECT_THAT(Lines(clone_.Status().staged), ElementsAre("A b"));
  Git("-c user.name=Bob -c user.email=bob@example.org commit -q -m 'by git'");
  EXPECT_THAT(Lines(clone_.Status().staged), testing::IsEmpty());
  EXPECT_EQ(clone_.workspace().history().ReadCommit(*clone_.Status().head)->message, "by git\n");
}

TEST_F(WorkspaceTest, TwoCommandsAtOnceAreToldOfEachOther) {
  clone_.Write("a.bin", BinaryContent(100, 1));
  TestClone other(clone_.root(), folder_ + "/store");
  const std::vector<std::string> names = {"a.bin"};
  int tries = 0;
  const auto meanwhile = [&](std::string_view, uint64_t, uint64_t) {
    ++tries;
    EXPECT_THAT(other.TryAdd({"a.bin"}),
                FailsWith(StatusCode::kUnavailable, "another mreg command is changing this clone"));
  };
  EXPECT_TRUE(clone_.workspace().Add(names, clone_.root(), {}, meanwhile).ok());
  EXPECT_GT(tries, 0);
  EXPECT_EQ(other.TryCommit(), absl::OkStatus());
}

TEST_F(WorkspaceTest, AnIndexThatGitHoldsIsUnavailable) {
  clone_.Write("a", "1");
  clone_.Write(".mreg/index.lock", "");
  EXPECT_THAT(clone_.TryAdd({"a"}),
              FailsWith(StatusCode::kUnavailable, "another mreg command is changing this clone"));
  clone_.Remove(".mreg/index.lock");
  EXPECT_EQ(clone_.TryAdd({"a"}), absl::OkStatus());
}

TEST_F(WorkspaceTest, ClonesOfManyProcessesShareAStore) {
  constexpr int kProcesses = 8;
  constexpr int kFiles = 20;
  const auto root = [&](int number) { return fmt::format("{}/clone-{}", folder_, number); };
  // Half of the files are in every clone.
  const auto content = [](int process, int file) {
    return BinaryContent(20'000,
                         static_cast<unsigned>(file % 2 == 0 ? file : process * 100 + file));
  };
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = fork();
    if (child == 0) {
      TestClone mine(root(process), folder_ + "/store");
      for (int file = 0; file < kFiles; ++file) {
        mine.Write(fmt::format("{}.bin", file), content(process, file));
        if (!mine.TryAdd({"."}).ok() || !mine.TryCommit().ok()) _exit(1);
      }
      _exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    EXPECT_EQ(WEXITSTATUS(ended), 0);
  }
  for (int process = 0; process < kProcesses; ++process) {
    TestClone clone(root(process), folder_ + "/store");
    for (int file = 0; file < kFiles; ++file) clone.Remove(fmt::format("{}.bin", file));
    ASSERT_EQ(clone.Restore({"."}, Workspace::RestoreWhat::kWorkTree), absl::OkStatus());
    for (int file = 0; file < kFiles; ++file) {
      EXPECT_EQ(clone.Read(fmt::format("{}.bin", file)), content(process, file));
    }
  }
}

}  // namespace
}  // namespace mreg::workspace
