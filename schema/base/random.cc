#include "schema/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace mreg {

Bytes SecureRandomBytes(size_t count) {
  Bytes bytes(count, '\0');
  size_t filled = 0;
  while (filled < count) {
    const ssize_t got = getrandom(bytes.data() + filled, count - filled, 0);
    if (got < 0 && errno != EINTR) std::abort();
    if (got > 0) filled += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace mreg
