#include "cli/runner/ort_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>

#include "schema/base/status.h"
#include "schema/onnx/data_type.h"
#include "schema/targets/type_text.h"

namespace mreg::runner {
namespace {

// Places in OrtApi.
enum Slot : int {
  kGetErrorCode = 1,
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kEnableProfiling = 14,
  kSetGraphOptimizationLevel = 23,
  kSetIntraOpNumThreads = 24,
  kSessionGetInputCount = 30,
  kSessionGetOutputCount = 31,
  kSessionGetInputTypeInfo = 33,
  kSessionGetOutputTypeInfo = 34,
  kSessionGetInputName = 36,
  kSessionGetOutputName = 37,
  kCreateTensorAsOrtValue = 48,
  kGetTensorMutableData = 51,
  kFillStringTensor = 52,
  kGetStringTensorDataLength = 53,
  kGetStringTensorContent = 54,
  kCastTypeInfoToTensorInfo = 55,
  kGetTensorElementType = 60,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorTypeAndShape = 65,
  kGetValueType = 67,
  kAllocatorFree = 76,
  kGetAllocatorWithDefaultOptions = 78,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTypeInfo = 98,
  kReleaseTensorTypeAndShapeInfo = 99,
  kReleaseSessionOptions = 100,
  kGetAvailableProviders = 125,
  kReleaseAvailableProviders = 126,
  kSessionOptionsAppendExecutionProvider = 216,
};

// The interface is asked for as of ONNX Runtime 1.12, the first to have the last slot.
constexpr uint32_t kApiVersion = 12;
constexpr int kLogErrors = 3;
constexpr int kTensorValue = 1;

// OrtErrorCode.
enum ErrorCode : int { kFail = 1, kNotImplemented = 9, kInvalidGraph = 10 };

struct ApiBase {
  const void* (*get_api)(uint32_t version);
  const char* (*get_version)();
};

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The runtime says by its codes only roughly what is wrong.
Refusal RefusalOf(int code, std::string_view message) {
  if (code == kNotImplemented) return Refusal::kUnsupported;
  for (const std::string_view part :
       {"is not a registered function/op", "No Op registered for", "No opset import",
        "is under development and support for this is limited", "Unsupported model IR version",
        "is deprecated in domain_version", "is not currently registered or supported",
        "Unrecognized attribute"}) {
    if (Has(message, part)) return Refusal::kUnsupported;
  }
  if (code == kInvalidGraph) return Refusal::kInvalid;
  for (const std::string_view part : {"Type Error", "TypeInferenceError", "ShapeInferenceError",
                                      "type inference failed", "Invalid model", "Node ("}) {
    if (code == kFail && Has(message, part)) return Refusal::kInvalid;
  }
  return Refusal::kFailed;
}

}  // namespace

template <typename... Arguments>
void* OrtLibrary::Call(int slot, Arguments... arguments) const {
  using Function = void* (*)(Arguments...);
  return reinterpret_cast<Function>(const_cast<void*>(api_[slot]))(arguments...);
}

void OrtLibrary::Release(int slot, void* object) const {
  using Function = void (*)(void*);
  if (object != nullptr) reinterpret_cast<Function>(const_cast<void*>(api_[slot]))(object);
}

absl::Status OrtLibrary::Check(void* status, Refusal* refusal) const {
  if (status == nullptr) return absl::OkStatus();
  using CodeOf = int (*)(const void*);
  using MessageText = const char* (*)(const void*);
  const int code = reinterpret_cast<CodeOf>(const_cast<void*>(api_[kGetErrorCode]))(status);
  const std::string message =
      reinterpret_cast<MessageText>(const_cast<void*>(api_[kGetErrorMessage]))(status);
  Release(kReleaseStatus, status);
  if (refusal != nullptr) *refusal = RefusalOf(code, message);
  return absl::FailedPreconditionError(message);
}

absl::StatusOr<std::unique_ptr<OrtLibrary>> OrtLibrary::Open(const std::string& path) {
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return absl::FailedPreconditionError(dlerror());
  using GetBase = const ApiBase* (*)();
  const auto get_base = reinterpret_cast<GetBase>(dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) {
    return absl::FailedPreconditionError(fmt::format("{} is not an ONNX Runtime", path));
  }
  std::unique_ptr<OrtLibrary> library(new OrtLibrary());
  library->version_ = get_base()->get_version();
  library->api_ = static_cast<const void* const*>(get_base()->get_api(kApiVersion));
  if (library->api_ == nullptr) {
    return absl::FailedPreconditionError(
        fmt::format("ONNX Runtime {} is older than 1.12", library->version_));
  }
  MREG_RETURN_IF_ERROR(
      library->Check(library->Call(kCreateEnv, kLogErrors, "mreg", &library->environment_)));
  return library;
}

OrtLibrary::~OrtLibrary() { Release(kReleaseEnv, environment_); }

std::vector<std::string> OrtLibrary::Providers() const {
  char** names = nullptr;
  int count = 0;
  std::vector<std::string> providers;
  if (!Check(Call(kGetAvailableProviders, &names, &count)).ok()) return providers;
  for (int i = 0; i < count; ++i) providers.emplace_back(names[i]);
  (void)Check(Call(kReleaseAvailableProviders, names, count));
  return providers;
}

absl::StatusOr<void*> OrtLibrary::Options(const LoadSettings& settings) {
  void* options = nullptr;
  MREG_RETURN_IF_ERROR(Check(Call(kCreateSessionOptions, &options)));
  absl::Status status = absl::OkStatus();
  if (settings.threads > 0) {
    status.Update(Check(Call(kSetIntraOpNumThreads, options, settings.threads)));
  }
  if (!settings.optimizes) status.Update(Check(Call(kSetGraphOptimizationLevel, options, 0)));
  if (!settings.profile.empty()) {
    status.Update(Check(Call(kEnableProfiling, options, settings.profile.c_str())));
  }
  if (!settings.provider.empty() && settings.provider != "CPUExecutionProvider") {
    std::string name = settings.provider;
    if (name.ends_with("ExecutionProvider")) name.resize(name.size() - 17);
    const char* const* const none = nullptr;
    status.Update(Check(Call(kSessionOptionsAppendExecutionProvider, options, name.c_str(), none,
                             none, size_t{0})));
  }
  if (status.ok()) return options;
  Release(kReleaseSessionOptions, options);
  return status;
}

absl::StatusOr<std::unique_ptr<OrtSession>> OrtLibrary::LoadFile(const std::string& path,
                                                                 const LoadSettings& settings,
                                                                 Refusal& refusal) {
  refusal = Refusal::kFailed;
  MREG_ASSIGN_OR_RETURN(void* const options, Options(settings));
  void* session = nullptr;
  const absl::Status status =
      Check(Call(kCreateSession, environment_, path.c_str(), options, &session), &refusal);
  Release(kReleaseSessionOptions, options);
  if (!status.ok()) return status;
  refusal = Refusal::kNone;
  return std::make_unique<OrtSession>(*this, session);
}

absl::StatusOr<std::unique_ptr<OrtSession>> OrtLibrary::LoadBytes(std::string_view model,
                                                                  const LoadSettings& settings,
                                                                  Refusal& refusal) {
  refusal = Refusal::kFailed;
  MREG_ASSIGN_OR_RETURN(void* const options, Options(settings));
  void* session = nullptr;
  const absl::Status status = Check(
      Call(kCreateSessionFromArray, environment_, model.data(), model.size(), options, &session),
      &refusal);
  Release(kReleaseSessionOptions, options);
  if (!status.ok()) return status;
  refusal = Refusal::kNone;
  return std::make_unique<OrtSession>(*this, session);
}

OrtSession::~OrtSession() { library_.Release(kReleaseSession, session_); }

absl::StatusOr<std::vector<ValueDescription>> OrtSession::Inputs() const { return Describe(true); }

absl::StatusOr<std::vector<ValueDescription>> OrtSession::Outputs() const {
  return Describe(false);
}

absl::StatusOr<std::vector<ValueDescription>> OrtSession::Describe(bool inputs) const {
  const OrtLibrary& ort = library_;
  size_t count = 0;
  MREG_RETURN_IF_ERROR(ort.Check(
      ort.Call(inputs ? kSessionGetInputCount : kSessionGetOutputCount, session_, &count)));
  void* allocator = nullptr;
  MREG_RETURN_IF_ERROR(ort.Check(ort.Call(kGetAllocatorWithDefaultOptions, &allocator)));
  std::vector<ValueDescription> values(count);
  for (size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    MREG_RETURN_IF_ERROR(ort.Check(ort.Call(inputs ? kSessionGetInputName : kSessionGetOutputName,
                                            session_, i, allocator, &name)));
    values[i].name = name;
    (void)ort.Check(ort.Call(kAllocatorFree, allocator, static_cast<void*>(name)));
    void* type = nullptr;
    MREG_RETURN_IF_ERROR(ort.Check(ort.Call(
        inputs ? kSessionGetInputTypeInfo : kSessionGetOutputTypeInfo, session_, i, &type)));
    void* tensor = nullptr;  // belongs to `type`
    absl::Status status = ort.Check(ort.Call(kCastTypeInfoToTensorInfo, type, &tensor));
    int element = 0;
    size_t rank = 0;
    if (status.ok() && tensor != nullptr) {
      status.Update(ort.Check(ort.Call(kGetTensorElementType, tensor, &element)));
      status.Update(ort.Check(ort.Call(kGetDimensionsCount, tensor, &rank)));
      values[i].type = onnx::SchemaTypeName(element);
      values[i].shape.resize(rank);
      status.Update(ort.Check(ort.Call(kGetDimensions, tensor, values[i].shape.data(), rank)));
    }
    ort.Release(kReleaseTypeInfo, type);
    MREG_RETURN_IF_ERROR(status);
  }
  return values;
}

absl::StatusOr<void*> OrtSession::MakeValue(const Tensor& tensor) const {
  const OrtLibrary& ort = library_;
  MREG_RETURN_IF_ERROR(CheckTensor(tensor));
  void* allocator = nullptr;
  MREG_RETURN_IF_ERROR(ort.Check(ort.Call(kGetAllocatorWithDefaultOptions, &allocator)));
  void* value = nullptr;
  const int element = targets::ParseElement(tensor.type);
  MREG_RETURN_IF_ERROR(ort.Check(ort.Call(kCreateTensorAsOrtValue, allocator, tensor.shape.data(),
                                          tensor.shape.size(), element, &value)));
  absl::Status status = absl::OkStatus();
  if (tensor.type == "string") {
    std::vector<const char*> texts;
    for (const std::string& text : tensor.strings) texts.push_back(text.c_str());
    status = ort.Check(ort.Call(kFillStringTensor, value, texts.data(), texts.size()));
  } else if (!tensor.data.empty()) {
    void* data = nullptr;
    status = ort.Check(ort.Call(kGetTensorMutableData, value, &data));
    if (status.ok()) std::ranges::copy(tensor.data, static_cast<char*>(data));
  }
  if (status.ok()) return value;
  ort.Release(kReleaseValue, value);
  return status;
}

absl::Status OrtSession::ReadStrings(void* value, size_t count, Tensor& tensor) const {
  const OrtLibrary& ort = library_;
  size_t bytes = 0;
  MREG_RETURN_IF_ERROR(ort.Check(ort.Call(kGetStringTensorDataLength, value, &bytes)));
  std::string text(bytes, '\0');
  std::vector<size_t> offsets(count);
  MREG_RETURN_IF_ERROR(ort.Check(
      ort.Call(kGetStringTensorContent, value, text.data(), bytes, offsets.data(), count)));
  for (size_t i = 0; i < count; ++i) {
    const size_t end = i + 1 < count ? offsets[i + 1] : bytes;
    tensor.strings.push_back(text.substr(offsets[i], end - offsets[i]));
  }
  return absl::OkStatus();
}

absl::StatusOr<Tensor> OrtSession::ReadValue(void* value) const {
  const OrtLibrary& ort = library_;
  int kind = 0;
  MREG_RETURN_IF_ERROR(ort.Check(ort.Call(kGetValueType, value, &kind)));
  if (kind != kTensorValue) return absl::UnimplementedError("an output is no tensor");
  void* info = nullptr;
  MREG_RETURN_IF_ERROR(ort.Check(ort.Call(kGetTensorTypeAndShape, value, &info)));
  int element = 0;
  size_t rank = 0;
  Tensor tensor;
  absl::Status status = ort.Check(ort.Call(kGetTensorElementType, info, &element));
  status.Update(ort.Check(ort.Call(kGetDimensionsCount, info, &rank)));
  tensor.shape.resize(rank);
  status.Update(ort.Check(ort.Call(kGetDimensions, info, tensor.shape.data(), rank)));
  ort.Release(kReleaseTensorTypeAndShapeInfo, info);
  MREG_RETURN_IF_ERROR(status);
  tensor.type = onnx::SchemaTypeName(element);
  MREG_ASSIGN_OR_RETURN(const uint64_t count, ElementsOf(tensor.shape));
  if (tensor.type == "string") {
    MREG_RETURN_IF_ERROR(ReadStrings(value, count, tensor));
    return tensor;
  }
  void* data = nullptr;
  MREG_RETURN_IF_ERROR(ort.Check(ort.Call(kGetTensorMutableData, value, &data)));
  tensor.data.assign(static_cast<const char*>(data), DataBytes(tensor.type, count));
  return tensor;
}

absl::StatusOr<std::vector<Tensor>> OrtSession::Run(const std::vector<Tensor>& inputs) {
  const OrtLibrary& ort = library_;
  MREG_ASSIGN_OR_RETURN(const std::vector<ValueDescription> outputs, Outputs());
  std::vector<const char*> input_names;
  std::vector<const char*> output_names;
  std::vector<void*> input_values;
  std::vector<void*> output_values(outputs.size());
  absl::Status status = absl::OkStatus();
  for (const Tensor& input : inputs) {
    const auto value = MakeValue(input);
    status.Update(value.status());
    if (!value.ok()) break;
    input_names.push_back(input.name.c_str());
    input_values.push_back(*value);
  }
  for (const ValueDescription& output : outputs) output_names.push_back(output.name.c_str());
  if (status.ok()) {
    const void* const no_options = nullptr;
    status = ort.Check(ort.Call(kRun, session_, no_options, input_names.data(), input_values.data(),
                                input_values.size(), output_names.data(), output_names.size(),
                                output_values.data()));
  }
  std::vector<Tensor> results;
  for (size_t i = 0; i < output_values.size() && status.ok(); ++i) {
    auto result = ReadValue(output_values[i]);
    status.Update(result.status());
    if (!result.ok()) break;
    result->name = outputs[i].name;
    results.push_back(*std::move(result));
  }
  for (void* const value : input_values) ort.Release(kReleaseValue, value);
  for (void* const value : output_values) ort.Release(kReleaseValue, value);
  if (!status.ok()) return status;
  return results;
}

}  // namespace mreg::runner
