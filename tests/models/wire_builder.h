// Protobuf messages put together by hand, well-formed or not.
#pragma once

#include <cstdint>

#include "schema/base/bytes.h"

namespace mreg::test_models {

Bytes EncodeVarint(uint64_t value);

// Fields in the order they are added. Every method returns the message, to be chained.
class Message {
 public:
  Message& Varint(uint32_t number, uint64_t value);
  Message& Text(uint32_t number, ByteView payload);  // wire type 2
  Message& Sub(uint32_t number, const Message& message) { return Text(number, message.bytes()); }
  Message& Fixed32(uint32_t number, uint32_t value);
  Message& Fixed64(uint32_t number, uint64_t value);
  Message& Tag(uint32_t number, int wire_type);  // and nothing after it
  Message& Raw(ByteView bytes);

  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// A TensorProto of that name with one dimension and its elements as raw_data.
Message RawTensor(ByteView name, uint64_t type, uint64_t elements, ByteView raw);
// A GraphProto with that initializer.
Message GraphWith(const Message& tensor);
// A ModelProto: ir_version 8, opset 17 of ai.onnx, and the graph.
Message ModelWith(const Message& graph);

}  // namespace mreg::test_models
