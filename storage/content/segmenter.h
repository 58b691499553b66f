// Decides where a file is cut, from what it is: docs/formats/segmentation.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::content {

// How the bytes of a region become chunks.
enum class Cut : uint8_t {
  kTensor,    // pieces of kTensorPiece from the region's own start
  kSkeleton,  // by content, finely, together with every other skeleton region of the file
  kContent,   // by content
};
inline constexpr uint32_t kTensorPiece = 1 << 20;

struct Region {
  uint64_t offset = 0;
  uint64_t length = 0;
  Cut cut = Cut::kContent;
  onnx::DataType type = 0;         // of a tensor's elements; 0: unknown or not plain elements
  std::string tensor;              // its name; "" elsewhere
  std::vector<int64_t> dims = {};  // its dimensions, as the file says; empty: unknown
};

enum class FileKind { kOnnx, kSafetensors, kExternalData, kOther };

struct Layout {
  FileKind kind = FileKind::kOther;
  std::vector<Region> regions;           // in order, together the whole file, without gaps
  std::optional<onnx::ModelScan> model;  // where kind is kOnnx
};

// Where the tensors of an external-data file lie, as the models that name it say.
struct ExternalRange {
  std::string tensor;
  onnx::DataType type = 0;
  uint64_t offset = 0;
  uint64_t length = 0;  // 0: to the end of the file
  std::vector<int64_t> dims = {};
};

// The layout of `file`, by its content, never by its name. Anything doubtful (a parse error,
// overlapping tensors) is cut by content as a whole. `external` need not be sorted; ranges that
// leave the file are ignored, and of those that overlap all but the first. Fails only if the file
// cannot be read, with Aborted if it shrinks meanwhile.
absl::StatusOr<Layout> PlanLayout(const ReadableFile& file,
                                  const std::vector<ExternalRange>& external);

}  // namespace mreg::content
