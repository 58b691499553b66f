// Any bytes: no recipe, or one whose spans lie inside their chunks and add up, and which survives
// being written and read again.
#include <cstdint>
#include <cstdlib>

#include "storage/content/recipe.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto recipe =
      mreg::content::ParseRecipe(mreg::ByteView(reinterpret_cast<const char*>(data), size));
  if (!recipe.ok()) return 0;
  uint64_t total = 0;
  for (const mreg::content::Span& span : recipe->spans) {
    Require(span.chunk < recipe->chunks.size());
    Require(uint64_t{span.offset} + span.length <= recipe->chunks[span.chunk].length);
    total += span.length;
  }
  Require(total == recipe->size);
  const mreg::Bytes written = mreg::content::SerializeRecipe(*recipe);
  const auto again = mreg::content::ParseRecipe(written);
  Require(again.ok() && mreg::content::SerializeRecipe(*again) == written);
  return 0;
}
