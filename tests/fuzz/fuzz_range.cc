// Any Range header against any size, and any entity tags: a part lies within the whole and is not
// empty, and nothing is read past the header's end.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/http/etag.h"
#include "daemon/http/range.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckRange(std::string_view header, uint64_t size) {
  const auto answer = mreg::http::ParseRange(header, size);
  const auto& range = answer.range;
  switch (answer.kind) {
    case mreg::http::RangeKind::kWhole:
      Require(range.first == 0 && range.length == size);
      break;
    case mreg::http::RangeKind::kPart:
      Require(range.first < size && range.length > 0 && range.length <= size - range.first);
      break;
    case mreg::http::RangeKind::kUnsatisfiable:
      Require(range.length == 0);
      break;
  }
}

void CheckTags(std::string_view header) {
  const std::string etag = mreg::http::StrongEtag("a");
  // What holds strongly holds weakly too.
  Require(!mreg::http::IfMatchNames(header, etag) || mreg::http::IfNoneMatchNames(header, etag));
  mreg::http::IfRangeHolds(header, etag);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t whole = 0;
  if (size < sizeof(whole)) return 0;
  std::memcpy(&whole, data, sizeof(whole));
  const std::string header(reinterpret_cast<const char*>(data) + sizeof(whole),
                           size - sizeof(whole));
  CheckRange(header, whole);
  CheckRange(header, whole % 1'000);
  CheckTags(header);
  return 0;
}
