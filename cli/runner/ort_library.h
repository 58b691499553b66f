// ONNX Runtime through its C interface, without its headers: OrtApi is a struct of function
// pointers whose places never move (onnxruntime_c_api.h), so they are called by their numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/runner/protocol.h"
#include "cli/runner/tensor.h"

namespace mreg::runner {

class OrtSession;

// A loaded libonnxruntime, for the life of the process. One thread at a time.
class OrtLibrary {
 public:
  // FailedPrecondition, with the loader's message, for what is no usable ONNX Runtime.
  static absl::StatusOr<std::unique_ptr<OrtLibrary>> Open(const std::string& path);
  ~OrtLibrary();
  OrtLibrary(const OrtLibrary&) = delete;
  OrtLibrary& operator=(const OrtLibrary&) = delete;

  const std::string& version() const { return version_; }
  std::vector<std::string> Providers() const;

  // A model by its path, or by its bytes. `refusal` says how it was refused.
  absl::StatusOr<std::unique_ptr<OrtSession>> LoadFile(const std::string& path,
                                                       const LoadSettings& settings,
                                                       Refusal& refusal);
  absl::StatusOr<std::unique_ptr<OrtSession>> LoadBytes(std::string_view model,
                                                        const LoadSettings& settings,
                                                        Refusal& refusal);

 private:
  friend class OrtSession;
  OrtLibrary() = default;
  absl::StatusOr<void*> Options(const LoadSettings& settings);
  // Takes an OrtStatus*.
  absl::Status Check(void* status, Refusal* refusal = nullptr) const;
  template <typename... Arguments>
  void* Call(int slot, Arguments... arguments) const;
  void Release(int slot, void* object) const;

  const void* const* api_ = nullptr;
  std::string version_;
  void* environment_ = nullptr;
};

// A model ready to run.
class OrtSession {
 public:
  OrtSession(const OrtLibrary& library, void* session) : library_(library), session_(session) {}
  ~OrtSession();
  OrtSession(const OrtSession&) = delete;
  OrtSession& operator=(const OrtSession&) = delete;

  absl::StatusOr<std::vector<ValueDescription>> Inputs() const;
  absl::StatusOr<std::vector<ValueDescription>> Outputs() const;

  // All outputs. Unimplemented for one that is no tensor.
  absl::StatusOr<std::vector<Tensor>> Run(const std::vector<Tensor>& inputs);

 private:
  absl::StatusOr<std::vector<ValueDescription>> Describe(bool inputs) const;
  absl::StatusOr<Tensor> ReadValue(void* value) const;
  absl::Status ReadStrings(void* value, size_t count, Tensor& tensor) const;
  absl::StatusOr<void*> MakeValue(const Tensor& tensor) const;

  const OrtLibrary& library_;
  void* const session_;
};

}  // namespace mreg::runner
