#include "daemon/http/response_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Headers = std::vector<std::pair<std::string, std::string>>;
using Kind = ResponseFraming::Kind;

TEST(ResponseHead, CarriesDateAndRequestIdAndNoServer) {
  const Headers headers = {{"ETag", "\"a\""}, {"server", "x"}};
  const std::string head = FormatResponseHead({200, headers, {Kind::kLength, 5}, true, "id-1"});
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nETag: \"a\"\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nX-Request-Id: id-1\r\n"));
  EXPECT_THAT(head, testing::ContainsRegex("Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} "
                                           "[0-9:]{8} GMT\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("erver:")));
  EXPECT_THAT(head, testing::EndsWith("\r\n\r\n"));
}

TEST(ResponseHead, FramingIsTheServersOwn) {
  const Headers headers = {{"Content-Length", "7"}, {"Transfer-Encoding", "gzip"}};
  const std::string head = FormatResponseHead({200, headers, {Kind::kChunked, 0}, false, ""});
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head, Not(HasSubstr("gzip")));
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
}

TEST(ResponseHead, LineEndsAndControlCharactersAreNotSafe) {
  EXPECT_TRUE(IsSafeHeader("X-A", "b c\t\xc3\xa9"));
  EXPECT_TRUE(IsSafeHeader("X-A", ""));
  for (const std::string& value :
       {std::string("a\r\nb"), std::string("a\n"), std::string("a\r"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(IsSafeHeader("X-A", value));
  }
  for (const char* name : {"", "a b", "a:", "a\r\nb", "a\xc3"})
    EXPECT_FALSE(IsSafeHeader(name, ""));
}

}  // namespace
}  // namespace mreg::http
