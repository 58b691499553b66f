#include "storage/content/encoding/planes.h"

#include <bit>
#include <cstring>
#include <type_traits>

#include "schema/base/status.h"
#include "storage/content/encoding/frame.h"

namespace mreg::encoding {
namespace {

// Turned left by one bit the exponent of these fills the highest byte, and the sign, which is
// noise, is with the lowest. In fp16 the exponent ends inside the highest byte as it is.
bool IsTurned(const Element& element) { return element.exponent_bits >= 8; }

template <typename Word>
void Split(ByteView plain, bool turn, char* planes) {
  constexpr size_t kWidth = sizeof(Word);
  const size_t count = plain.size() / kWidth;
  for (size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, plain.data() + i * kWidth, kWidth);
    if (turn) word = std::rotl(word, 1);
    for (size_t k = 0; k < kWidth; ++k) {
      planes[k * count + i] = static_cast<char>(word >> (8 * (kWidth - 1 - k)));
    }
  }
}

template <typename Word>
void Join(const char* planes, bool turn, std::span<char> plain) {
  constexpr size_t kWidth = sizeof(Word);
  const size_t count = plain.size() / kWidth;
  for (size_t i = 0; i < count; ++i) {
    Word word = 0;
    for (size_t k = 0; k < kWidth; ++k) {
      word = static_cast<Word>(word |
                               static_cast<Word>(static_cast<unsigned char>(planes[k * count + i]))
                                   << (8 * (kWidth - 1 - k)));
    }
    if (turn) word = std::rotr(word, 1);
    std::memcpy(plain.data() + i * kWidth, &word, kWidth);
  }
}

// Calls `visit` with a zero of the word that has `width` bytes.
template <typename Visit>
void WithWord(size_t width, const Visit& visit) {
  switch (width) {
    case 2:
      return visit(uint16_t{0});
    case 4:
      return visit(uint32_t{0});
    case 8:
      return visit(uint64_t{0});
    default:
      return visit(uint8_t{0});
  }
}

}  // namespace

void AppendPlanes(ByteView plain, const Element& element, Bytes& out) {
  const size_t count = plain.size() / element.width;
  const size_t whole = count * element.width;
  if (element.width == 1) {
    AppendFrame(plain, out);
    return;
  }
  Bytes planes(whole, '\0');
  WithWord(element.width, [&](auto word) {
    Split<decltype(word)>(plain.substr(0, whole), IsTurned(element), planes.data());
  });
  for (size_t k = 0; k < element.width; ++k) {
    AppendFrame(ByteView(planes).substr(k * count, count), out);
  }
  out.append(plain.substr(whole));
}

absl::Status TakePlanes(ByteView& in, const Element& element, std::span<char> plain) {
  const size_t count = plain.size() / element.width;
  const size_t whole = count * element.width;
  if (element.width == 1) return TakeFrame(in, plain);
  Bytes planes(whole, '\0');
  for (size_t k = 0; k < element.width; ++k) {
    MREG_RETURN_IF_ERROR(TakeFrame(in, std::span(planes).subspan(k * count, count)));
  }
  WithWord(element.width, [&](auto word) {
    Join<decltype(word)>(planes.data(), IsTurned(element), plain.first(whole));
  });
  const size_t rest = plain.size() - whole;
  if (in.size() < rest) return absl::DataLossError("an encoded chunk is damaged");
  std::memcpy(plain.data() + whole, in.data(), rest);
  in.remove_prefix(rest);
  return absl::OkStatus();
}

}  // namespace mreg::encoding
