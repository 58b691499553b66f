// SHA-256's compression function (FIPS 180-4, 6.2.2) with the processor's SHA instructions, for
// one message or for two at once: two that do not wait for each other take hardly longer than
// one. Internal to schema/base; everybody else has sha256.h and part_hasher.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mreg::sha256_blocks {

inline constexpr size_t kBlockBytes = 64;

// a, b, ... h.
using State = std::array<uint32_t, 8>;
State InitialState();

// Whether this processor has the instructions. Nothing below may be called if not.
bool IsSupported();

// Takes `blocks` blocks from `data` into `state`.
void Compress(State& state, const char* data, size_t blocks);

// The same for two messages.
void CompressTwo(State& first, const char* first_data, State& second, const char* second_data,
                 size_t blocks);

}  // namespace mreg::sha256_blocks
