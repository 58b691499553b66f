// Who is at the other end of a socket, as far as the kernel knows.
#pragma once

#include <sys/socket.h>

#include <string>

#include "daemon/http/message.h"

namespace mreg::http {

struct Peer {
  std::string text;   // an address without the port, or "unix"
  std::string group;  // what counts as one address: an IPv4 address, an IPv6 /64
  Origin origin = Origin::kNetwork;
};

// The peer of a TCP connection. IPv4 within IPv6 is IPv4.
Peer NetworkPeer(const sockaddr* address);

// "127.0.0.1:80", "[::1]:80".
std::string FormatAddress(const sockaddr* address);

}  // namespace mreg::http
