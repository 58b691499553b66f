#include "cli/workspace/test_clone.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::workspace {

namespace fs = std::filesystem;

std::string FreshDirectory() {
  std::string path = JoinPath(testing::TempDir(), "workspace-XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return fs::canonical(path).string();
}

Bytes BinaryContent(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size, '\0');
  for (size_t i = 1; i < size; ++i) bytes[i] = static_cast<char>(random());
  return bytes;
}

TestClone::TestClone(std::string root, std::string store)
    : root_(std::move(root)), paths_{std::move(store)} {
  if (!fs::exists(root_ + "/.mreg")) {
    const auto made = InitWorkspace(root_, paths_, clock_);
    EXPECT_TRUE(made.ok()) << made.status();
  }
  Reopen();
}

void TestClone::Reopen() {
  auto found = FindWorkspace(root_, paths_, clock_);
  ASSERT_TRUE(found.ok()) << found.status();
  workspace_ = *std::move(found);
}

std::string TestClone::PathOf(std::string_view path) const { return JoinPath(root_, path); }

void TestClone::Write(std::string_view path, ByteView content) {
  fs::create_directories(fs::path(PathOf(path)).parent_path());
  std::ofstream(PathOf(path), std::ios::binary | std::ios::trunc) << content;
}

void TestClone::MakeExecutable(std::string_view path) {
  ASSERT_EQ(chmod(PathOf(path).c_str(), 0755), 0);
}

void TestClone::Link(std::string_view path, const std::string& target) {
  fs::create_symlink(target, PathOf(path));
}

void TestClone::MakeFolder(std::string_view path) { fs::create_directories(PathOf(path)); }

void TestClone::Remove(std::string_view path) { fs::remove_all(PathOf(path)); }

std::optional<Bytes> TestClone::Read(std::string_view path) const {
  const auto content = ReadSmallFile(PosixFileSystem(), PathOf(path), 1 << 30);
  if (!content.ok()) return std::nullopt;
  return *content;
}

bool TestClone::IsExecutable(std::string_view path) const {
  struct stat info;
  return stat(PathOf(path).c_str(), &info) == 0 && (info.st_mode & S_IXUSR) != 0;
}

std::map<std::string, Bytes> TestClone::Files() const {
  std::map<std::string, Bytes> files;
  auto entry = fs::recursive_directory_iterator(root_);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->path().filename() == ".mreg") entry.disable_recursion_pending();
    if (!entry->is_regular_file()) continue;
    const std::string path = entry->path().lexically_relative(root_).string();
    files[path] = Read(path).value_or("unreadable");
  }
  return files;
}

void TestClone::Age(std::string_view path) {
  const timespec long_ago = {1'600'000'000, 0};
  const timespec times[2] = {long_ago, long_ago};
  ASSERT_EQ(utimensat(AT_FDCWD, PathOf(path).c_str(), times, 0), 0);
}

AddReport TestClone::Add(const std::vector<std::string>& paths) {
  auto report = workspace().Add(paths, root_, {}, nullptr);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *std::move(report) : AddReport{};
}

absl::Status TestClone::TryAdd(const std::vector<std::string>& paths) {
  return workspace().Add(paths, root_, {}, nullptr).status();
}

CommitId TestClone::Commit(const std::string& message) {
  const auto commit = workspace().Commit(message, kAlice, {});
  EXPECT_TRUE(commit.ok()) << commit.status();
  return commit.ok() ? *commit : CommitId();
}

absl::Status TestClone::TryCommit(const std::string& message) {
  return workspace().Commit(message, kAlice, {}).status();
}

CommitId TestClone::AddAllAndCommit(const std::string& message) {
  Add({"."});
  return Commit(message);
}

StatusReport TestClone::Status() {
  auto report = workspace().Status();
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *std::move(report) : StatusReport{};
}

void TestClone::Branch(const std::string& name, const CommitId& commit) {
  history::References& references = workspace().history().references();
  const std::string full = "refs/heads/" + name;
  const history::ReferenceMove move{full, *references.Read(full), ToObjectId(commit)};
  const absl::Status moved = references.Move({&move, 1}, {"alice", clock_.Now(), "test"});
  ASSERT_TRUE(moved.ok()) << moved;
}

absl::Status TestClone::SwitchTo(const std::string& branch) {
  return workspace().SwitchTo("refs/heads/" + branch, nullptr);
}

Workspace::MergeReport TestClone::Merge(const CommitId& other,
                                        const std::map<std::string, Workspace::Side>& choose) {
  auto report = workspace().Merge(other, "merge", kAlice, choose, nullptr);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *std::move(report) : Workspace::MergeReport{};
}

absl::Status TestClone::TryMerge(const CommitId& other,
                                 const std::map<std::string, Workspace::Side>& choose) {
  return workspace().Merge(other, "merge", kAlice, choose, nullptr).status();
}

absl::Status TestClone::Restore(const std::vector<std::string>& paths, Workspace::RestoreWhat what,
                                std::optional<CommitId> source) {
  return workspace().Restore(paths, root_, what, source, nullptr);
}

std::vector<std::string> Lines(const std::vector<ChangedFile>& files) {
  std::vector<std::string> lines;
  for (const ChangedFile& file : files) {
    lines.push_back(fmt::format("{} {}", "AMR"[static_cast<int>(file.change)], file.path));
  }
  return lines;
}

testing::Matcher<absl::Status> FailsWith(absl::StatusCode code, const std::string& part) {
  return testing::AllOf(
      testing::Property(&absl::Status::code, code),
      testing::ResultOf([](const absl::Status& status) { return std::string(MessageOf(status)); },
                        testing::HasSubstr(part)));
}

}  // namespace mreg::workspace
