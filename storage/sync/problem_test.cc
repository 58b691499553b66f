#include "storage/sync/problem.h"

#include <gtest/gtest.h>

#include "schema/base/status.h"

namespace mreg::sync {
namespace {

TEST(Problem, AStatusSurvivesTheWire) {
  for (const auto code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound, absl::StatusCode::kAborted,
        absl::StatusCode::kAlreadyExists, absl::StatusCode::kFailedPrecondition,
        absl::StatusCode::kPermissionDenied, absl::StatusCode::kUnauthenticated,
        absl::StatusCode::kDataLoss, absl::StatusCode::kResourceExhausted,
        absl::StatusCode::kUnavailable}) {
    const absl::Status status(code, "why \"it\" failed\n");
    EXPECT_EQ(ParseProblem(HttpStatusOf(status), FormatProblem(status, "r1")), status);
  }
}

TEST(Problem, AnInternalErrorsMessageStaysHere) {
  const std::string document = FormatProblem(absl::InternalError("secret path"), "r1");
  EXPECT_EQ(document.find("secret"), std::string::npos);
  EXPECT_NE(document.find("r1"), std::string::npos);
}

TEST(Problem, AnswersOfOthersAreUnderstoodByTheirHttpStatus) {
  EXPECT_TRUE(absl::IsUnavailable(ParseProblem(502, "<html>Bad Gateway</html>")));
  EXPECT_TRUE(absl::IsNotFound(ParseProblem(404, "")));
  EXPECT_TRUE(absl::IsInternal(ParseProblem(418, "[]")));
  EXPECT_EQ(MessageOf(ParseProblem(404, R"({"detail": 7})")),
            "the server answered with HTTP status 404");
}

}  // namespace
}  // namespace mreg::sync
