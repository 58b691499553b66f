// Tensors in files: TensorProto as ONNX's own tests have them (.pb), and NumPy's .npy
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/runner/tensor.h"
#include "schema/base/file_system.h"

namespace mreg::runner {

// InvalidArgument for what is no such tensor, or has no elements of its own. Nothing is trusted: no
// more is taken from memory than the file has bytes.
absl::StatusOr<Tensor> ReadTensorProto(const ReadableFile& file);
// Of plain types in little-endian order, row by row.
absl::StatusOr<Tensor> ReadNpy(const ReadableFile& file);

// By the ending of the path's name.
absl::StatusOr<Tensor> ReadTensorFile(FileSystem& fs, const std::string& path);

}  // namespace mreg::runner
