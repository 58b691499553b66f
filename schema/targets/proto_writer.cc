#include "schema/targets/proto_writer.h"

#include <bit>

namespace mreg::targets {

void ProtoWriter::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

ProtoWriter& ProtoWriter::Number(uint32_t field, uint64_t value) {
  Varint(uint64_t{field} << 3);
  Varint(value);
  return *this;
}

ProtoWriter& ProtoWriter::Float(uint32_t field, float value) {
  Varint(uint64_t{field} << 3 | 5);
  const auto bits = std::bit_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift);
  return *this;
}

ProtoWriter& ProtoWriter::Text(uint32_t field, ByteView payload) {
  Varint(uint64_t{field} << 3 | 2);
  Varint(payload.size());
  bytes_ += payload;
  return *this;
}

}  // namespace mreg::targets
