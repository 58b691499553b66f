// What an unpickler would have on its stack, as far as it matters. Internal to
// schema/formats/inspection.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace mreg::formats {

enum class PickleKind : uint8_t {
  kMark,
  kUnknown,  // it may be any of these
  kNumber,   // None, True and False too
  kText,
  kTuple,
  kContainer,
  kImport,
  kCallResult
};

struct PickleValue {
  PickleKind kind = PickleKind::kUnknown;
  std::string text;  // of a short kText
};

// Remembers the latest million values and memo entries: below them anything is taken to lie. So
// its memory is bounded, and a stream cannot hide behind a tall stack. Not thread-safe.
class PickleStack {
 public:
  void Push(PickleKind kind, std::string_view text = {});
  // Each is false if there is no such thing: an unpickler would stop there.
  bool Pop(PickleValue& value);         // anything but a mark
  bool Pop();                           // anything
  bool PopToMark(PickleValue& bottom);  // with the mark; `bottom` lay on it, kMark if nothing did
  bool HasValue() const;                // that the top is one
  bool Duplicate();

  bool Memoize(uint64_t key);
  bool MemoizeNext() { return Memoize(memo_.size()); }
  bool Recall(uint64_t key);

  // That exactly one value is there.
  bool IsResult() const { return has_lost_ || (values_.size() == 1 && HasValue()); }
  // For the pickle that follows; the memo stays, since an unpickler may be used again.
  void Clear();

 private:
  std::deque<PickleValue> values_;
  absl::flat_hash_map<uint64_t, PickleValue> memo_;
  bool has_lost_ = false;
  bool has_forgotten_ = false;
};

}  // namespace mreg::formats
