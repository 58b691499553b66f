#include "storage/content/file_prover.h"

#include <algorithm>
#include <utility>

#include "schema/base/sha256.h"

namespace mreg::content {
namespace {

constexpr uint64_t kMostKeptBytes = 16 << 20;

}  // namespace

FileProver::FileProver(const ContentStore& store, std::vector<Recipe> files,
                       std::span<const ChunkId> expected, OnFileProved on_proved)
    : store_(store), on_proved_(std::move(on_proved)), expected_(expected.begin(), expected.end()) {
  for (Recipe& recipe : files) {
    if (IsWorthIt(recipe)) Add(std::move(recipe));
  }
}

// What is here already is decoded faster by all threads at once, when the file is pushed.
bool FileProver::IsWorthIt(const Recipe& recipe) const {
  uint64_t expected_bytes = 0;
  for (const Span& span : recipe.spans) {
    if (expected_.contains(recipe.chunks[span.chunk].id)) expected_bytes += span.length;
  }
  return expected_bytes > 0 && expected_bytes >= recipe.size / 2;
}

void FileProver::Add(Recipe recipe) {
  File& file = files_.emplace_back();
  file.recipe = std::move(recipe);
  for (const Span& span : file.recipe.spans) {
    const ChunkId& id = file.recipe.chunks[span.chunk].id;
    if (!expected_.contains(id)) continue;
    Arrival& arrival = arrivals_[id];
    ++arrival.uses;
    if (arrival.files.empty() || arrival.files.back() != &file) arrival.files.push_back(&file);
  }
}

Bytes FileProver::Hash(const ChunkId& id, ByteView plain, bool) {
  const auto found = arrivals_.find(id);
  if (found == arrivals_.end() || found->second.is_past) return Sha256Of(plain);
  Arrival& arrival = found->second;
  File* whole = nullptr;
  for (File* const file : arrival.files) {
    Advance(*file, {}, {});
    if (whole == nullptr && GoesOnWith(*file, id, plain)) whole = file;
  }
  Bytes digest = whole == nullptr ? Sha256Of(plain) : whole->hasher.UpdateWithPart(plain);
  if (digest != id.bytes()) {
    for (File* const file : arrival.files) GiveUp(*file);
    return digest;
  }
  arrival.is_past = true;
  if (whole != nullptr) Step(*whole);
  for (File* const file : arrival.files) Advance(*file, id, plain);
  KeepIfNeeded(id, plain, arrival);
  return digest;
}

// Whether its next span is the whole chunk: both hashes come from one pass then.
bool FileProver::GoesOnWith(const File& file, const ChunkId& id, ByteView plain) {
  if (file.is_over) return false;
  const Span& span = file.recipe.spans[file.next_span];
  const RecipeChunk& chunk = file.recipe.chunks[span.chunk];
  return chunk.id == id && chunk.length == plain.size() && span.length == plain.size();
}

// As far as its bytes are here: in the store, kept, or those of `id`.
void FileProver::Advance(File& file, const ChunkId& id, ByteView plain) {
  while (!file.is_over && file.next_span < file.recipe.spans.size()) {
    if (!HashNextSpan(file, id, plain)) return;
  }
  if (!file.is_over) Complete(file);
}

bool FileProver::HashNextSpan(File& file, const ChunkId& id, ByteView plain) {
  const ChunkId& next = file.recipe.chunks[file.recipe.spans[file.next_span].chunk].id;
  if (!plain.empty() && next == id) {
    HashSpan(file, plain);
    return true;
  }
  if (const auto kept = kept_.find(next); kept != kept_.end()) {
    HashSpan(file, kept->second);
    return true;
  }
  if (expected_.contains(next)) return false;
  const auto stored = store_.Get(next);
  stored.ok() ? HashSpan(file, *stored) : GiveUp(file);
  return true;
}

void FileProver::HashSpan(File& file, ByteView chunk) {
  const Span& span = file.recipe.spans[file.next_span];
  if (chunk.size() != file.recipe.chunks[span.chunk].length) return GiveUp(file);
  file.hasher.Update(chunk.substr(span.offset, span.length));
  Step(file);
}

// Whoever has hashed a span needs its chunk once less.
void FileProver::Step(File& file) {
  const ChunkId& id = file.recipe.chunks[file.recipe.spans[file.next_span++].chunk].id;
  const auto found = arrivals_.find(id);
  if (found == arrivals_.end() || --found->second.uses > 0) return;
  const auto kept = kept_.find(id);
  if (kept == kept_.end()) return;
  kept_bytes_ -= kept->second.size();
  kept_.erase(kept);
}

void FileProver::Complete(File& file) {
  file.is_over = true;
  if (file.hasher.Finish() == file.recipe.artifact.bytes()) on_proved_(file.recipe);
}

void FileProver::GiveUp(File& file) {
  if (std::exchange(file.is_over, true)) return;
  while (file.next_span < file.recipe.spans.size()) Step(file);
}

bool FileProver::Needs(const File& file, const ChunkId& id) {
  const auto& spans = file.recipe.spans;
  return std::any_of(spans.begin() + static_cast<ptrdiff_t>(file.next_span), spans.end(),
                     [&](const Span& span) { return file.recipe.chunks[span.chunk].id == id; });
}

void FileProver::KeepIfNeeded(const ChunkId& id, ByteView plain, Arrival& arrival) {
  if (arrival.uses == 0) return;
  if (kept_bytes_ + plain.size() <= kMostKeptBytes) {
    kept_.emplace(id, plain);
    kept_bytes_ += plain.size();
    return;
  }
  for (File* const file : arrival.files) {
    if (Needs(*file, id)) GiveUp(*file);
  }
}

}  // namespace mreg::content
