#include "daemon/http/chunked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace mreg::http {
namespace {

struct Decoded {
  absl::Status status;
  std::string payload;
  std::string rest;
  bool done = false;
};

// As it would arrive in packets of `step` bytes.
Decoded DecodeInSteps(std::string_view body, size_t step) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (!body.empty() && !decoder.done()) {
    std::string piece(body.substr(0, step));
    const auto progress = decoder.Decode(piece);
    if (!progress.ok()) {
      decoded.status = progress.status();
      return decoded;
    }
    decoded.payload.append(piece, 0, progress->produced);
    body.remove_prefix(progress->consumed);
  }
  decoded.rest = body;
  decoded.done = decoder.done();
  return decoded;
}

bool IsRefused(std::string_view body) {
  return DecodeInSteps(body, body.size()).status.code() == absl::StatusCode::kInvalidArgument;
}

TEST(ChunkedDecoder, GivesTheSamePayloadHoweverItArrives) {
  constexpr std::string_view kBody =
      "5\r\nhello\r\n1;name=\"v\"\r\n \r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /";
  for (size_t step = 1; step <= kBody.size(); ++step) {
    const Decoded decoded = DecodeInSteps(kBody, step);
    ASSERT_TRUE(decoded.status.ok()) << step;
    EXPECT_EQ(decoded.payload, "hello 0123456789") << step;
    EXPECT_EQ(decoded.rest, "GET /") << step;
    EXPECT_TRUE(decoded.done) << step;
  }
}

TEST(ChunkedDecoder, AnEmptyBodyIsOneLastChunk) {
  for (size_t step = 1; step <= 5; ++step) {
    EXPECT_TRUE(DecodeInSteps("0\r\n\r\n", step).done) << step;
  }
}

TEST(ChunkedDecoder, IsNotDoneBeforeTheLastLineEnd) {
  EXPECT_FALSE(DecodeInSteps("1\r\nx\r\n0\r\n\r", 100).done);
}

TEST(ChunkedDecoder, RefusesWhatIsNotChunked) {
  for (const std::string_view body :
       {"\r\n", "g\r\n", "-1\r\n", "0x5\r\nhello\r\n", "5\nhello\n", "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n", "5\rhello\r\n", " 5\r\nhello\r\n", ";a\r\n", "5;a\nhello\r\n",
        "0\r\n\rX", "0\r\nA: b\n\r\n", "5\r\nhello\r\r\n"}) {
    EXPECT_TRUE(IsRefused(body)) << body;
  }
  EXPECT_TRUE(IsRefused(std::string_view("5\0\r\n", 4)));
}

TEST(ChunkedDecoder, RefusesASizeThatCouldOverflow) {
  EXPECT_TRUE(IsRefused("fffffffffffffffff\r\n"));
  EXPECT_TRUE(IsRefused("0000000000000001\r\n"));
}

TEST(ChunkedDecoder, BoundsAChunksLine) {
  EXPECT_TRUE(IsRefused("5;" + std::string(300, 'a') + "\r\nhello\r\n"));
  EXPECT_FALSE(IsRefused("5;" + std::string(200, 'a') + "\r\nhello\r\n"));
}

TEST(ChunkedDecoder, BoundsTrailers) {
  std::string trailers = "0\r\n";
  for (int i = 0; i < 400; ++i) trailers += "Trailer-Field: some value\r\n";
  EXPECT_TRUE(IsRefused(trailers));
}

TEST(ChunkedDecoder, BoundsFramingAgainstPayload) {
  const std::string plain = "1\r\nx\r\n", padded = "1;" + std::string(100, 'a') + "\r\nx\r\n";
  std::string honest, costly;
  for (int i = 0; i < 100'000; ++i) honest += plain;
  for (int i = 0; i < 1'000; ++i) costly += padded;
  EXPECT_FALSE(IsRefused(honest));
  EXPECT_TRUE(IsRefused(costly));
}

}  // namespace
}  // namespace mreg::http
