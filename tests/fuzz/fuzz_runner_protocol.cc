// Any line: not of the runner protocol, or a message that is the same when it is written and read
// again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/runner/protocol.h"

namespace {

using namespace mreg::runner;

void Require(bool holds) {
  if (!holds) std::abort();
}

template <typename Message>
void TakeLine(std::string_view line, absl::StatusOr<Message> (*parse)(std::string_view),
              std::string (*format)(const Message&)) {
  const auto message = parse(line);
  if (!message.ok()) return Require(absl::IsInvalidArgument(message.status()));
  const std::string written = format(*message);
  Require(written.find('\n') == written.size() - 1);
  const auto again = parse(written);
  Require(again.ok() && format(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  TakeLine<Request>(line, ParseRequest, FormatRequest);
  TakeLine<Answer>(line, ParseAnswer, FormatAnswer);
  return 0;
}
