// What a registry keeps, by repository, and where its bytes are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/content/usage.h"
#include "storage/history/repository.h"

namespace mreg::registry {

struct RepositoryUsage {
  std::string name;
  uint64_t versions = 0;
  uint64_t version_bytes = 0;  // of all artifacts of each version
  uint64_t files = 0;          // artifacts, each once
  uint64_t file_bytes = 0;
  uint64_t plain_bytes = 0;   // of the chunks they consist of, each once
  uint64_t stored_bytes = 0;  // the same as encoded; other repositories may have them too
};

// The repositories' version_bytes - repeated_bytes + unreached_bytes = content.file_bytes.
struct RegistryUsage {
  std::vector<RepositoryUsage> repositories;  // by name
  uint64_t version_bytes = 0;
  uint64_t repeated_bytes = 0;   // of artifacts that several versions have
  uint64_t unreached_bytes = 0;  // of artifacts that no version has
  content::Usage content;
};

// Not thread-safe.
class RegistryMeter {
 public:
  explicit RegistryMeter(const content::ContentStore& content) : content_(content) {}

  // `history` is of the repository `name`, whose files are in the store.
  absl::Status Add(const std::string& name, const history::Repository& history);
  absl::StatusOr<RegistryUsage> Finish();

 private:
  const content::ContentStore& content_;
  RegistryUsage usage_;
  absl::flat_hash_map<ArtifactId, uint64_t> files_;  // with their sizes
};

}  // namespace mreg::registry
