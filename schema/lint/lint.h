// What libonnx, the reference implementation, says of a model. It crashes on some models and judges
// others wrongly, so it works in a process of its own with limits, and what it says is advice.
// Specification: docs/formats/lint.md.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::lint {

enum class Result {
  kPassed,
  kFailed,   // libonnx says that something is wrong
  kUnknown,  // it cannot judge: the model is of a later ONNX
  kCrashed,  // it died
  kTimedOut,
  kOutOfMemory,
  kTooLarge  // it was not asked
};

// One of the things that are asked, in the order in which that is done.
struct Stage {
  std::string name;  // "checker", "full_check", "shape_inference"
  bool passed = false;
  std::string message;  // as libonnx has it, at most kMaxMessageBytes of UTF-8; "" if it passed
};

struct Verdict {
  Result result = Result::kPassed;
  std::string message;        // why, where the stages do not say: "crashed: signal 11 (...)"
  std::string version;        // of libonnx
  std::vector<Stage> stages;  // that were finished
};

inline constexpr size_t kMaxMessageBytes = 4 << 10;
// Of a model's file: what libonnx reads is a single message of protobuf.
inline constexpr uint64_t kMaxModelFile = (uint64_t{1} << 31) - 1;
// Of a model without its weights.
inline constexpr uint64_t kMaxSkeletonBytes = 128 << 20;

// "passed", "failed", "unknown", "crashed", "timed-out", "out-of-memory", "too-large"
std::string_view ResultName(Result result);

// One object, on one line: docs/formats/lint.md.
std::string VerdictToJson(const Verdict& verdict);

struct LintLimits {
  double seconds = 20;                  // for a model
  uint64_t memory = uint64_t{1} << 30;  // address space in bytes
  int niceness = 0;
};

// Thread-safe: every model is looked at in a process of its own.
class Linter {
 public:
  // `program` is the path of mreg-lint-onnx. FailedPrecondition if it does not say its version.
  static absl::StatusOr<Linter> Open(std::string program, const LintLimits& limits);

  // Of libonnx.
  const std::string& version() const { return version_; }

  // Whatever libonnx makes of the model is a verdict. The errors are those of reading `model`;
  // Cancelled where `stop` is requested; Internal where no process can be started.
  absl::StatusOr<Verdict> Lint(const ReadableFile& model, const std::stop_token& stop = {}) const;

 private:
  Linter(std::string program, const LintLimits& limits)
      : program_(std::move(program)), limits_(limits) {}

  std::string program_;
  LintLimits limits_;
  std::string version_;
};

}  // namespace mreg::lint
