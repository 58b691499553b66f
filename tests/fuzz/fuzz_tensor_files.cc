// Any bytes: no tensor file, or a tensor that is whole.
#include <cstdint>
#include <cstdlib>

#include "cli/runner/tensor.h"
#include "cli/runner/tensor_files.h"
#include "tests/models/memory_file.h"

namespace {

void Require(const absl::StatusOr<mreg::runner::Tensor>& tensor) {
  const bool holds = tensor.ok() ? mreg::runner::CheckTensor(*tensor).ok()
                                 : absl::IsInvalidArgument(tensor.status());
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const mreg::test_models::MemoryFile file(mreg::Bytes(reinterpret_cast<const char*>(data), size));
  Require(mreg::runner::ReadTensorProto(file));
  Require(mreg::runner::ReadNpy(file));
  return 0;
}
