#include "daemon/http/response_head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

namespace mreg::http {
namespace {

constexpr std::array<std::string_view, 9> kOwnHeaders = {
    "connection", "content-length",    "date",    "keep-alive",  "server",
    "trailer",    "transfer-encoding", "upgrade", "x-request-id"};

std::string_view ReasonOf(int status) {
  static constexpr std::pair<int, std::string_view> kReasons[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"}};
  for (const auto& [code, reason] : kReasons) {
    if (code == status) return reason;
  }
  return "";
}

bool EqualsIgnoringCase(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

bool IsOwnHeader(std::string_view name) {
  return std::ranges::any_of(kOwnHeaders,
                             [&](std::string_view own) { return EqualsIgnoringCase(name, own); });
}

bool IsTokenCharacter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

void AppendFraming(const ResponseFraming& framing, std::string& out) {
  switch (framing.kind) {
    case ResponseFraming::Kind::kLength:
      fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", framing.length);
      break;
    case ResponseFraming::Kind::kChunked:
      out.append("Transfer-Encoding: chunked\r\n");
      break;
    case ResponseFraming::Kind::kUntilClose:
    case ResponseFraming::Kind::kNoBody:
      break;
  }
}

}  // namespace

bool IsSafeHeader(std::string_view name, std::string_view value) {
  return !name.empty() && std::ranges::all_of(name, IsTokenCharacter) &&
         std::ranges::none_of(value,
                              [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

std::string FormatResponseHead(const ResponseHead& head) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", head.status, ReasonOf(head.status));
  for (const auto& [name, value] : head.headers) {
    if (IsOwnHeader(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  AppendFraming(head.framing, out);
  fmt::format_to(std::back_inserter(out), "Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                 fmt::gmtime(std::time(nullptr)));
  out.append("X-Request-Id: ").append(head.request_id).append("\r\n");
  if (!head.keep_alive) out.append("Connection: close\r\n");
  return out.append("\r\n");
}

}  // namespace mreg::http
