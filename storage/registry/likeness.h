// The rule by which models are taken to be made of one another, though nobody declares it:
// docs/formats/lineage.md. Internal to storage/registry.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "storage/catalog/catalog.h"
#include "storage/registry/model_traits.h"

namespace mreg::registry {

// From here on two models have weights in common; below, only names or shapes.
inline constexpr double kSharedWeights = 0.5;

// What a model is found by: at most two keys for each of its 64 largest tensors and two for all
// names and shapes. And what it looks for: of sketches also those whose doubtful bits are turned.
std::vector<uint64_t> KeysOf(const ModelTraits& traits);
std::vector<uint64_t> LookupKeysOf(const ModelTraits& traits);

// What tells that one of the two was made from the other, as seen from `model`; `other` is not
// set. Nothing where too little tells. Work is bounded by kMostTensors squared.
std::optional<catalog::Likeness> Compare(const ModelTraits& model, const ModelTraits& other);

// Compares each model of the catalog that was not compared yet with those that came before it and
// have keys in common with it, at most 16. All or nothing for each model.
absl::Status CompareModels(catalog::Catalog& catalog);

}  // namespace mreg::registry
