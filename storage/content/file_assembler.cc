#include "storage/content/file_assembler.h"

#include <utility>

#include "schema/base/sha256.h"

namespace mreg::content {
namespace {

constexpr uint64_t kMinFileBytes = 1 << 20;  // smaller ones are copied as fast
constexpr size_t kMaxFiles = 64;             // that are open at once

}  // namespace

FileAssembler::FileAssembler(const ContentStore& store, FileOutputs& outputs)
    : store_(store), outputs_(outputs) {}

void FileAssembler::Expect(std::span<const ChunkId> ids) {
  expected_ = absl::flat_hash_set<ChunkId>(ids.begin(), ids.end());
}

void FileAssembler::Add(const Recipe& recipe) {
  uint64_t expected_bytes = 0;
  for (const Span& span : recipe.spans) {
    if (expected_.contains(recipe.chunks[span.chunk].id)) expected_bytes += span.length;
  }
  // What is here already is decoded faster by all threads at once, when the file is copied.
  if (recipe.size < kMinFileBytes || expected_bytes < recipe.size / 2) return;
  if (files_.size() == kMaxFiles) return;
  auto output = outputs_.Open(recipe.artifact, recipe.size);
  if (output == nullptr) return;
  File& file = files_.emplace_back();
  file.recipe = recipe;
  file.output = std::move(output);
  uint64_t offset = 0;
  for (const Span& span : recipe.spans) {
    places_[recipe.chunks[span.chunk].id].push_back({&file, offset, span.offset, span.length});
    offset += span.length;
  }
}

bool FileAssembler::Write(const ChunkId& id, ByteView plain) {
  const auto found = places_.find(id);
  if (found == places_.end()) return false;
  {
    const std::lock_guard lock(mutex_);
    if (!claimed_.insert(id).second) return false;
  }
  for (const Place& place : found->second) {
    if (place.file->is_given_up) continue;
    const bool fits = uint64_t{place.begin} + place.length <= plain.size();
    if (!fits ||
        !place.file->output->WriteAt(place.offset, plain.substr(place.begin, place.length)).ok()) {
      place.file->is_given_up = true;
    }
  }
  return true;
}

bool FileAssembler::IsNext(const ChunkId& id, ByteView plain) const {
  if (current_ == files_.size()) return false;
  const File& file = files_[current_];
  if (file.next_span == file.recipe.spans.size()) return false;
  const Span& span = file.recipe.spans[file.next_span];
  return file.recipe.chunks[span.chunk].id == id && span.offset == 0 && span.length == plain.size();
}

Bytes FileAssembler::Hash(const ChunkId& id, ByteView plain, bool written) {
  if (!written) return Sha256Of(plain);
  Bytes digest;
  if (IsNext(id, plain)) {
    digest = hasher_.UpdateWithPart(plain);
    Step(files_[current_]);
  } else {
    digest = Sha256Of(plain);
  }
  if (digest != id.bytes()) GiveUpFilesWith(id);
  arrived_.insert(id);
  Advance();
  return digest;
}

// Such a file could be what was wanted all the same, and still its recipe would be false.
void FileAssembler::GiveUpFilesWith(const ChunkId& id) {
  for (const Place& place : places_.at(id)) place.file->is_given_up = true;
}

void FileAssembler::Step(File& file) { file.offset += file.recipe.spans[file.next_span++].length; }

void FileAssembler::Advance() {
  for (; current_ < files_.size(); ++current_) {
    File& file = files_[current_];
    while (!file.is_given_up && file.next_span < file.recipe.spans.size()) {
      if (!HashNextSpan(file)) return;
    }
    Complete(file);
  }
}

// False if its bytes have not arrived.
bool FileAssembler::HashNextSpan(File& file) {
  const Span& span = file.recipe.spans[file.next_span];
  const ChunkId& id = file.recipe.chunks[span.chunk].id;
  if (!arrived_.contains(id)) {
    if (expected_.contains(id)) return false;
    TakeFromStore(id, file);
  }
  Bytes bytes(span.length, '\0');
  const auto got = file.output->ReadAt(file.offset, bytes);
  if (!got.ok() || *got != bytes.size()) file.is_given_up = true;
  hasher_.Update(bytes);
  Step(file);
  return true;
}

void FileAssembler::TakeFromStore(const ChunkId& id, File& file) {
  const auto plain = store_.GetUnverified(id);
  // Somebody else may be about to write it, who was not expected to.
  if (!plain.ok() || !Write(id, *plain)) file.is_given_up = true;
  arrived_.insert(id);
}

void FileAssembler::Complete(File& file) {
  const bool is_proved = hasher_.Finish() == file.recipe.artifact.bytes();
  if (!is_proved || file.is_given_up) return;
  // All its chunks were written, and none is twice: nobody touches it any more.
  outputs_.Accept(file.recipe.artifact, std::move(file.output));
  accepted_.push_back(file.recipe.artifact);
}

std::vector<ArtifactId> FileAssembler::Finish() {
  expected_.clear();
  Advance();
  return std::exchange(accepted_, {});
}

}  // namespace mreg::content
