// What mreg and a runner say to each other: docs/formats/runner-protocol.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/runner/tensor.h"

namespace mreg::runner {

inline constexpr int kProtocolVersion = 1;

// How a runtime refused, beside its message.
enum class Refusal {
  kNone,
  kUnsupported,  // it lacks an operator, a type or a version
  kInvalid,      // it takes the model for wrong
  kFailed        // anything else
};

struct ValueDescription {
  std::string name;
  std::string type;            // "float"; "" for what is no tensor
  std::vector<int64_t> shape;  // -1 where it is not fixed
};

// Requests.
struct LoadSettings {
  std::string provider;   // to use before the CPU; "" for none
  bool optimizes = true;  // as by default; false: no graph optimisation
  int threads = 0;        // within an operator; 0: the runtime's choice
  std::string profile;    // where to write the runtime's own profile: a prefix of a path, or ""
};
struct LoadRequest {
  std::string path;  // of the model; "" where `model` has its bytes
  Bytes model;
  LoadSettings settings;
};
struct RunRequest {
  std::vector<Tensor> inputs;
};
// Gives the model up, so that all is written that is written about it.
struct UnloadRequest {};
using Request = std::variant<LoadRequest, RunRequest, UnloadRequest>;

// Answers.
struct ReadyAnswer {
  std::string runner;   // "mreg-runner-ort"
  std::string runtime;  // "onnxruntime"
  std::string version;
  std::string library;  // a path, where the runtime is one file; else ""
  std::vector<std::string> providers;
};
struct LoadedAnswer {
  double seconds = 0;
  std::vector<ValueDescription> inputs;
  std::vector<ValueDescription> outputs;
};
struct RanAnswer {
  double seconds = 0;
  uint64_t peak_bytes = 0;  // of the process's memory so far; 0: not known
  std::vector<Tensor> outputs;
};
// How often each provider ran a node, where the runtime's profile tells.
struct ProviderUse {
  std::string provider;
  uint64_t nodes = 0;
};
struct UnloadedAnswer {
  std::vector<ProviderUse> providers;
};
struct FailedAnswer {
  Refusal refusal = Refusal::kFailed;
  std::string message;
};
using Answer = std::variant<ReadyAnswer, LoadedAnswer, RanAnswer, UnloadedAnswer, FailedAnswer>;

// One line of JSON, with its end.
std::string FormatRequest(const Request& request);
std::string FormatAnswer(const Answer& answer);

// InvalidArgument for what is not in the protocol.
absl::StatusOr<Request> ParseRequest(std::string_view line);
absl::StatusOr<Answer> ParseAnswer(std::string_view line);

// "unsupported", "invalid", "failed"; "" for kNone.
std::string_view RefusalName(Refusal refusal);

}  // namespace mreg::runner
