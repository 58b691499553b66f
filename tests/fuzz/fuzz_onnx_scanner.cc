// Any bytes: the scanner refuses them or lists ranges inside the file, in order; and whatever the
// layout, its regions are the whole file without gaps.
#include <cstdint>
#include <cstdlib>

#include "schema/onnx/wire_scanner.h"
#include "storage/content/segmenter.h"
#include "tests/models/memory_file.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckScan(const mreg::test_models::MemoryFile& file, uint64_t size) {
  const auto scan = mreg::onnx::ScanModel(file, 1);
  if (!scan.ok()) {
    Require(scan.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  uint64_t end = 0;
  for (const mreg::onnx::InlineTensor& tensor : scan->tensors) {
    Require(tensor.offset >= end && tensor.length >= 1);
    end = tensor.offset + tensor.length;
    Require(end <= size);
  }
  Require(scan->tensors.size() + scan->external.size() <= scan->tensor_count);
}

void CheckLayout(const mreg::test_models::MemoryFile& file, uint64_t size) {
  const auto layout = mreg::content::PlanLayout(file, {{"a", 1, 0, 4096}, {"b", 1, 5000, 0}});
  Require(layout.ok());
  uint64_t end = 0;
  for (const mreg::content::Region& region : layout->regions) {
    Require(region.offset == end && region.length > 0);
    end += region.length;
  }
  Require(end == size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const mreg::test_models::MemoryFile file(mreg::Bytes(reinterpret_cast<const char*>(data), size));
  CheckScan(file, size);
  CheckLayout(file, size);
  return 0;
}
