// What an ONNX model brings that is not tensors and standard operators.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::formats {

// A file that holds tensors of the model.
struct ExternalFile {
  std::string location;  // as written in the model: hostile until checked
  uint64_t end = 0;      // the file has to have at least so many bytes
};

// Lists are sorted, without repeats.
struct OnnxFindings {
  // Of nodes that neither ONNX, nor ONNX Runtime itself, nor a function of the model defines.
  std::vector<std::string> custom_domains;
  std::vector<ExternalFile> external;
  // Nodes that hold, or name, what a vendor's compiler made for one device.
  uint64_t ep_context_nodes = 0;
  std::vector<std::string> ep_context_paths;  // the files that they name, as written
};

// Walks the model's graph; its weights are passed over. InvalidArgument, with the offset, where the
// model is not well-formed; reading errors are passed on.
absl::StatusOr<OnnxFindings> FindInModel(const ReadableFile& file, const onnx::ModelScan& scan);

// Whether every file that `location` can name lies in the model's folder or below it: the path is
// relative, and has neither "\\", ":" nor NUL nor a part that is empty or "..".
bool StaysBelowModel(std::string_view location);

}  // namespace mreg::formats
