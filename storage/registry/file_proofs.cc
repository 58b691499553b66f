#include "storage/registry/file_proofs.h"

#include <algorithm>
#include <utility>

#include "schema/base/sha256.h"
#include "storage/content/file_prover.h"
#include "storage/registry/leases.h"

namespace mreg::registry {
namespace {

constexpr size_t kMostExpectedBytes = 16 << 20;  // recipes of some 150 GB
constexpr size_t kMostProofs = 1 << 16;          // some 6 MiB
constexpr size_t kMostUploads = 8;               // at once: each keeps up to 16 MiB

// In memory, about.
size_t SizeOf(const content::Recipe& file) {
  size_t bytes = sizeof(file) +
                 file.chunks.size() * (sizeof(content::RecipeChunk) + sizeof(ChunkId)) +
                 file.spans.size() * sizeof(content::Span);
  for (const content::TensorSpans& tensor : file.tensors) {
    bytes += sizeof(tensor) + tensor.name.size();
  }
  return bytes;
}

Bytes DigestOf(const content::Recipe& recipe) { return Sha256Of(content::SerializeRecipe(recipe)); }

}  // namespace

void FileProofs::Expect(const std::string& uploader, std::vector<content::Recipe> files,
                        std::vector<ChunkId> missing) {
  Expected expected{uploader, clock_.Now(), std::move(files), std::move(missing)};
  for (const content::Recipe& file : expected.files) expected.bytes += SizeOf(file);
  const std::lock_guard lock(mutex_);
  std::erase_if(expected_, [&](const Expected& other) {
    const bool goes = other.uploader == uploader || other.since + kLeaseLength < expected.since;
    if (goes) expected_bytes_ -= other.bytes;
    return goes;
  });
  if (expected.missing.empty() || expected.bytes > kMostExpectedBytes) return;
  MakeRoomFor(expected.bytes);
  expected_bytes_ += expected.bytes;
  expected_.push_back(std::move(expected));
}

void FileProofs::MakeRoomFor(size_t bytes) {
  while (expected_bytes_ + bytes > kMostExpectedBytes) {
    expected_bytes_ -= expected_.front().bytes;
    expected_.pop_front();
  }
}

std::optional<FileProofs::Expected> FileProofs::TakeExpected(const std::string& uploader) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(expected_, uploader, &Expected::uploader);
  if (found == expected_.end()) return std::nullopt;
  std::optional<Expected> expected = std::move(*found);
  expected_bytes_ -= expected->bytes;
  expected_.erase(found);
  return expected;
}

std::unique_ptr<content::ArrivalHasher> FileProofs::BeginUpload(const std::string& uploader) {
  auto expected = TakeExpected(uploader);
  if (!expected) return nullptr;
  // Counts as long as the upload lives.
  const std::shared_ptr<void> counted(nullptr, [this](void*) { --uploads_; });
  if (++uploads_ > kMostUploads) return nullptr;
  auto prover = std::make_unique<content::FileProver>(
      content_, std::move(expected->files), expected->missing,
      [this, counted](const content::Recipe& recipe) { Add(recipe); });
  if (prover->is_empty()) return nullptr;
  return prover;
}

void FileProofs::Add(const content::Recipe& recipe) {
  Bytes digest = DigestOf(recipe);
  const std::lock_guard lock(mutex_);
  if (!proved_.insert(digest).second) return;
  proved_in_order_.push_back(std::move(digest));
  if (proved_in_order_.size() <= kMostProofs) return;
  proved_.erase(proved_in_order_.front());
  proved_in_order_.pop_front();
}

bool FileProofs::IsProved(const content::Recipe& recipe) const {
  const Bytes digest = DigestOf(recipe);
  const std::lock_guard lock(mutex_);
  return proved_.contains(digest);
}

}  // namespace mreg::registry
