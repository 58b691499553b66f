#include "cli/runner/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cli/runner/tensor_files.h"
#include "schema/base/split_mix.h"
#include "schema/base/status.h"

namespace mreg::runner {
namespace {

using Result = Validation::Result;

// input_0.pb or input_0.npy; nothing if there is neither.
absl::StatusOr<std::optional<Tensor>> ReadNumbered(FileSystem& fs, const std::string& folder,
                                                   std::string_view kind, size_t number) {
  for (const std::string_view ending : {"pb", "npy"}) {
    const std::string path = JoinPath(folder, fmt::format("{}_{}.{}", kind, number, ending));
    MREG_ASSIGN_OR_RETURN(const bool exists, fs.Exists(path));
    if (exists) return ReadTensorFile(fs, path);
  }
  return std::nullopt;
}

// Of the fixed shape, where a length that is not fixed is 1: numbers from 0 to 1, whole ones 0,
// since they are often indices.
absl::StatusOr<Tensor> Generate(const ValueDescription& input, uint64_t& random) {
  Tensor tensor{input.name, input.type, input.shape, "", {}};
  for (int64_t& length : tensor.shape) length = std::max<int64_t>(length, length < 0 ? 1 : 0);
  MREG_ASSIGN_OR_RETURN(const uint64_t elements, ElementsOf(tensor.shape));
  constexpr uint64_t kMaxElements = uint64_t{1} << 28;
  if (elements > kMaxElements || tensor.type.empty()) {
    return absl::FailedPreconditionError(
        fmt::format("no input {} can be made up: give --inputs", input.name));
  }
  if (tensor.type == "string") {
    tensor.strings.assign(elements, "a");
    return tensor;
  }
  tensor.data.assign(DataBytes(tensor.type, elements), '\0');
  if (tensor.type != "float") return tensor;
  for (uint64_t i = 0; i < elements; ++i) {
    const float value = static_cast<float>(SplitMix64(random) >> 40) / static_cast<float>(1 << 24);
    std::copy_n(reinterpret_cast<const char*>(&value), sizeof(value),
                tensor.data.data() + i * sizeof(value));
  }
  return tensor;
}

// "input x"; "": all are tensors.
std::string FirstWithoutTensor(const LoadedAnswer& loaded) {
  for (const ValueDescription& input : loaded.inputs) {
    if (input.type.empty()) return "input " + input.name;
  }
  for (const ValueDescription& output : loaded.outputs) {
    if (output.type.empty()) return "output " + output.name;
  }
  return "";
}

class Run {
 public:
  Run(FileSystem& fs, const ValidationSettings& settings) : fs_(fs), settings_(settings) {}

  absl::StatusOr<Validation> Go(const std::string& model) {
    MREG_ASSIGN_OR_RETURN(process_, RunnerProcess::Start(settings_.command, settings_.limits));
    validation_.runtime = process_->ready();
    LoadRequest load;
    load.path = model;
    load.settings.provider = settings_.provider;
    load.settings.profile = JoinPath(settings_.scratch, "profile");
    MREG_ASSIGN_OR_RETURN(const auto loaded, Ask<LoadedAnswer>(load, Result::kRefused));
    if (!loaded) return std::move(validation_);
    validation_.load_seconds = loaded->seconds;
    if (const std::string value = FirstWithoutTensor(*loaded); !value.empty()) {
      validation_.result = Result::kNotSupported;
      validation_.message = fmt::format(
          "{} is no tensor but a sequence, a map or an optional, which runners do not carry",
          value);
      return std::move(validation_);
    }
    RunRequest run;
    MREG_ASSIGN_OR_RETURN(run.inputs, Inputs(*loaded));
    MREG_ASSIGN_OR_RETURN(auto ran, Ask<RanAnswer>(run, Result::kRunFailed));
    if (!ran) return std::move(validation_);
    validation_.run_seconds = ran->seconds;
    validation_.peak_bytes = ran->peak_bytes;
    validation_.outputs = std::move(ran->outputs);
    MREG_RETURN_IF_ERROR(CompareOutputs());
    MREG_ASSIGN_OR_RETURN(auto unloaded, Ask<UnloadedAnswer>(UnloadRequest{}, Result::kRunFailed));
    if (unloaded) validation_.providers = std::move(unloaded->providers);
    return std::move(validation_);
  }

 private:
  // Nothing where the answer is another, which is then the result.
  template <typename Wanted>
  absl::StatusOr<std::optional<Wanted>> Ask(const Request& request, Result if_failed) {
    const auto answer = process_->Ask(request);
    if (const auto& ending = process_->ending()) {
      validation_.result = ending->timed_out ? Result::kTimedOut : Result::kCrashed;
      validation_.message = ending->Text();
      return std::nullopt;
    }
    if (!answer.ok()) return answer.status();
    if (const auto* const wanted = std::get_if<Wanted>(&*answer)) return *wanted;
    const auto* const failed = std::get_if<FailedAnswer>(&*answer);
    validation_.result = if_failed;
    validation_.message = failed == nullptr ? "the runner gave another answer" : failed->message;
    return std::nullopt;
  }

  absl::StatusOr<std::vector<Tensor>> Inputs(const LoadedAnswer& loaded) {
    std::vector<Tensor> inputs;
    uint64_t random = 1;
    for (size_t i = 0; i < loaded.inputs.size(); ++i) {
      std::optional<Tensor> input;
      if (!settings_.inputs.empty()) {
        MREG_ASSIGN_OR_RETURN(input, ReadNumbered(fs_, settings_.inputs, "input", i));
        if (!input) {
          return absl::NotFoundError(
              fmt::format("there is no input_{}.pb or .npy in {}", i, settings_.inputs));
        }
      } else {
        MREG_ASSIGN_OR_RETURN(input, Generate(loaded.inputs[i], random));
      }
      input->name = loaded.inputs[i].name;
      inputs.push_back(*std::move(input));
    }
    return inputs;
  }

  absl::Status CompareOutputs() {
    for (size_t i = 0; i < validation_.outputs.size() && !settings_.inputs.empty(); ++i) {
      MREG_ASSIGN_OR_RETURN(const auto wanted, ReadNumbered(fs_, settings_.inputs, "output", i));
      if (!wanted) continue;
      const Comparison comparison = Compare(validation_.outputs[i], *wanted, settings_.tolerance);
      validation_.comparisons.push_back(comparison);
      if (comparison.matches || validation_.result == Result::kDiffers) continue;
      validation_.result = Result::kDiffers;
      validation_.message =
          comparison.message.empty()
              ? fmt::format("of output {} {} of {} elements are not as they should be",
                            comparison.name, comparison.wrong, comparison.elements)
              : fmt::format("output {}: {}", comparison.name, comparison.message);
    }
    return absl::OkStatus();
  }

  FileSystem& fs_;
  const ValidationSettings& settings_;
  std::unique_ptr<RunnerProcess> process_;
  Validation validation_;
};

}  // namespace

std::string_view ResultName(Result result) {
  constexpr std::array<std::string_view, 7> kNames = {"passed",
                                                      "differs",
                                                      "refused",
                                                      "run failed",
                                                      "crashed",
                                                      "timed out",
                                                      "not supported by the runner"};
  return kNames.at(static_cast<size_t>(result));
}

absl::StatusOr<Validation> Validate(FileSystem& fs, const std::string& model,
                                    const ValidationSettings& settings) {
  return Run(fs, settings).Go(model);
}

}  // namespace mreg::runner
