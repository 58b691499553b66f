#include "cli/hint.h"

#include "absl/strings/cord.h"

namespace mreg::cli {
namespace {

constexpr char kPayload[] = "mreg.hint";

}  // namespace

absl::Status WithHint(absl::Status status, std::string_view hint) {
  if (!status.ok() && !status.GetPayload(kPayload)) {
    status.SetPayload(kPayload, absl::Cord(std::string(hint)));
  }
  return status;
}

std::optional<std::string> HintOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return std::nullopt;
  return std::string(*payload);
}

}  // namespace mreg::cli
