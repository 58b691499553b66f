// Any bytes, in pieces of any size: refused, or chunks whose size is bounded and which decode to
// what their id says or are refused as damaged.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "schema/base/sha256.h"
#include "storage/content/record_stream.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

absl::Status CheckChunk(mreg::content::StoredChunk chunk) {
  const mreg::ChunkId id = chunk.id;
  Require(chunk.plain_length <= mreg::content::kMaxChunkBytes);
  Require(chunk.payload.size() <= mreg::content::kMaxChunkBytes);
  const bool is_sound = mreg::content::Verify(chunk).ok();
  const auto plain = mreg::content::Decode(std::move(chunk));
  Require(plain.ok() == is_sound);
  if (plain.ok()) Require(mreg::IdOf<mreg::ChunkId>(*plain) == id);
  return absl::OkStatus();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  mreg::ByteView rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t step = 1 + data[0];
  mreg::content::RecordParser parser(CheckChunk);
  while (!rest.empty()) {
    if (!parser.Feed(rest.substr(0, step)).ok()) break;
    rest.remove_prefix(std::min(step, rest.size()));
  }
  return 0;
}
