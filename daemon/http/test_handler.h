// A handler for tests, with a path for each behaviour a handler may have.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "daemon/http/message.h"
#include "daemon/http/server.h"

namespace mreg::http {

// What a client must never see.
inline constexpr char kSecret[] = "secret of the house";

// A repeating pattern whose period has no common factor with any buffer's size.
void FillPattern(uint64_t offset, std::span<char> out);
bool IsPattern(uint64_t offset, ByteView data);

// /hello           "hello"
// /echo            the body, up to 1 MiB
// /limited         the same, up to 10 bytes
// /sink            the number of bytes of the body, which must be the pattern
// /stream          the pattern: ?length=, ?unknown for a length that is not told, ?fail= for the
//                  offset at which reading fails, ?throw= at which it throws
// /refuse          401 before the body
// /fail-write      an error at the body's first bytes
// /throw-start, /throw-write, /throw-finish
// /header?value=   that value in a header
// /who             the peer, and "network" or "owner"
// /wait            answers once Open() was called
// /status?code=    a response of that status
class TestHandler final : public Handler {
 public:
  Outcome Start(const Request& request) override;
  Response Failure(const Request& request, const absl::Status& status) override;
  Response ProtocolFailure(int http_status, std::string_view detail) override;

  void Open();
  // Until that many requests are in /wait.
  void AwaitWaiting(int count);

  std::atomic<int> started = 0;
  std::atomic<int> receivers_finished = 0;
  std::atomic<int> receivers_destroyed = 0;

 private:
  Response Wait();

  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

// Until `holds`, or the test has waited far too long: false.
bool Eventually(const std::function<bool()>& holds);

}  // namespace mreg::http
