// The repositories of a registry.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/history/repository.h"
#include "storage/registry/access.h"

namespace mreg::registry {

struct RepositoryInfo {
  std::string name;  // namespace/name
  TimePoint created;
};

// Thread-safe.
class Repositories {
 public:
  Repositories(kv::KeyValueStore& store, const journal::Journal& journal, const Clock& clock,
               const Access& access);

  // Those that `caller` may read, by name, from behind `after` (empty: from the first).
  absl::StatusOr<std::vector<RepositoryInfo>> List(const Caller& caller, const std::string& after,
                                                   size_t limit) const;

  // AlreadyExists if there is one.
  absl::Status Create(const Caller& caller, const RepositoryName& name);

  // For reading, after the access check: NotFound if there is none.
  absl::StatusOr<std::unique_ptr<history::Repository>> Open(const Caller& caller,
                                                            const RepositoryName& name) const;

  // The number that names its rows in tables, after the access check: NotFound if there is none.
  absl::StatusOr<uint64_t> NumberOf(const Caller& caller, const RepositoryName& name) const;

  // For writing, after the access check. One that does not exist yet is given a number, and
  // exists for others from the first CreateIfNew on.
  struct Writable {
    std::unique_ptr<history::Repository> history;
    uint64_t number = 0;
    uint64_t journal_size = 0;  // before it was opened
    bool is_new = false;
  };
  absl::StatusOr<Writable> OpenForWriting(const Caller& caller, const RepositoryName& name);

  // Aborted if somebody else created it meanwhile.
  absl::Status CreateIfNew(const Caller& caller, const RepositoryName& name,
                           const Writable& repository);

  // For housekeeping: every repository by name with its number, and a number above all that were
  // given, also to repositories that never came into being.
  struct Numbers {
    std::map<std::string, uint64_t> by_name;
    uint64_t end = 1;
  };
  absl::StatusOr<Numbers> ReadNumbers() const;

 private:
  absl::StatusOr<std::optional<uint64_t>> Find(const RepositoryName& name) const;
  absl::StatusOr<uint64_t> ReserveNumber();
  absl::StatusOr<std::unique_ptr<history::Repository>> OpenNumber(const RepositoryName& name,
                                                                  uint64_t number) const;

  kv::KeyValueStore& store_;
  const journal::Journal& journal_;
  const Clock& clock_;
  const Access& access_;
};

}  // namespace mreg::registry
