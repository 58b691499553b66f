#include "daemon/http/test_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <cstring>

namespace mreg::http {
namespace {

constexpr int kPatienceSeconds = 60;

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

TestClient::TestClient(UniqueFd fd) : fd_(std::move(fd)) {
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

TestClient TestClient::Tcp(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) std::abort();
  return TestClient(std::move(fd));
}

TestClient TestClient::Unix(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path.c_str(), sizeof(to.sun_path) - 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) std::abort();
  return TestClient(std::move(fd));
}

bool TestClient::Send(std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void TestClient::SendUntilAnswered(std::string_view data, size_t most,
                                   std::chrono::milliseconds pace) {
  for (size_t sent = 0; sent < most; sent += data.size()) {
    pollfd answer{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (poll(&answer, 1, static_cast<int>(pace.count())) != 0 || !Send(data)) return;
  }
}

bool TestClient::Fill() {
  char buffer[65'536];
  const ssize_t size = recv(fd_.get(), buffer, sizeof(buffer), 0);
  if (size > 0) input_.append(buffer, static_cast<size_t>(size));
  return size > 0;
}

std::string TestClient::ReadSome(size_t most) {
  if (input_.empty()) Fill();
  const std::string some = input_.substr(0, most);
  input_.erase(0, most);
  return some;
}

bool TestClient::IsEnded() { return input_.empty() && !Fill(); }

bool TestClient::ReadLine(std::string& line) {
  size_t end;
  while ((end = input_.find("\r\n")) == std::string::npos) {
    if (!Fill()) return false;
  }
  line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return true;
}

bool TestClient::ReadExactly(size_t size, std::string& out) {
  while (input_.size() < size && Fill()) {
  }
  const bool whole = input_.size() >= size;
  out.append(input_, 0, size);
  input_.erase(0, size);
  return whole;
}

bool TestClient::ReadChunks(std::string& body) {
  std::string line, end;
  while (ReadLine(line)) {
    const size_t size = std::stoul(line, nullptr, 16);
    if (!ReadExactly(size, body) || !ReadLine(end)) return false;
    if (size == 0) return true;
  }
  return false;
}

bool TestClient::ReadBody(Reply& reply) {
  if (reply.headers.contains("transfer-encoding")) return ReadChunks(reply.body);
  if (const auto length = reply.headers.find("content-length"); length != reply.headers.end()) {
    return ReadExactly(std::stoul(length->second), reply.body);
  }
  while (Fill()) {
  }
  reply.body = std::move(input_);
  return true;
}

std::optional<Reply> TestClient::Receive(bool to_head) {
  Reply reply;
  std::string line;
  if (!ReadLine(line)) return std::nullopt;
  reply.status = std::stoi(line.substr(line.find(' ') + 1));
  while (true) {
    if (!ReadLine(line)) return std::nullopt;
    if (line.empty()) break;
    const size_t colon = line.find(": ");
    reply.headers[LowerCase(line.substr(0, colon))] = line.substr(colon + 2);
  }
  const bool none = to_head || reply.status < 200 || reply.status == 204 || reply.status == 304;
  reply.whole = none || ReadBody(reply);
  return reply;
}

std::optional<Reply> TestClient::Ask(std::string_view request) {
  Send(request);
  return Receive();
}

std::string Get(std::string_view target) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", target);
}

std::string Request11(std::string_view method, std::string_view target, std::string_view body,
                      std::string_view more_fields) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{}\r\n{}", method,
                     target, body.size(), more_fields, body);
}

std::string Chunk(std::string_view data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

}  // namespace mreg::http
