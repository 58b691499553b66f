#include "daemon/http/router.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mreg::http {
namespace {

// A route whose answer says which it is and what its parameters were.
Route Telling(std::string method, std::string pattern, std::vector<std::string> names = {}) {
  auto action = [=](const Request&, const PathParameters& parameters) -> Handler::Outcome {
    std::string text = fmt::format("{} {}", method, pattern);
    for (const auto& name : names) text += fmt::format(" {}={}", name, parameters.Get(name));
    return Response{.body = text};
  };
  return Route{method, pattern, action};
}

Response TellingFailure(const Request&, int status, const std::string& allow) {
  return Response{.status = status, .body = allow};
}

absl::StatusOr<Router> Routing(std::vector<Route> routes) {
  return Router::Create(std::move(routes), TellingFailure);
}

// "STATUS body"
std::string Answer(const Router& router, const std::string& method, const std::string& target) {
  Request request;
  request.method = method;
  request.raw_path = target;
  const auto outcome = router.Dispatch(request);
  const auto& response = std::get<Response>(outcome);
  return fmt::format("{} {}", response.status, std::get<std::string>(response.body));
}

TEST(Router, GivesParametersDecodedAfterTheCut) {
  const auto router = Routing({Telling(
      "GET", "/repos/{namespace}/{name}/files/{revision}/{path...}", {"revision", "path"})});
  ASSERT_TRUE(router.ok());
  EXPECT_EQ(Answer(*router, "GET", "/repos/a/b/files/feature%2Fx/dir/model%20a.onnx"),
            "200 GET /repos/{namespace}/{name}/files/{revision}/{path...} revision=feature/x "
            "path=dir/model a.onnx");
}

TEST(Router, ThePathMustMatchWhole) {
  const auto router = Routing({Telling("GET", "/a/{x}"), Telling("GET", "/r/{p...}")});
  for (const char* path : {"/", "/a", "/a/", "/a/b/c", "/a/b/", "/r", "/r/", "//a/b"}) {
    EXPECT_EQ(Answer(*router, "GET", path), "404 ") << path;
  }
}

TEST(Router, TheMostLiteralRouteWinsInAnyOrder) {
  const auto router = Routing({Telling("GET", "/{all...}"), Telling("GET", "/{n}/{m}", {"m"}),
                               Telling("GET", "/{n}/{m}.git", {"m"}), Telling("GET", "/api/{m}")});
  EXPECT_EQ(Answer(*router, "GET", "/api/x"), "200 GET /api/{m}");
  EXPECT_EQ(Answer(*router, "GET", "/n/x.git"), "200 GET /{n}/{m}.git m=x");
  EXPECT_EQ(Answer(*router, "GET", "/n/.git"), "200 GET /{n}/{m} m=.git");
  EXPECT_EQ(Answer(*router, "GET", "/n/x/y"), "200 GET /{all...}");
}

TEST(Router, ATrailingSlashIsPartOfThePattern) {
  const auto router = Routing({Telling("POST", "/v2/{n}/uploads/")});
  EXPECT_EQ(Answer(*router, "POST", "/v2/a/uploads/"), "200 POST /v2/{n}/uploads/");
  EXPECT_EQ(Answer(*router, "POST", "/v2/a/uploads"), "404 ");
}

TEST(Router, HeadFallsBackToGet) {
  const auto router = Routing({Telling("GET", "/a"), Telling("GET", "/b"), Telling("HEAD", "/b")});
  EXPECT_EQ(Answer(*router, "HEAD", "/a"), "200 GET /a");
  EXPECT_EQ(Answer(*router, "HEAD", "/b"), "200 HEAD /b");
}

TEST(Router, AnotherMethodIsToldWhichAreAllowed) {
  const auto router = Routing({Telling("GET", "/a/{x}"), Telling("PUT", "/a/b")});
  EXPECT_EQ(Answer(*router, "DELETE", "/a/b"), "405 GET, HEAD, PUT");
  EXPECT_EQ(Answer(*router, "DELETE", "/a/c"), "405 GET, HEAD");
}

TEST(Router, RefusesMalformedPatterns) {
  for (const char* pattern : {"", "a", "/{", "/{}", "/{a", "/a{b}", "/{a}{b}", "/{a...}/b",
                              "/{...}", "/{a...}b", "/a}"}) {
    EXPECT_EQ(Routing({Telling("GET", pattern)}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << pattern;
  }
}

TEST(Router, RefusesTwoRoutesOfOneShape) {
  EXPECT_EQ(Routing({Telling("GET", "/{a}"), Telling("GET", "/{b}")}).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Routing({Telling("GET", "/{a}"), Telling("PUT", "/{b}")}).ok());
}

}  // namespace
}  // namespace mreg::http
