// Looking at what a registry holds: versions, files, content.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/byte_stream.h"
#include "storage/content/content_store.h"
#include "storage/registry/manifest.h"
#include "storage/registry/members.h"
#include "storage/registry/repositories.h"

namespace mreg::registry {

// A file of a version, to be read in parts.
struct OpenedFile {
  ManifestEntry entry;
  CommitId commit;
  // Gives `length` bytes from `offset` on, clipped to the file. The registry outlives the source.
  std::function<std::unique_ptr<ByteSource>(uint64_t offset, uint64_t length)> open;
};

// Where the tensors of a file lie.
struct FileTensors {
  ManifestEntry entry;
  CommitId commit;
  std::vector<content::TensorRange> tensors;  // none of a text
};

// Thread-safe. Every call checks the caller's access first. A revision is what
// history::Repository::Resolve takes; NotFound names what is absent.
class Browse {
 public:
  Browse(const content::ContentStore& content, const Repositories& repositories,
         const Members& members);

  absl::StatusOr<std::vector<history::Reference>> References(const Caller& caller,
                                                             const RepositoryName& name) const;
  absl::StatusOr<std::vector<history::Commit>> Log(const Caller& caller, const RepositoryName& name,
                                                   std::string_view revision, size_t limit) const;
  absl::StatusOr<Manifest> ReadVersion(const Caller& caller, const RepositoryName& name,
                                       std::string_view revision) const;
  absl::StatusOr<OpenedFile> OpenFile(const Caller& caller, const RepositoryName& name,
                                      std::string_view revision, std::string_view path) const;
  // Reads nothing but the index.
  absl::StatusOr<FileTensors> Tensors(const Caller& caller, const RepositoryName& name,
                                      std::string_view revision, std::string_view path) const;

 private:
  struct Found {
    std::unique_ptr<history::Repository> history;
    ManifestEntry entry;
    CommitId commit;
    std::optional<content::Recipe> recipe;  // of an artifact
  };
  absl::StatusOr<Found> FindFile(const Caller& caller, const RepositoryName& name,
                                 std::string_view revision, std::string_view path) const;

  const content::ContentStore& content_;
  const Repositories& repositories_;
  const Members& members_;
};

}  // namespace mreg::registry
