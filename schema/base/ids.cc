#include "schema/base/ids.h"

#include <fmt/format.h>

namespace mreg {
namespace internal {

absl::Status WrongIdLength(std::string_view kind, size_t expected, size_t actual) {
  return absl::InvalidArgumentError(
      fmt::format("a {} has {} bytes, not {}", kind, expected, actual));
}

absl::Status WrongIdText(std::string_view kind, size_t expected) {
  return absl::InvalidArgumentError(
      fmt::format("no {}: {} lower-case hex digits expected", kind, 2 * expected));
}

}  // namespace internal

Bytes JoinIds(std::span<const ChunkId> ids) {
  Bytes joined;
  joined.reserve(ids.size() * ChunkId::kBytes);
  for (const ChunkId& id : ids) joined.append(id.bytes());
  return joined;
}

absl::StatusOr<std::vector<ChunkId>> SplitIds(ByteView joined) {
  if (joined.size() % ChunkId::kBytes != 0) {
    return absl::InvalidArgumentError("a list of chunk ids is cut");
  }
  std::vector<ChunkId> ids;
  ids.reserve(joined.size() / ChunkId::kBytes);
  for (; !joined.empty(); joined.remove_prefix(ChunkId::kBytes)) {
    ids.push_back(*ChunkId::FromBytes(joined.substr(0, ChunkId::kBytes)));
  }
  return ids;
}

}  // namespace mreg
