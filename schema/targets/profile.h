// A target: somewhere a model can run, as data. Form of the files: docs/formats/target-profile.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace mreg::targets {

// The types that an operator's constraints may take, each limited to some; those that are not
// named take what the operator's schema allows. Types are sorted, as schemas write them.
struct TypeLimits {
  std::vector<std::pair<std::string, std::vector<std::string>>> limits;
  bool operator==(const TypeLimits&) const = default;
};

// An operator in some of its versions.
struct Kernel {
  int64_t first = 1;
  int64_t last = 1;
  bool has_types = true;           // false: which types it takes is not told
  std::vector<TypeLimits> either;  // it takes what any of them allows
  std::vector<std::pair<std::string, std::string>> refused;  // attributes' values it does not take
  bool operator==(const Kernel&) const = default;
};

// Among refused values: the attribute is not taken at all.
inline constexpr char kAnyValue[] = "*";

struct VersionRange {
  int64_t first = 1;
  int64_t last = 0;
  bool operator==(const VersionRange&) const = default;
};

using OperatorName = std::pair<std::string, std::string>;  // domain ("ai.onnx", never ""), name

struct Profile {
  std::string name;
  std::string title;
  std::string source;    // where the facts are from
  std::string base;      // the profile that this one refines; "" for none
  std::string fallback;  // the one that runs what this one does not; "" for none
  std::string runtime;   // "onnxruntime"
  std::string runtime_version;
  std::string provider;  // "CPUExecutionProvider"; "" where the runtime has none
  std::string library;   // a path, to run models with; "" where none is named
  uint64_t memory = 0;   // of the device, in bytes; 0: not told
  int64_t max_ir = 0;    // 0: not told
  bool is_open = false;  // an operator that is not listed may run nevertheless
  std::map<std::string, VersionRange> opsets;  // by domain
  std::map<OperatorName, std::vector<Kernel>> kernels;
  bool operator==(const Profile&) const = default;
};

// Of a profile in a file.
inline constexpr uint64_t kMaxProfileBytes = 4 << 20;

// 1 to 64 of a-z, 0-9, '.', '_', '-', and no '.' or '-' in front: fit for a file's name.
bool IsProfileName(std::string_view name);

// InvalidArgument, with the line's number, for what is not a profile.
absl::StatusOr<Profile> ParseProfile(std::string_view text);

// What ParseProfile reads.
std::string FormatProfile(const Profile& profile);

// Nothing of the profile but what its head says: kernels are passed over.
absl::StatusOr<Profile> ParseProfileHead(std::string_view text);

// `profile` with what it does not say itself taken from `base`.
Profile Refine(const Profile& base, Profile profile);

}  // namespace mreg::targets
