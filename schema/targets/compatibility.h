// Whether a model can run on a target, told from both without running it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/onnx/model.h"
#include "schema/targets/profile.h"

namespace mreg::targets {

enum class Support { kSupported, kUnknown, kUnsupported };  // the worse the higher

// Of a model's nodes no more are looked at, functions' bodies as often as they are called: beyond
// them the verdict is unknown at best, in a bounded time. The largest real models have some
// 100,000.
inline constexpr uint64_t kMaxNodes = 500'000;
// The same of their inputs, outputs and attributes together.
inline constexpr uint64_t kMaxValues = 5'000'000;

// Why a model is not supported, or why that is not known.
struct Finding {
  enum class Kind { kIr, kOpset, kDomain, kOperator, kType, kAttribute, kModel, kMemory };

  Support support = Support::kUnsupported;
  Kind kind = Kind::kOperator;
  std::string domain;  // of kOpset and of nodes; "ai.onnx", never ""
  std::string op;      // of nodes
  int64_t since = 0;   // the operator's version; 0 where there is none
  std::string node;    // the first such node: its name, or "#3" for the fourth of its graph
  uint64_t nodes = 0;  // that are like it
  std::string message;
  std::string advice;  // what would help; "" where nothing is known to
  bool operator==(const Finding&) const = default;
};

struct Verdict {
  Support support = Support::kSupported;
  std::vector<Finding> findings;  // alike ones once
  uint64_t nodes = 0;             // looked at, functions' bodies as often as they are called
  uint64_t fallback_nodes = 0;    // of those, that the target's fallback runs
  bool is_too_large = false;      // there are more than kMaxNodes or kMaxValues
};

// What such a model gets where it is not looked at.
Verdict TooLarge();

// `fallback` is the profile that runs what `target` does not; null for none. Never fails: what a
// model that is wrong in itself gets is unsupported.
Verdict CheckModel(const onnx::Model& model, const Profile& target, const Profile* fallback);

// "supported", "unknown", "unsupported"
std::string_view SupportName(Support support);
// "ir", "opset", "domain", "operator", "type", "attribute", "model", "memory"
std::string_view KindName(Finding::Kind kind);

}  // namespace mreg::targets
