// Fixed-width integers in byte strings. Little-endian in files; big-endian in index keys, whose
// byte order must be their numeric order.
#pragma once

#include <cstdint>

#include "schema/base/bytes.h"

namespace mreg {

void AppendU16Le(Bytes& out, uint16_t value);
void AppendU32Le(Bytes& out, uint32_t value);
void AppendU64Le(Bytes& out, uint64_t value);
void AppendU64Be(Bytes& out, uint64_t value);

// `data` must hold at least the integer's width from its start.
uint16_t ReadU16Le(ByteView data);
uint32_t ReadU32Le(ByteView data);
uint64_t ReadU64Le(ByteView data);
uint64_t ReadU64Be(ByteView data);

}  // namespace mreg
