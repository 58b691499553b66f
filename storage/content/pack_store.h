// Where packs are kept: immutable files, written once, named when they are complete.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/clock.h"
#include "schema/base/file_system.h"
#include "schema/base/ids.h"

namespace mreg::content {

// A pack being written. Not thread-safe. Destroyed unpublished, it is gone.
class PackUpload {
 public:
  virtual ~PackUpload() = default;

  virtual absl::Status Write(ByteView data) = 0;

  // Hints that much was written and more will come: begins to bring it to the disk.
  virtual void StartWriteback() = 0;

  // Makes the pack durable and visible under `id`. OK also if there is one of that id already:
  // then it has the same content.
  virtual absl::Status Publish(const PackId& id) = 0;
};

struct PackInfo {
  PackId id;
  uint64_t size = 0;  // bytes
  TimePoint written;
};

// Thread-safe.
class PackStore {
 public:
  virtual ~PackStore() = default;

  virtual absl::StatusOr<std::unique_ptr<PackUpload>> Begin() = 0;

  // Fills `buffer` from `offset`. NotFound if there is no such pack, DataLoss if it is shorter.
  virtual absl::Status ReadAt(const PackId& id, uint64_t offset, std::span<char> buffer) const = 0;

  // One that is removed meanwhile may be left out.
  virtual absl::StatusOr<std::vector<PackInfo>> List() const = 0;
  virtual absl::Status Remove(const PackId& id) = 0;

  // The bytes of uploads that killed processes left behind, each given to `visit` and then
  // removed. Uploads of living processes are left alone.
  virtual absl::Status RecoverUploads(
      const std::function<absl::Status(const ReadableFile&)>& visit) = 0;
};

// In `directory`: packs/ab/<hex>.pack, and incoming/ for what is being written. Created if absent.
absl::StatusOr<std::unique_ptr<PackStore>> OpenPackFolder(FileSystem& fs,
                                                          const std::string& directory);

}  // namespace mreg::content
