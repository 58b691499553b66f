// Any bytes: the header is refused, or its tensors lie inside the file, after the header, in order.
#include <cstdint>
#include <cstdlib>

#include "schema/base/coding.h"
#include "schema/formats/safetensors.h"
#include "tests/models/memory_file.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(const mreg::Bytes& content) {
  const auto header = mreg::formats::ReadSafetensorsHeader(mreg::test_models::MemoryFile(content));
  if (!header.ok()) {
    Require(header.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  uint64_t end = header->data_offset;
  for (const mreg::formats::SafetensorsTensor& tensor : header->tensors) {
    Require(tensor.offset >= end);
    end = tensor.offset + tensor.length;
    Require(end <= content.size());
  }
}

}  // namespace

// Each input is tried as a file, and as the JSON of one whose length and data are right, because a
// mutation seldom keeps the length.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const mreg::Bytes input(reinterpret_cast<const char*>(data), size);
  Check(input);
  mreg::Bytes file;
  mreg::AppendU64Le(file, size);
  Check(file + input + mreg::Bytes(64, 'd'));
  return 0;
}
