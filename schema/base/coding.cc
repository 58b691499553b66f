#include "schema/base/coding.h"

#include <bit>
#include <cstring>

namespace mreg {
namespace {

template <typename T>
T SwapBytes(T value) {
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  return __builtin_bswap64(value);
}

template <std::endian kOrder, typename T>
void Append(Bytes& out, T value) {
  if constexpr (kOrder != std::endian::native) value = SwapBytes(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <std::endian kOrder, typename T>
T Read(ByteView data) {
  T value;
  std::memcpy(&value, data.data(), sizeof(value));
  if constexpr (kOrder != std::endian::native) value = SwapBytes(value);
  return value;
}

}  // namespace

void AppendU16Le(Bytes& out, uint16_t value) { Append<std::endian::little>(out, value); }
void AppendU32Le(Bytes& out, uint32_t value) { Append<std::endian::little>(out, value); }
void AppendU64Le(Bytes& out, uint64_t value) { Append<std::endian::little>(out, value); }
void AppendU64Be(Bytes& out, uint64_t value) { Append<std::endian::big>(out, value); }

uint16_t ReadU16Le(ByteView data) { return Read<std::endian::little, uint16_t>(data); }
uint32_t ReadU32Le(ByteView data) { return Read<std::endian::little, uint32_t>(data); }
uint64_t ReadU64Le(ByteView data) { return Read<std::endian::little, uint64_t>(data); }
uint64_t ReadU64Be(ByteView data) { return Read<std::endian::big, uint64_t>(data); }

}  // namespace mreg
