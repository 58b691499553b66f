#include "schema/targets/probe.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "schema/base/status.h"
#include "schema/onnx/operator_table.h"
#include "schema/targets/operators.h"
#include "schema/targets/probe_model.h"
#include "schema/targets/type_text.h"

namespace mreg::targets {
namespace {

using onnx::OperatorSchema;

constexpr int64_t kOldestIr = 3;
constexpr int64_t kHighestTried = 40;  // IR versions and opsets
constexpr size_t kMaxCombinations = 4096;

// One type's number for each constraint.
using Choice = std::vector<size_t>;

// Attributes of a few known values, of which runtimes often lack some.
struct TriedAttribute {
  std::string_view name;
  std::string_view operation;  // that has it; "" for any
  std::vector<std::string_view> values;
};

const std::vector<TriedAttribute>& TriedAttributes() {
  static const auto* const kTried = new std::vector<TriedAttribute>{
      {"approximate", "", {"none", "tanh"}},
      {"auto_pad", "", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"}},
      {"ceil_mode", "", {"1"}},
      {"coordinate_transformation_mode",
       "Resize",
       {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_crop_and_resize"}},
      {"layout", "", {"1"}},
      {"mode", "DepthToSpace", {"DCR", "CRD"}},
      {"mode", "GridSample", {"bilinear", "nearest", "bicubic", "linear", "cubic"}},
      {"mode", "Pad", {"constant", "reflect", "edge", "wrap"}},
      {"mode", "Resize", {"nearest", "linear", "cubic"}},
      {"mode", "RoiAlign", {"avg", "max"}},
      {"nearest_mode", "", {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}},
      {"padding_mode", "", {"zeros", "border", "reflection"}},
      {"reduction", "", {"none", "add", "mul", "min", "max", "mean", "sum"}},
      {"select_last_index", "", {"1"}},
      {"storage_order", "", {"1"}},
  };
  return *kTried;
}

class Prober {
 public:
  Prober(ModelLoader& loader, const ProbeProgress& progress)
      : loader_(loader), progress_(progress) {}

  absl::StatusOr<Profile> Run() {
    MREG_RETURN_IF_ERROR(FindVersions());
    const std::vector<const OperatorSchema*> all = AllOperators();
    for (size_t i = 0; i < all.size(); ++i) {
      progress_(i, all.size());
      MREG_RETURN_IF_ERROR(ProbeOperator(*all[i]));
    }
    progress_(all.size(), all.size());
    return std::move(profile_);
  }

 private:
  absl::StatusOr<LoadAnswer> Try(const ProbeNode& node) {
    return loader_.Load(MakeProbeModel(node, ir_, opset_));
  }

  // With an operator that every runtime has.
  absl::StatusOr<bool> LoadsVersion(int64_t ir, int64_t opset, const OperatorSchema& like) {
    OperatorSchema schema = like;
    if (like.domain == "ai.onnx") schema.since = opset;
    ProbeNode node;
    node.schema = &schema;
    node.types.assign(schema.constraints.size(), "tensor(float)");
    MREG_ASSIGN_OR_RETURN(const LoadAnswer answer, loader_.Load(MakeProbeModel(node, ir, opset)));
    return answer == LoadAnswer::kLoads;
  }

  absl::Status FindVersions() {
    const OperatorSchema* const identity = FindOperator("ai.onnx", "Identity", 13);
    for (int64_t ir = kOldestIr; ir <= kHighestTried; ++ir) {
      MREG_ASSIGN_OR_RETURN(const bool loads, LoadsVersion(ir, 13, *identity));
      if (loads) ir_ = ir;
    }
    if (ir_ == 0) return absl::FailedPreconditionError("the runtime loads not even an Identity");
    profile_.max_ir = ir_;
    for (int64_t opset = 1; opset <= kHighestTried; ++opset) {
      MREG_ASSIGN_OR_RETURN(const bool loads, LoadsVersion(ir_, opset, *identity));
      if (loads) opset_ = opset;
    }
    profile_.opsets["ai.onnx"] = {1, opset_};
    return FindMlVersions();
  }

  absl::Status FindMlVersions() {
    OperatorSchema scaler = *FindOperator("ai.onnx.ml", "Scaler", 1);
    for (int64_t version = 1; version <= kHighestTried; ++version) {
      scaler.since = version;
      MREG_ASSIGN_OR_RETURN(const bool loads, LoadsVersion(ir_, opset_, scaler));
      if (loads) profile_.opsets["ai.onnx.ml"] = {1, version};
    }
    return absl::OkStatus();
  }

  bool IsBeyond(const OperatorSchema& schema) const {
    const auto range = profile_.opsets.find(std::string(schema.domain));
    return range != profile_.opsets.end() && schema.since > range->second.last;
  }

  absl::Status ProbeOperator(const OperatorSchema& schema) {
    if (schema.is_deprecated || IsBeyond(schema)) return absl::OkStatus();
    const size_t combinations = Combinations(schema);
    for (const auto optional :
         {ProbeNode::Optional::kNeeded, ProbeNode::Optional::kNone, ProbeNode::Optional::kAll}) {
      optional_ = optional;
      boxes_.clear();
      loaded_.reset();
      all_unclear_ = true;
      MREG_RETURN_IF_ERROR(combinations <= kMaxCombinations ? TryAll(schema, combinations)
                                                            : TryOneByOne(schema));
      if (!all_unclear_) break;
    }
    if (boxes_.empty() && !all_unclear_) return absl::OkStatus();
    Kernel kernel{schema.since, LastVersion(schema), !all_unclear_, boxes_, {}};
    MREG_RETURN_IF_ERROR(FindRefused(schema, kernel));
    profile_.kernels[{std::string(schema.domain), std::string(schema.name)}].push_back(
        std::move(kernel));
    return absl::OkStatus();
  }

  absl::Status FindRefused(const OperatorSchema& schema, Kernel& kernel) {
    if (!loaded_) return absl::OkStatus();
    for (const TriedAttribute& tried : TriedAttributes()) {
      const bool has = std::ranges::find(schema.attributes, tried.name,
                                         &onnx::OperatorAttribute::name) != schema.attributes.end();
      if (!has || (!tried.operation.empty() && tried.operation != schema.name)) continue;
      for (const std::string_view value : tried.values) {
        ProbeNode node{&schema, TypesOf(schema, *loaded_), optional_, tried.name, value};
        MREG_ASSIGN_OR_RETURN(const LoadAnswer answer, Try(node));
        if (answer != LoadAnswer::kLoads) kernel.refused.emplace_back(tried.name, value);
      }
    }
    return FindUnknown(schema, kernel);
  }

  // Attributes that this version of the operator got later than the runtime knows.
  absl::Status FindUnknown(const OperatorSchema& schema, Kernel& kernel) {
    for (const onnx::OperatorAttribute& attribute : schema.attributes) {
      const bool is_plain = attribute.type == "INT" && !attribute.is_required;
      if (!is_plain || attribute.name.ends_with("type")) continue;
      bool is_known = false;
      for (const std::string_view value : {"1", "0"}) {
        ProbeNode node{&schema, TypesOf(schema, *loaded_), optional_, attribute.name, value};
        MREG_ASSIGN_OR_RETURN(const LoadAnswer answer, Try(node));
        is_known |= answer != LoadAnswer::kUnsupported;
        if (is_known) break;
      }
      if (!is_known) kernel.refused.emplace_back(attribute.name, kAnyValue);
    }
    return absl::OkStatus();
  }

  // The last opset that means this version of the operator.
  int64_t LastVersion(const OperatorSchema& schema) const {
    const auto range = profile_.opsets.find(std::string(schema.domain));
    int64_t last = schema.since;
    const int64_t end = range == profile_.opsets.end() ? schema.since : range->second.last;
    while (last < end && FindOperator(schema.domain, schema.name, last + 1) == &schema) ++last;
    return last;
  }

  static size_t Combinations(const OperatorSchema& schema) {
    size_t combinations = 1;
    for (const auto& constraint : schema.constraints) {
      combinations = std::min(combinations * constraint.types->size(), kMaxCombinations + 1);
    }
    return combinations;
  }

  absl::Status TryAll(const OperatorSchema& schema, size_t combinations) {
    std::vector<Choice> taken;
    for (size_t number = 0; number < combinations; ++number) {
      Choice choice;
      size_t rest = number;
      for (const auto& constraint : schema.constraints) {
        choice.push_back(rest % constraint.types->size());
        rest /= constraint.types->size();
      }
      MREG_ASSIGN_OR_RETURN(const bool loads, TryChoice(schema, choice));
      if (loads) taken.push_back(choice);
    }
    if (!taken.empty()) boxes_ = Boxes(schema, taken, 0);
    return absl::OkStatus();
  }

  static std::vector<std::string_view> TypesOf(const OperatorSchema& schema, const Choice& choice) {
    std::vector<std::string_view> types;
    for (size_t i = 0; i < choice.size(); ++i) {
      types.push_back((*schema.constraints[i].types)[choice[i]]);
    }
    return types;
  }

  absl::StatusOr<bool> TryChoice(const OperatorSchema& schema, const Choice& choice) {
    MREG_ASSIGN_OR_RETURN(const LoadAnswer answer,
                          Try({&schema, TypesOf(schema, choice), optional_, "", ""}));
    all_unclear_ &= answer == LoadAnswer::kInvalid;
    if (answer == LoadAnswer::kLoads && !loaded_) loaded_ = choice;
    return answer == LoadAnswer::kLoads || answer == LoadAnswer::kFailed;
  }

  // Around the first choice that loads, each constraint's types by themselves: what is taken is
  // then read as all their combinations.
  absl::Status TryOneByOne(const OperatorSchema& schema) {
    MREG_ASSIGN_OR_RETURN(const auto base, FindBase(schema));
    if (!base) return absl::OkStatus();
    TypeLimits box;
    for (size_t i = schema.constraints.size(); i-- > 0;) {
      std::vector<size_t> types;
      for (size_t type = 0; type < schema.constraints[i].types->size(); ++type) {
        Choice choice = *base;
        choice[i] = type;
        MREG_ASSIGN_OR_RETURN(const bool loads, TryChoice(schema, choice));
        if (loads) types.push_back(type);
      }
      box = WithTypes(schema, i, types, std::move(box));
    }
    boxes_ = {std::move(box)};
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Choice>> FindBase(const OperatorSchema& schema) {
    for (const std::string_view preferred :
         {"tensor(float)", "tensor(uint8)", "tensor(int64)", "tensor(string)"}) {
      for (const std::string_view other :
           {"tensor(float)", "tensor(uint8)", "tensor(int64)", "tensor(int32)"}) {
        Choice choice;
        for (size_t i = 0; i < schema.constraints.size(); ++i) {
          const auto& types = *schema.constraints[i].types;
          auto found = std::ranges::find(types, i == 0 ? preferred : other);
          if (found == types.end()) found = std::ranges::find(types, "tensor(float)");
          choice.push_back(found == types.end() ? 0 : static_cast<size_t>(found - types.begin()));
        }
        MREG_ASSIGN_OR_RETURN(const bool loads, TryChoice(schema, choice));
        if (loads) return choice;
      }
    }
    return std::nullopt;
  }

  // What was taken as few products of types: first-constraint types that go with the same rest are
  // one.
  static std::vector<TypeLimits> Boxes(const OperatorSchema& schema,
                                       const std::vector<Choice>& taken, size_t at) {
    if (at == schema.constraints.size()) return {TypeLimits{}};
    std::map<size_t, std::vector<Choice>> by_type;
    for (const Choice& choice : taken) by_type[choice[at]].push_back(choice);
    std::map<std::vector<Choice>, std::vector<size_t>> by_rest;
    for (const auto& [type, choices] : by_type) {
      std::vector<Choice> rest;
      for (const Choice& choice : choices) {
        rest.emplace_back(choice.begin() + static_cast<std::ptrdiff_t>(at) + 1, choice.end());
      }
      std::ranges::sort(rest);
      by_rest[rest].push_back(type);
    }
    std::vector<TypeLimits> boxes;
    for (const auto& [rest, types] : by_rest) {
      for (TypeLimits& inner : Boxes(schema, by_type[types[0]], at + 1)) {
        boxes.push_back(WithTypes(schema, at, types, std::move(inner)));
      }
    }
    return boxes;
  }

  static TypeLimits WithTypes(const OperatorSchema& schema, size_t at,
                              const std::vector<size_t>& types, TypeLimits inner) {
    const auto& constraint = schema.constraints[at];
    if (types.size() == constraint.types->size()) return inner;
    std::vector<std::string> names;
    for (const size_t type : types) names.push_back(CanonicalType((*constraint.types)[type]));
    std::ranges::sort(names);
    inner.limits.emplace(inner.limits.begin(), std::string(constraint.name), std::move(names));
    return inner;
  }

  ModelLoader& loader_;
  const ProbeProgress& progress_;
  Profile profile_;
  int64_t ir_ = 0;
  int64_t opset_ = 0;
  std::vector<TypeLimits> boxes_;  // what is taken of the operator that is being tried
  bool all_unclear_ = true;
  std::optional<Choice> loaded_;  // one that loads
  ProbeNode::Optional optional_ = ProbeNode::Optional::kNeeded;
};

}  // namespace

absl::StatusOr<Profile> ProbeRuntime(ModelLoader& loader, const ProbeProgress& progress) {
  return Prober(loader, progress).Run();
}

}  // namespace mreg::targets
