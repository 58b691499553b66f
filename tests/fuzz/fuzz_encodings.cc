// Any bytes as a chunk's payload, in every encoding and beside bases of many lengths: an error, or
// exactly as many bytes as were promised. And any bytes as elements of every type: what is encoded
// comes back.
#include <cstdint>
#include <cstdlib>

#include "schema/base/sha256.h"
#include "storage/content/codec.h"

namespace {

using mreg::Bytes;
using mreg::ByteView;
using mreg::content::Encoding;

constexpr uint32_t kMostPlain = 1 << 16;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Takes an integer of two bytes off the front; 0 if there is none.
uint32_t Take(ByteView& in) {
  if (in.size() < 2) return 0;
  const auto value = static_cast<uint32_t>(static_cast<unsigned char>(in[0]) |
                                           static_cast<unsigned char>(in[1]) << 8);
  in.remove_prefix(2);
  return value;
}

void DecodeAnything(ByteView in) {
  mreg::content::StoredChunk chunk;
  chunk.encoding = static_cast<Encoding>(Take(in) % 6);
  chunk.plain_length = Take(in) % kMostPlain;
  const ByteView base = in.substr(0, Take(in));
  chunk.payload = in;
  const uint32_t promised = chunk.plain_length;
  const auto plain = mreg::content::DecodeUnverified(std::move(chunk), base);
  Require(!plain.ok() || plain->size() == promised);
}

// A tensor's dimensions and where in it the chunk lies, and where in the base.
mreg::content::Place TakePlace(ByteView& in) {
  mreg::content::Place place{{}, Take(in)};
  for (uint32_t rank = Take(in) % 4; rank > 0; --rank) {
    place.dims.push_back(static_cast<int16_t>(Take(in)));
  }
  return place;
}

void EncodeAnything(ByteView in, bool with_place, bool is_transposed) {
  const mreg::onnx::DataType type = static_cast<int>(Take(in) % 28);
  const mreg::onnx::DataType base_type = static_cast<int>(Take(in) % 28);
  const size_t split = Take(in);
  mreg::content::Place place;
  uint32_t skip = 0;
  if (with_place) place = TakePlace(in), skip = Take(in);
  const Bytes plain(in.substr(0, split));
  const Bytes base(in.substr(plain.size()));
  const auto id = mreg::IdOf<mreg::ChunkId>(plain);
  Require(*mreg::content::Decode(mreg::content::Encode(id, plain, type)) == plain);
  const auto beside = mreg::content::EncodeBeside(
      id, plain, type, {{mreg::IdOf<mreg::ChunkId>(base)}, base_type, base, skip, is_transposed},
      place);
  Require(*mreg::content::Decode(beside, beside.bases.empty() ? ByteView() : base) == plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView in(reinterpret_cast<const char*>(data), size);
  if (in.empty()) return 0;
  if (in[0] % 2 == 0) {
    DecodeAnything(in.substr(1));
  } else {
    EncodeAnything(in.substr(1), in[0] % 4 == 3, in[0] % 8 == 7);
  }
  return 0;
}
