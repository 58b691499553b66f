// Gigabytes both ways in constant memory, and how fast.
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "daemon/http/server.h"
#include "daemon/http/server_fixture.h"

namespace mreg::http {
namespace {

constexpr uint64_t kTotal = uint64_t{1} << 30;
// What both directions' buffers, the sockets' aside, and the allocator's own needs may take.
constexpr uint64_t kMemoryAllowance = 32 << 20;

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

class ServerStream : public ServerFixture {
 protected:
  ServerStream() : piece_(1 << 20, '\0') {}

  void SendPattern(TestClient& client) {
    for (uint64_t sent = 0; sent < kTotal; sent += piece_.size()) {
      FillPattern(sent, piece_);
      if (!client.Send(piece_)) return;
      WatchMemory();
    }
  }

  // Reads to the end and returns how much there was; 0 if it was not the pattern.
  uint64_t ReceivePattern(TestClient& client) {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) head += client.ReadSome();
    const std::string first = head.substr(head.find("\r\n\r\n") + 4);
    if (!IsPattern(0, first)) return 0;
    uint64_t received = first.size();
    ssize_t size;
    while ((size = recv(client.fd(), piece_.data(), piece_.size(), 0)) > 0) {
      if (!IsPattern(received, {piece_.data(), static_cast<size_t>(size)})) return 0;
      received += static_cast<uint64_t>(size);
      WatchMemory();
    }
    return received;
  }

  void WatchMemory() {
    if (++watched_ % 64 == 0) peak_ = std::max(peak_, ResidentBytes());
  }

  // Runs `transfer` and records its speed; it must not take memory.
  template <typename Transfer>
  void Measure(const std::string& what, Transfer transfer) {
    const uint64_t before = ResidentBytes();
    const auto begin = std::chrono::steady_clock::now();
    transfer();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(peak_, before + kMemoryAllowance);
    RecordProperty(what, fmt::format("{:.0f} MB/s", kTotal / time.count() / 1e6));
    fmt::print("{}: {:.0f} MB/s\n", what, kTotal / time.count() / 1e6);
  }

  std::string piece_;
  uint64_t peak_ = 0;
  uint64_t watched_ = 0;
};

TEST_F(ServerStream, ReceivesAGigabyte) {
  Start();
  TestClient client = Connect();
  Measure("upload", [&] {
    client.Send(fmt::format("PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", kTotal));
    SendPattern(client);
    EXPECT_EQ(client.Receive()->body, std::to_string(kTotal));
  });
}

TEST_F(ServerStream, ReceivesAGigabyteInChunks) {
  Start();
  TestClient client = Connect();
  Measure("chunked upload", [&] {
    client.Send("PUT /sink HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.Send(fmt::format("{:x}\r\n", kTotal));
    SendPattern(client);
    EXPECT_EQ(client.Ask("\r\n" + Chunk(""))->body, std::to_string(kTotal));
  });
}

TEST_F(ServerStream, SendsAGigabyte) {
  Start();
  TestClient client = Connect();
  Measure("download", [&] {
    client.Send(fmt::format(
        "GET /stream?length={} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", kTotal));
    EXPECT_EQ(ReceivePattern(client), kTotal);
  });
}

}  // namespace
}  // namespace mreg::http
