// Files that were put together while they were fetched, until a checkout gives them their names.
// Internal to cli/workspace.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cli/workspace/work_tree.h"
#include "storage/content/file_assembler.h"

namespace mreg::workspace {

// Few at a time, and none that the disk may have no room for beside the store. They have no names,
// so that a killed process leaves nothing behind. Where the file system knows no such files, none
// is put together.
class FetchedFiles final : public content::FileOutputs {
 public:
  // `folder`, inside the tree, is made when it is needed. `tree` outlives it.
  FetchedFiles(const WorkTree& tree, std::string folder);
  ~FetchedFiles() override;

  std::unique_ptr<RandomAccessFile> Open(const ArtifactId& artifact, uint64_t size) override;
  void Accept(const ArtifactId& artifact, std::unique_ptr<RandomAccessFile> file) override;

  // The file of `artifact`, open for reading; less than 0 if there is none. It is not kept any
  // longer.
  UniqueFd Take(const ArtifactId& artifact);

 private:
  class Output;

  const WorkTree& tree_;
  const std::string folder_;
  uint64_t open_bytes_ = 0;  // that the open files will have
  size_t open_files_ = 0;
  std::map<ArtifactId, std::unique_ptr<Output>> files_;
};

}  // namespace mreg::workspace
