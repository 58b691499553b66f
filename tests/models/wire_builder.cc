#include "tests/models/wire_builder.h"

#include "schema/base/coding.h"

namespace mreg::test_models {

Bytes EncodeVarint(uint64_t value) {
  Bytes out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

Message& Message::Tag(uint32_t number, int wire_type) {
  return Raw(EncodeVarint(uint64_t{number} << 3 | static_cast<uint64_t>(wire_type)));
}

Message& Message::Raw(ByteView bytes) {
  bytes_ += bytes;
  return *this;
}

Message& Message::Varint(uint32_t number, uint64_t value) {
  return Tag(number, 0).Raw(EncodeVarint(value));
}

Message& Message::Text(uint32_t number, ByteView payload) {
  return Tag(number, 2).Raw(EncodeVarint(payload.size())).Raw(payload);
}

Message& Message::Fixed32(uint32_t number, uint32_t value) {
  Tag(number, 5);
  AppendU32Le(bytes_, value);
  return *this;
}

Message& Message::Fixed64(uint32_t number, uint64_t value) {
  Tag(number, 1);
  AppendU64Le(bytes_, value);
  return *this;
}

Message RawTensor(ByteView name, uint64_t type, uint64_t elements, ByteView raw) {
  return Message().Varint(1, elements).Varint(2, type).Text(8, name).Text(9, raw);
}

Message GraphWith(const Message& tensor) { return Message().Text(2, "graph").Sub(5, tensor); }

Message ModelWith(const Message& graph) {
  return Message().Varint(1, 8).Sub(7, graph).Sub(8, Message().Varint(2, 17));
}

}  // namespace mreg::test_models
