// Finds out by trying what a runtime can load.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/targets/profile.h"

namespace mreg::targets {

// How a runtime took a model.
enum class LoadAnswer {
  kLoads,
  kUnsupported,  // it has no such operator, or not with these types, or no such version
  kInvalid,      // it takes the model for wrong: says nothing about what it supports
  kFailed,       // it has what the model asks for, but not for such attributes
  kCrashed
};

// A runtime, seen from here.
class ModelLoader {
 public:
  virtual ~ModelLoader() = default;

  // Errors are those of reaching the runtime.
  virtual absl::StatusOr<LoadAnswer> Load(ByteView model) = 0;
};

// Said once for each operator.
using ProbeProgress = std::function<void(size_t done, size_t all)>;

// The highest IR version and opsets, and every operator's types, of what `loader` loads; the
// profile's other fields are for the caller. Each operator in each version is tried with each type:
// tens of thousands of models, a few seconds in all.
absl::StatusOr<Profile> ProbeRuntime(ModelLoader& loader, const ProbeProgress& progress);

}  // namespace mreg::targets
