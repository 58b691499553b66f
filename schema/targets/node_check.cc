#include "schema/targets/node_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <span>

#include "schema/targets/type_text.h"

namespace mreg::targets {
namespace {

using Kernels = std::vector<Kernel>;

std::string Versioned(const NodeInPlace& place) {
  return place.schema == nullptr ? place.node.op_type
                                 : fmt::format("{}-{}", place.node.op_type, place.schema->since);
}

bool IsOneOf(const std::vector<std::string>& types, const std::string& type) {
  return std::ranges::binary_search(types, type);
}

const std::vector<std::string>* LimitOf(const TypeLimits& limits, std::string_view constraint) {
  for (const auto& [name, types] : limits.limits) {
    if (name == constraint) return &types;
  }
  return nullptr;
}

bool SchemaAllows(const onnx::OperatorConstraint& constraint, const std::string& type) {
  return std::ranges::any_of(*constraint.types, [&](const std::string_view allowed) {
    return allowed == type || CanonicalType(allowed) == type;
  });
}

// Whether `limits` take the constraint's type, and where it is not known whatever it may be.
Support CheckConstraint(const onnx::OperatorConstraint& constraint,
                        const std::optional<std::string>& bound, const TypeLimits& limits) {
  if (!bound) return Support::kSupported;
  const std::string& type = *bound;
  const std::vector<std::string>* const limit = LimitOf(limits, constraint.name);
  bool fits = false;
  if (type.empty()) {
    fits = limit == nullptr ||
           std::ranges::all_of(*constraint.types, [&](const std::string_view allowed) {
             return IsOneOf(*limit, CanonicalType(allowed));
           });
    return fits ? Support::kSupported : Support::kUnknown;
  }
  fits = limit == nullptr ? SchemaAllows(constraint, type) : IsOneOf(*limit, type);
  return fits ? Support::kSupported : Support::kUnsupported;
}

Support CheckLimits(const NodeInPlace& place, const TypeLimits& limits) {
  Support support = Support::kSupported;
  for (size_t i = 0; i < place.bound.size(); ++i) {
    support =
        std::max(support, CheckConstraint(place.schema->constraints[i], place.bound[i], limits));
  }
  return support;
}

// The known types, of constraints that no alternative takes or else of all.
NodeVerdict DescribeTypes(const NodeInPlace& place, const Kernel& kernel, Support support) {
  std::set<std::string> culprits;
  std::set<std::string> all;
  std::set<std::string> takes;
  for (size_t i = 0; i < place.bound.size(); ++i) {
    const onnx::OperatorConstraint& constraint = place.schema->constraints[i];
    const std::string type = place.bound[i].value_or("");
    if (!type.empty()) all.insert(type);
    const bool fits = std::ranges::any_of(kernel.either, [&](const TypeLimits& limits) {
      return CheckConstraint(constraint, place.bound[i], limits) == Support::kSupported;
    });
    if (fits) continue;
    culprits.insert(type.empty() ? fmt::format("{} of a type that is not known", constraint.name)
                                 : type);
    for (const TypeLimits& limits : kernel.either) {
      const auto* const limit = LimitOf(limits, constraint.name);
      if (limit != nullptr) takes.insert(limit->begin(), limit->end());
    }
  }
  const bool is_unknown = support == Support::kUnknown;
  return {support, Finding::Kind::kType,
          fmt::format("{} {} {}", Versioned(place), is_unknown ? "may not take" : "does not take",
                      fmt::join(culprits.empty() ? all : culprits, " and ")),
          takes.empty() ? "" : fmt::format("it takes {}", fmt::join(takes, ", "))};
}

NodeVerdict CheckTypes(const NodeInPlace& place, const Kernel& kernel) {
  if (!kernel.has_types) {
    return {Support::kUnknown, Finding::Kind::kType,
            fmt::format("which types {} takes is not known", Versioned(place)), ""};
  }
  if (place.schema == nullptr) {
    const bool takes_all = std::ranges::any_of(
        kernel.either, [](const TypeLimits& limits) { return limits.limits.empty(); });
    if (takes_all) return {};
    return {Support::kUnknown, Finding::Kind::kType,
            fmt::format("which types {} has is not known", Versioned(place)), ""};
  }
  Support best = Support::kUnsupported;
  for (const TypeLimits& limits : kernel.either) {
    best = std::min(best, CheckLimits(place, limits));
  }
  return best == Support::kSupported ? NodeVerdict{} : DescribeTypes(place, kernel, best);
}

std::string AttributeText(const onnx::Attribute& attribute) {
  if (const auto* const number = std::get_if<int64_t>(&attribute.value)) {
    return fmt::format("{}", *number);
  }
  const auto* const text = std::get_if<std::string>(&attribute.value);
  return text == nullptr ? "" : *text;
}

NodeVerdict CheckAttributes(const NodeInPlace& place, const Kernel& kernel) {
  for (const auto& [name, value] : kernel.refused) {
    const onnx::Attribute* const attribute = FindAttribute(place.node, name, place.call);
    if (attribute == nullptr) continue;
    const std::string text = AttributeText(*attribute);
    if (value != kAnyValue && text != value) continue;
    return {Support::kUnsupported, Finding::Kind::kAttribute,
            fmt::format("{} with {}={} is not supported", Versioned(place), name, text), ""};
  }
  return {};
}

// The versions of an operator that the profile has, where this one is not among them.
std::string OtherVersions(const NodeInPlace& place, const Kernels& kernels) {
  const Kernel* nearest = nullptr;
  for (const Kernel& kernel : kernels) {
    if (nearest == nullptr || nearest->first < place.opset) nearest = &kernel;
  }
  if (nearest == nullptr) return "";
  const std::string range = nearest->first == nearest->last
                                ? fmt::format("opset {}", nearest->first)
                                : fmt::format("opsets {} to {}", nearest->first, nearest->last);
  return fmt::format("the target has it as of {} of {}: convert the model", range, place.domain);
}

NodeVerdict Missing(const NodeInPlace& place, const Profile& profile, const Kernels* kernels) {
  const Support support = profile.is_open ? Support::kUnknown : Support::kUnsupported;
  const std::string what = fmt::format("{} of {}", Versioned(place), place.domain);
  return {support, Finding::Kind::kOperator,
          profile.is_open ? fmt::format("whether the target has {} is not known", what)
                          : fmt::format("the target has no {}", what),
          kernels == nullptr ? "" : OtherVersions(place, *kernels)};
}

}  // namespace

NodeVerdict CheckKernels(const NodeInPlace& place, const Profile& profile) {
  if (place.schema != nullptr && place.schema->is_deprecated) {
    return {Support::kUnsupported, Finding::Kind::kOperator,
            fmt::format("{} is no longer an operator in opset {} of {}", place.node.op_type,
                        place.opset, place.domain),
            "the model is wrong: its exporter has to be told"};
  }
  const auto found = profile.kernels.find({place.domain, place.node.op_type});
  if (found == profile.kernels.end()) return Missing(place, profile, nullptr);
  const int64_t version = place.schema == nullptr ? place.opset : place.schema->since;
  const auto kernel = std::ranges::find_if(found->second, [&](const Kernel& one) {
    return version >= one.first && version <= one.last;
  });
  if (kernel == found->second.end()) return Missing(place, profile, &found->second);
  // Runtimes read constants as they read initializers, without asking a kernel.
  if (place.domain == "ai.onnx" && place.node.op_type == "Constant") return {};
  NodeVerdict verdict = CheckTypes(place, *kernel);
  if (verdict.support != Support::kSupported) return verdict;
  return CheckAttributes(place, *kernel);
}

}  // namespace mreg::targets
