#include "daemon/http/peer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <cstring>

namespace mreg::http {
namespace {

constexpr size_t kNetworkPrefix = 8;  // bytes of an IPv6 /64

// The kernel's addresses are read by copy: their types alias nothing.
template <typename Address>
Address As(const sockaddr* address) {
  Address copy;
  std::memcpy(&copy, address, sizeof(copy));
  return copy;
}

std::string Text(int family, const void* address) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, address, text, sizeof(text));
}

std::string Raw(const void* data, size_t size) {
  return std::string(static_cast<const char*>(data), size);
}

Peer V4Peer(const void* address) {
  return {Text(AF_INET, address), Raw(address, sizeof(in_addr)), Origin::kNetwork};
}

}  // namespace

Peer NetworkPeer(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto v4 = As<sockaddr_in>(address);
    return V4Peer(&v4.sin_addr);
  }
  const auto v6 = As<sockaddr_in6>(address);
  const auto* bytes = v6.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return V4Peer(bytes + 12);
  return {Text(AF_INET6, bytes), Raw(bytes, kNetworkPrefix), Origin::kNetwork};
}

std::string FormatAddress(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto v4 = As<sockaddr_in>(address);
    return fmt::format("{}:{}", Text(AF_INET, &v4.sin_addr), ntohs(v4.sin_port));
  }
  const auto v6 = As<sockaddr_in6>(address);
  return fmt::format("[{}]:{}", Text(AF_INET6, &v6.sin6_addr), ntohs(v6.sin6_port));
}

}  // namespace mreg::http
