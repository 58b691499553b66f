// A user's machine that pushes versions whose files anybody can make again from their seeds, for
// tests that kill it or the server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/history/repository.h"
#include "storage/registry/local_store.h"
#include "storage/sync/remote.h"
#include "storage/sync/transfer.h"

namespace mreg::faults {

// What a version holds. It is told in the commit's message, so that whoever fetches the version
// knows what its files must be.
struct VersionSpec {
  uint64_t seed = 0;
  uint64_t bytes = 0;  // of model.bin

  std::string ToMessage() const;
  static absl::StatusOr<VersionSpec> FromMessage(const std::string& message);

  // The first half is the same in all versions of that size.
  Bytes Model() const;
  std::string Readme() const;
};

class PushingSite {
 public:
  // In the folder `home`, created if absent: what a killed site had is taken over.
  static absl::StatusOr<PushingSite> Open(const std::string& home);

  // The same commit for the same spec and parent.
  absl::StatusOr<CommitId> Commit(const VersionSpec& spec, std::optional<CommitId> parent);

  absl::StatusOr<sync::PushOutcome> Push(sync::Remote& remote, const std::string& branch,
                                         const CommitId& commit, sync::Force force,
                                         const sync::Progress& progress);

  // Fetches all of `commit`'s files and its ancestors' and compares them with what their messages
  // say: DataLoss where they differ.
  absl::Status CheckHistory(sync::Remote& remote, const CommitId& commit);

  history::Repository& history() { return *history_; }

 private:
  absl::Status CheckVersion(sync::Remote& remote, const history::Commit& commit);
  absl::Status CheckFile(sync::Remote& remote, const Bytes& blob, const Bytes& expected);

  std::unique_ptr<registry::LocalStore> store_;
  std::unique_ptr<history::Repository> history_;
};

}  // namespace mreg::faults
