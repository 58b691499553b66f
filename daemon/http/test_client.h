// A client for tests: raw sockets, so that it can misbehave.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "schema/base/unique_fd.h"

namespace mreg::http {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool whole = false;  // the body ended as the head had said
};

// Blocking, with a time-out that fails a test long before the test runner would.
class TestClient {
 public:
  // To what Server::addresses gave.
  static TestClient Tcp(const std::string& address);
  static TestClient Unix(const std::string& path);

  // False if the server did not take all of it.
  bool Send(std::string_view data);
  // Sends `data` over and over until the server answers, ends the connection, or `most` bytes are
  // sent; waits `pace` after each.
  void SendUntilAnswered(std::string_view data, size_t most,
                         std::chrono::milliseconds pace = std::chrono::milliseconds(0));

  // The next response; nothing if the connection ended before its head did. `to_head`: it answers
  // HEAD.
  std::optional<Reply> Receive(bool to_head = false);
  // Send and Receive.
  std::optional<Reply> Ask(std::string_view request);

  // Up to `most` bytes as they come; "" at the end.
  std::string ReadSome(size_t most = 65'536);
  // Whether the server ends the connection before it sends anything more.
  bool IsEnded();

  int fd() const { return fd_.get(); }

 private:
  explicit TestClient(UniqueFd fd);

  bool Fill();
  bool ReadLine(std::string& line);
  bool ReadExactly(size_t size, std::string& out);
  bool ReadBody(Reply& reply);
  bool ReadChunks(std::string& body);

  UniqueFd fd_;
  std::string input_;
};

// "GET `target` HTTP/1.1" with a Host.
std::string Get(std::string_view target);
// A request with a body and its length.
std::string Request11(std::string_view method, std::string_view target, std::string_view body,
                      std::string_view more_fields = "");
// One chunk of a chunked body; "" is the last.
std::string Chunk(std::string_view data);

}  // namespace mreg::http
