#include "schema/formats/inspection/pickle_stack.h"

namespace mreg::formats {
namespace {

constexpr size_t kMaxValues = 1 << 20;
constexpr size_t kMaxText = 128;  // longer ones name nothing that could be imported

}  // namespace

void PickleStack::Push(PickleKind kind, std::string_view text) {
  if (values_.size() >= kMaxValues) {
    values_.pop_front();
    has_lost_ = true;
  }
  values_.push_back({kind, std::string(text.size() <= kMaxText ? text : std::string_view())});
}

bool PickleStack::HasValue() const {
  return values_.empty() ? has_lost_ : values_.back().kind != PickleKind::kMark;
}

bool PickleStack::Pop(PickleValue& value) {
  if (!HasValue()) return false;
  value = {};
  if (values_.empty()) return true;
  value = std::move(values_.back());
  values_.pop_back();
  return true;
}

bool PickleStack::Pop() {
  if (values_.empty()) return has_lost_;
  values_.pop_back();
  return true;
}

bool PickleStack::PopToMark(PickleValue& bottom) {
  bottom = {PickleKind::kMark, {}};
  while (!values_.empty()) {
    PickleValue value = std::move(values_.back());
    values_.pop_back();
    if (value.kind == PickleKind::kMark) return true;
    bottom = std::move(value);
  }
  return has_lost_;
}

bool PickleStack::Duplicate() {
  if (!HasValue()) return false;
  const PickleValue value = values_.empty() ? PickleValue() : values_.back();
  Push(value.kind, value.text);
  return true;
}

bool PickleStack::Memoize(uint64_t key) {
  if (!HasValue()) return false;
  if (memo_.size() >= kMaxValues && !memo_.contains(key)) {
    has_forgotten_ = true;
  } else {
    memo_.insert_or_assign(key, values_.empty() ? PickleValue() : values_.back());
  }
  return true;
}

bool PickleStack::Recall(uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end() && !has_forgotten_) return false;
  const PickleValue value = found == memo_.end() ? PickleValue() : found->second;
  Push(value.kind, value.text);
  return true;
}

void PickleStack::Clear() {
  values_.clear();
  has_lost_ = false;
}

}  // namespace mreg::formats
