// What a file is, by its content, and whether loading it could run code that it brings. Nothing is
// loaded, and no name is looked at. What counts: docs/formats/content.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/formats/inspection/onnx_findings.h"

namespace mreg::formats {

enum class ContentKind {
  kEmpty,
  kText,  // UTF-8
  kOnnx,
  kOnnxTensor,  // one TensorProto, as test data is kept
  kSafetensors,
  kImage,
  kAudio,
  kNumpy,      // arrays of numbers
  kTokenizer,  // SentencePiece
  kArchive,    // whose members, all of them, are of these kinds
  kUnknown,    // no format that is known from end to end
  kUnsafe
};

struct ContentVerdict {
  ContentKind kind = ContentKind::kUnknown;
  // "PNG image", "zip archive", "HDF5 file"; of kUnsafe what was found: "a pickle that imports
  // os.system". Names in it are the file's: hostile until escaped.
  std::string description;
  // Of kUnsafe, and of an archive that is kUnknown because of a member:
  std::string member;          // "a.zip/data.pkl", hostile too; "" for the file itself
  uint64_t offset = 0;         // of what was found, from the start of the file or unpacked member
  std::string_view framework;  // that wrote it, "PyTorch"; "" where that is not known
  std::string_view advice;     // how to export from it, in one or two lines
  OnnxFindings onnx;           // of kOnnx
};

// The limits of what is unpacked; an archive beyond them is unsafe, since nobody knows what is in
// it.
inline constexpr int kMaxNesting = 8;                    // archives within archives
inline constexpr uint64_t kMaxUnpackedBytes = 64 << 20;  // in memory at once
inline constexpr uint64_t kMaxUnpackedInAll = uint64_t{1} << 30;
inline constexpr uint64_t kMaxMembersInAll = 10'000;

// Memory: kMaxUnpackedBytes, and what the tensors' list of an ONNX model takes. Files of a known
// format are told by their structure, others by a few reads; text, HDF5 and whatever is
// compressed are read through. Reading errors are passed on.
absl::StatusOr<ContentVerdict> InspectContent(const ReadableFile& file);

}  // namespace mreg::formats
