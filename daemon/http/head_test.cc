#include "daemon/http/head.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

// A head with `lines` after a good request line and Host.
std::string With(std::string_view lines) {
  return fmt::format("POST /a HTTP/1.1\r\nHost: h\r\n{}\r\n", lines);
}

int StatusOf(std::string_view head, const Limits& limits = {}) {
  const auto parsed = ParseHead(head, limits);
  if (const auto* error = std::get_if<ProtocolError>(&parsed)) return error->status;
  return 200;
}

Head Parsed(std::string_view head) { return std::get<Head>(ParseHead(head, Limits{})); }

TEST(Head, IsParsed) {
  const Head head =
      Parsed("PUT /a?b=c HTTP/1.1\r\nHost: h\r\nContent-LENGTH: 12\r\nX:  y z \r\n\r\n");
  EXPECT_EQ(head.request.method, "PUT");
  EXPECT_EQ(head.request.path, "/a");
  EXPECT_EQ(head.request.Query("b"), "c");
  EXPECT_EQ(head.request.content_length, 12u);
  EXPECT_THAT(head.request.headers,
              ElementsAre(Pair("host", "h"), Pair("content-length", "12"), Pair("x", "y z")));
  EXPECT_EQ(head.framing, Framing::kLength);
  EXPECT_TRUE(head.keep_alive);
}

TEST(Head, ConnectionCloseAndHttp10EndTheConnection) {
  EXPECT_FALSE(Parsed(With("Connection: x, Close\r\n")).keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(Head, ExpectContinueIsOneOfABody) {
  EXPECT_TRUE(Parsed(With("Expect: 100-Continue\r\nContent-Length: 1\r\n")).expects_continue);
  EXPECT_FALSE(Parsed(With("Expect: 100-continue\r\n")).expects_continue);
  EXPECT_EQ(StatusOf(With("Expect: 200-ok\r\n")), 417);
}

TEST(Head, ABodysEndMustBeCertain) {
  EXPECT_EQ(Parsed(With("Transfer-Encoding: Chunked\r\n")).framing, Framing::kChunked);
  for (const char* lines :
       {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n", "Content-Length: 1,2\r\n", "Content-Length: -1\r\n",
        "Content-Length: +1\r\n", "Content-Length: 0x1\r\n", "Content-Length: 1 2\r\n",
        "Content-Length: \r\n", "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(StatusOf(With(lines)), 400) << lines;
  }
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked",
                             "\"chunked\"", "chunked;a=b", ""}) {
    EXPECT_EQ(StatusOf(With(fmt::format("Transfer-Encoding: {}\r\n", coding))), 501) << coding;
  }
  EXPECT_EQ(StatusOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(Head, ContentEncodingIsRefused) {
  EXPECT_EQ(StatusOf(With("Content-Encoding: gzip\r\n")), 415);
  EXPECT_EQ(StatusOf(With("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n")), 415);
  EXPECT_EQ(StatusOf(With("Content-Encoding: identity\r\n")), 200);
}

TEST(Head, HostIsThereOnce) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(With("Host: h\r\n")), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\n\r\n"), 200);
}

TEST(Head, MalformedFieldsAreRefused) {
  for (const char* lines :
       {"A: b\r\n c\r\n", "A: b\r\n\tc\r\n", "A : b\r\n", " A: b\r\n", ": b\r\n", "A\r\n",
        "A: b\nC: d\r\n", "A: b\rc\r\n", "A: \x01\r\n", "A\xff: b\r\n"}) {
    EXPECT_EQ(StatusOf(With(lines)), 400) << lines;
  }
  EXPECT_EQ(StatusOf(With(std::string_view("A: b\0c\r\n", 8))), 400);
}

TEST(Head, MalformedRequestLinesAreRefused) {
  for (const char* line : {"GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET /", "GET", "/ HTTP/1.1",
                           "GET /\x01 HTTP/1.1", " GET / HTTP/1.1", "GET /%00 HTTP/1.1",
                           "GET /../x HTTP/1.1", "CONNECT h:1 HTTP/1.1", "OPTIONS * HTTP/1.1"}) {
    const int status = StatusOf(fmt::format("{}\r\nHost: h\r\n\r\n", line));
    EXPECT_TRUE(status == 400 || status == 505) << line << ": " << status;
  }
  EXPECT_EQ(StatusOf("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf(std::string(40, 'A') + " / HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
}

TEST(Head, LimitsHold) {
  const Limits limits{.max_header_bytes = 200,
                      .max_header_fields = 5,
                      .max_target_bytes = 50,
                      .max_body_bytes = 10};
  const std::string target(50, 'a');
  EXPECT_EQ(StatusOf(fmt::format("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", target), limits), 414);
  EXPECT_EQ(StatusOf(fmt::format("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", target.substr(1)), limits),
            200);
  EXPECT_EQ(StatusOf(With(fmt::format("A: {}\r\n", std::string(200, 'x'))), limits), 431);
  EXPECT_EQ(StatusOf(With("A:\r\nB:\r\nC:\r\nD:\r\n"), limits), 200);
  EXPECT_EQ(StatusOf(With("A:\r\nB:\r\nC:\r\nD:\r\nE:\r\n"), limits), 431);
  EXPECT_EQ(StatusOf(With("Content-Length: 11\r\n"), limits), 413);
}

TEST(Head, AHopelessBeginningIsKnownEarly) {
  const Limits limits{.max_header_bytes = 200, .max_target_bytes = 50};
  EXPECT_FALSE(CheckPartialHead("GET /", limits).has_value());
  EXPECT_EQ(CheckPartialHead(std::string(200, 'a'), limits)->status, 414);
  EXPECT_EQ(CheckPartialHead("GET / HTTP/1.1\r\n" + std::string(201, 'a'), limits)->status, 431);
}

TEST(Head, ItsEndIsFoundAcrossReads) {
  const std::string head = With("A: b\r\n");
  for (size_t scanned = 0; scanned < head.size(); ++scanned) {
    EXPECT_EQ(FindHeadEnd(head.substr(0, scanned), 0), std::nullopt);
    EXPECT_EQ(FindHeadEnd(head + "rest", scanned), head.size());
  }
}

}  // namespace
}  // namespace mreg::http
