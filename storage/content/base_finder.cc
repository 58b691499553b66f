#include "storage/content/base_finder.h"

#include <string_view>

#include "storage/content/encoding/element.h"
#include "storage/content/encoding/prediction.h"

namespace mreg::content {
namespace {

// FLOAT, FLOAT16, BFLOAT16, INT8, UINT8, INT4, UINT4: what other types are computed from, the most
// exact first.
constexpr onnx::DataType kSources[] = {1, 10, 16, 3, 2, 22, 21};
constexpr std::string_view kQuantised = "_quantized";

}  // namespace

void BaseFinder::Add(const Recipe& recipe) {
  for (const TensorSpans& spans : recipe.tensors) {
    StoredTensor tensor = TensorOf(recipe, spans);
    by_name_.emplace(std::pair(spans.name, tensor.type), tensors_.size());
    by_shape_[{tensor.type, encoding::CountElements(tensor.type, tensor.length)}].push_back(
        tensors_.size());
    tensors_.push_back(std::move(tensor));
    used_.push_back(false);
  }
}

std::optional<size_t> BaseFinder::FindByName(const Region& region) const {
  std::string name = region.tensor;
  if (const auto same = by_name_.find({name, region.type}); same != by_name_.end()) {
    return same->second;
  }
  if (name.ends_with(kQuantised)) name.resize(name.size() - kQuantised.size());
  for (const onnx::DataType source : kSources) {
    if (!encoding::CanFollow(source, region.type)) continue;
    if (const auto found = by_name_.find({name, source}); found != by_name_.end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

std::optional<size_t> BaseFinder::FindByShape(const Shape& shape) const {
  const auto found = by_shape_.find(shape);
  if (found == by_shape_.end()) return std::nullopt;
  for (const size_t number : found->second) {
    if (!used_[number]) return number;
  }
  return std::nullopt;
}

const StoredTensor* BaseFinder::Find(const Region& region) {
  const uint64_t elements = encoding::CountElements(region.type, region.length);
  auto found = FindByName(region);
  if (!found) found = FindByShape({region.type, elements});
  for (const onnx::DataType source : kSources) {
    if (!found && encoding::CanFollow(source, region.type)) {
      found = FindByShape({source, elements});
    }
  }
  if (!found) return nullptr;
  used_[*found] = true;
  return &tensors_[*found];
}

}  // namespace mreg::content
