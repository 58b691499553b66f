// What a client may ask of the server at most.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mreg::http {

// Each is there because its absence was seen to bring a server down.
struct Limits {
  std::chrono::milliseconds header_timeout{10'000};    // for the whole head, and a TLS handshake
  std::chrono::milliseconds idle_timeout{60'000};      // between requests, and for one write
  uint64_t min_body_bytes_per_second = 1'024;          // slower is cut (408)
  std::chrono::milliseconds body_rate_window{10'000};  // the time over which that is averaged
  size_t max_header_bytes = 16 * 1024;                 // of all fields; more is 431
  size_t max_header_fields = 64;                       // 431
  size_t max_target_bytes = 8 * 1024;                  // 414
  uint64_t max_body_bytes = uint64_t{1} << 40;  // of any request (413); handlers set tighter ones
  size_t max_connections = 1'024;               // from the network; more are told 503
  size_t max_connections_per_address = 64;      // an IPv6 /64 counts as one address
};

}  // namespace mreg::http
