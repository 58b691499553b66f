#include "storage/content/stored_file.h"

#include <utility>

#include "schema/base/status.h"

namespace mreg::content {
namespace {

class StoredFile final : public ReadableFile {
 public:
  StoredFile(const ContentStore& store, Recipe recipe)
      : store_(store), recipe_(std::move(recipe)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    const auto source = store_.OpenRange(recipe_, offset, buffer.size());
    size_t filled = 0;
    while (filled < buffer.size()) {
      MREG_ASSIGN_OR_RETURN(const size_t got, source->Read(buffer.subspan(filled)));
      if (got == 0) break;
      filled += got;
    }
    return filled;
  }
  absl::StatusOr<uint64_t> Size() const override { return recipe_.size; }

 private:
  const ContentStore& store_;
  const Recipe recipe_;
};

}  // namespace

std::unique_ptr<ReadableFile> OpenStored(const ContentStore& store, Recipe recipe) {
  return std::make_unique<StoredFile>(store, std::move(recipe));
}

}  // namespace mreg::content
