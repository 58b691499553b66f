// What things are called. Each kind of id is a type of its own, so that a chunk's digest cannot be
// passed where a file's is meant. Ids are parsed once, at the edge, and valid from then on.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/base/hex.h"

namespace mreg {
namespace internal {
absl::Status WrongIdLength(std::string_view kind, size_t expected, size_t actual);
absl::Status WrongIdText(std::string_view kind, size_t expected);
}  // namespace internal

// A fixed number of bytes that identify something; `Kind` tells kinds apart and names them in
// error messages. A value type: copyable, ordered by its bytes, hashable.
template <typename Kind, size_t kSize>
class Id {
 public:
  static constexpr size_t kBytes = kSize;

  // All zero. Used only as a value to be assigned to.
  constexpr Id() : bytes_{} {}

  // InvalidArgument unless `raw` is exactly kBytes long.
  static absl::StatusOr<Id> FromBytes(ByteView raw) {
    if (raw.size() != kSize) {
      return internal::WrongIdLength(Kind::kName, kSize, raw.size());
    }
    Id id;
    std::memcpy(id.bytes_.data(), raw.data(), kSize);
    return id;
  }

  // InvalidArgument unless `text` is 2 * kBytes lower-case hexadecimal digits.
  static absl::StatusOr<Id> FromHex(std::string_view text) {
    const auto raw = HexDecode(text);
    if (!raw || raw->size() != kSize) {
      return internal::WrongIdText(Kind::kName, kSize);
    }
    return FromBytes(*raw);
  }

  ByteView bytes() const { return ByteView(bytes_.data(), kSize); }
  std::string ToHex() const { return HexEncode(bytes()); }
  // For people: the first 12 digits.
  std::string ToShortHex() const { return ToHex().substr(0, 12); }

  friend auto operator<=>(const Id& a, const Id& b) {
    return std::memcmp(a.bytes_.data(), b.bytes_.data(), kSize) <=> 0;
  }
  friend bool operator==(const Id& a, const Id& b) { return a.bytes_ == b.bytes_; }

  template <typename H>
  friend H AbslHashValue(H state, const Id& id) {
    return H::combine_contiguous(std::move(state), id.bytes_.data(), kSize);
  }

 private:
  std::array<char, kSize> bytes_;
};

struct ChunkKind {
  static constexpr std::string_view kName = "chunk id";
};
struct ArtifactKind {
  static constexpr std::string_view kName = "artifact id";
};
struct ManifestKind {
  static constexpr std::string_view kName = "manifest digest";
};
struct PackKind {
  static constexpr std::string_view kName = "pack id";
};
struct CommitKind {
  static constexpr std::string_view kName = "commit id";
};
struct ObjectKind {
  static constexpr std::string_view kName = "object id";
};

// SHA-256 of a chunk's plain bytes.
using ChunkId = Id<ChunkKind, 32>;
// SHA-256 of a whole file's plain bytes: its git-lfs oid.
using ArtifactId = Id<ArtifactKind, 32>;
// SHA-256 of a version's canonical manifest (docs/formats/manifest.md).
using ManifestDigest = Id<ManifestKind, 32>;
// The first half of the SHA-256 of a pack's footer (docs/formats/pack.md).
using PackId = Id<PackKind, 16>;
// git's SHA-1 of a commit.
using CommitId = Id<CommitKind, 20>;
// git's SHA-1 of any object: a blob, a tree, a tag or a commit.
using ObjectId = Id<ObjectKind, 20>;

// A commit is an object; the other way round takes reading it.
inline ObjectId ToObjectId(const CommitId& commit) { return *ObjectId::FromBytes(commit.bytes()); }

// Many chunk ids, one behind the other, as they are stored and sent.
Bytes JoinIds(std::span<const ChunkId> ids);
// InvalidArgument unless `joined` is a whole number of ids.
absl::StatusOr<std::vector<ChunkId>> SplitIds(ByteView joined);

}  // namespace mreg
