// Unpredictable bytes from the kernel, for secrets and names that must not collide.
#pragma once

#include <cstddef>

#include "schema/base/bytes.h"

namespace mreg {

// Aborts the process if the kernel has none to give: going on would mean guessable secrets.
Bytes SecureRandomBytes(size_t count);

}  // namespace mreg
