// SHA-256 (FIPS 180-4), the hash behind every identity in mreg. Uses the processor's SHA
// instructions where OpenSSL does: 1.5-1.7 GB/s a core.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "schema/base/bytes.h"
#include "schema/base/ids.h"

namespace mreg {

// A running hash. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(ByteView data);

  // The 32 bytes of the digest of all data so far. The object starts afresh afterwards.
  Bytes Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Bytes Sha256Of(ByteView data);

// The digest as an id of the kind that is meant: IdOf<ChunkId>(bytes).
template <typename SomeId>
SomeId IdOf(ByteView data) {
  static_assert(SomeId::kBytes == 32);
  return *SomeId::FromBytes(Sha256Of(data));
}

}  // namespace mreg
