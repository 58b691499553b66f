#include "storage/history/lfs_pointer.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace mreg::history {
namespace {

constexpr std::string_view kBeforeOid = "version https://git-lfs.github.com/spec/v1\noid sha256:";
constexpr std::string_view kBeforeSize = "\nsize ";
constexpr size_t kOidDigits = 2 * ArtifactId::kBytes;
// git-lfs counts in signed 64 bits.
constexpr uint64_t kLargestSize = std::numeric_limits<int64_t>::max();

}  // namespace

std::string FormatLfsPointer(const LfsPointer& pointer) {
  return fmt::format("{}{}{}{}\n", kBeforeOid, pointer.artifact.ToHex(), kBeforeSize, pointer.size);
}

std::optional<LfsPointer> ParseLfsPointer(ByteView text) {
  if (!text.starts_with(kBeforeOid)) return std::nullopt;
  const ByteView rest = text.substr(kBeforeOid.size());
  const auto artifact = ArtifactId::FromHex(rest.substr(0, kOidDigits));
  if (!artifact.ok() || !rest.substr(kOidDigits).starts_with(kBeforeSize)) return std::nullopt;
  LfsPointer pointer{*artifact};
  const ByteView digits = rest.substr(kOidDigits + kBeforeSize.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), pointer.size);
  // Whatever the canonical text does not say, such as a leading zero, makes it another text.
  if (pointer.size > kLargestSize || FormatLfsPointer(pointer) != text) return std::nullopt;
  return pointer;
}

}  // namespace mreg::history
