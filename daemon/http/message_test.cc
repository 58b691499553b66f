#include "daemon/http/message.h"

#include <gtest/gtest.h>

namespace mreg::http {
namespace {

TEST(Request, FindsTheFirstOfAName) {
  Request request;
  request.headers = {{"accept", "a"}, {"accept", "b"}};
  request.query = {{"n", ""}};
  EXPECT_EQ(request.Header("accept"), "a");
  EXPECT_EQ(request.Header("host"), "");
  EXPECT_EQ(request.Query("n"), "");
  EXPECT_EQ(request.Query("m"), std::nullopt);
}

TEST(CollectBody, HandsOverTheWholeBody) {
  const auto receiver = CollectBody(5, [](std::string body) { return Response{.body = body}; });
  EXPECT_TRUE(receiver->Write("ab").ok());
  EXPECT_TRUE(receiver->Write("cde").ok());
  EXPECT_EQ(std::get<std::string>(receiver->Finish().body), "abcde");
}

TEST(CollectBody, RefusesMoreThanItsLimit) {
  const auto receiver = CollectBody(5, [](std::string) { return Response{}; });
  EXPECT_TRUE(receiver->Write("abc").ok());
  EXPECT_EQ(receiver->Write("def").code(), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace mreg::http
