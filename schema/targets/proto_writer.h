// Writes protobuf messages field by field. Wire format:
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>

#include "schema/base/bytes.h"

namespace mreg::targets {

// Every method returns the message, to be chained.
class ProtoWriter {
 public:
  ProtoWriter& Number(uint32_t field, uint64_t value);
  ProtoWriter& Float(uint32_t field, float value);
  ProtoWriter& Text(uint32_t field, ByteView payload);
  ProtoWriter& Message(uint32_t field, const ProtoWriter& message) {
    return Text(field, message.bytes());
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  void Varint(uint64_t value);

  Bytes bytes_;
};

}  // namespace mreg::targets
