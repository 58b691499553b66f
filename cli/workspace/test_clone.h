// For tests: a clone in a fresh folder, and a vocabulary for what people do to it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/workspace/workspace.h"
#include "schema/base/clock.h"

namespace mreg::workspace {

std::string FreshDirectory();

// Not text: it has zero bytes, and compresses to nothing. The same for a seed.
Bytes BinaryContent(size_t size, unsigned seed);

inline const history::Signature kAlice = {"Alice", "alice@example.org", 1'700'000'000, 120};

class TestClone {
 public:
  // Both folders are made where they are absent; the clone is opened where there is one.
  TestClone(std::string root, std::string store);

  Workspace& workspace() { return *workspace_; }
  const std::string& root() const { return root_; }
  // As another process would see it.
  void Reopen();

  // The work tree, as a user's editor sees it. Folders are made as needed.
  void Write(std::string_view path, ByteView content);
  void MakeExecutable(std::string_view path);
  void Link(std::string_view path, const std::string& target);
  void MakeFolder(std::string_view path);
  void Remove(std::string_view path);  // with all below
  std::optional<Bytes> Read(std::string_view path) const;
  bool IsExecutable(std::string_view path) const;
  // Every file below, with its content; nothing of .mreg.
  std::map<std::string, Bytes> Files() const;
  // As if nobody had touched the file for a while: its stamp can be proof then.
  void Age(std::string_view path);
  std::string PathOf(std::string_view path) const;

  // Each expects to succeed.
  AddReport Add(const std::vector<std::string>& paths);
  CommitId Commit(const std::string& message = "change");
  CommitId AddAllAndCommit(const std::string& message = "change");
  StatusReport Status();
  void Branch(const std::string& name, const CommitId& commit);
  Workspace::MergeReport Merge(const CommitId& other,
                               const std::map<std::string, Workspace::Side>& choose = {});

  // Each returns its status.
  absl::Status TryAdd(const std::vector<std::string>& paths);
  absl::Status TryCommit(const std::string& message = "change");
  absl::Status TryMerge(const CommitId& other,
                        const std::map<std::string, Workspace::Side>& choose = {});
  absl::Status Checkout(const CommitId& commit) { return workspace().Checkout(commit, nullptr); }
  absl::Status SwitchTo(const std::string& branch);
  absl::Status Restore(const std::vector<std::string>& paths, Workspace::RestoreWhat what,
                       std::optional<CommitId> source = std::nullopt);

 private:
  const std::string root_;
  const UserPaths paths_;
  const SystemClock clock_;
  std::unique_ptr<Workspace> workspace_;
};

class CloneTest : public testing::Test {
 protected:
  const std::string folder_ = FreshDirectory();
  TestClone clone_{folder_ + "/clone", folder_ + "/store"};
};

// "A a", "M b", "R c": what changed, as a line each.
std::vector<std::string> Lines(const std::vector<ChangedFile>& files);

// A failure of that code whose message holds `part`.
testing::Matcher<absl::Status> FailsWith(absl::StatusCode code, const std::string& part);

}  // namespace mreg::workspace
