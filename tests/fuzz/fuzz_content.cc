// Any bytes: they are inspected without harm, and what is told of them is whole.
#include <cstdint>
#include <cstdlib>

#include "schema/formats/inspection/inspect_content.h"
#include "tests/models/memory_file.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mreg::formats::ContentKind;
  const mreg::Bytes input(reinterpret_cast<const char*>(data), size);
  const auto verdict = mreg::formats::InspectContent(mreg::test_models::MemoryFile(input));
  // A header that lies about its length may make the file look as if it shrank.
  if (!verdict.ok()) {
    Require(verdict.status().code() == absl::StatusCode::kAborted);
    return 0;
  }
  Require(!verdict->description.empty());
  Require((verdict->kind == ContentKind::kUnsafe) == !verdict->advice.empty());
  Require((verdict->kind == ContentKind::kEmpty) == (size == 0));
  return 0;
}
