// For tests: places where a repository can live, each with the same few things to do to it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/base/file_system.h"
#include "storage/history/repository.h"

namespace mreg::history {

class World {
 public:
  virtual ~World() = default;
  // Another handle on the same repository.
  virtual std::unique_ptr<Repository> Open() = 0;
  // Changes a byte of the object where it lies.
  virtual void Damage(const ObjectId& id) = 0;
};

struct WorldKind {
  std::string name;
  std::function<std::unique_ptr<World>()> make;
  friend void PrintTo(const WorldKind& kind, std::ostream* out) { *out << kind.name; }
};

// All forms of a repository that the conformance tests run on.
std::vector<WorldKind> AllWorlds();

std::string FreshDirectory();

// A repository with a vocabulary for histories.
class History {
 public:
  explicit History(std::unique_ptr<Repository> opened) : repository(std::move(opened)) {}

  ObjectId Blob(std::string_view text);
  TreeEntry File(std::string_view path, std::string_view text);
  ObjectId Tree(const std::vector<TreeEntry>& files);
  // Each commit is a second later than the one before.
  CommitId CommitOf(const std::vector<TreeEntry>& files, const std::vector<CommitId>& parents);
  CommitId CommitOf(std::string_view text, const std::vector<CommitId>& parents = {}) {
    return CommitOf({File("file", text)}, parents);
  }
  ObjectId Tag(std::string_view name, const ObjectId& target);
  void Point(const std::string& name, const ObjectId& target);

  const std::unique_ptr<Repository> repository;

 private:
  int64_t now_ = 1'700'000'000;
};

inline const MoveRecord kAnyRecord = {
    "alice", TimePoint(std::chrono::milliseconds(1'700'000'000'000)), "test"};

}  // namespace mreg::history
