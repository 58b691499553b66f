#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include <set>

namespace mreg::cli {
namespace {

TEST(ExitCodeTest, SaysWhatKindOfErrorItWas) {
  using Code = absl::StatusCode;
  EXPECT_EQ(ExitCodeOf(Code::kOk), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(Code::kInvalidArgument), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeOf(Code::kNotFound), ExitCode::kNotFound);
  EXPECT_EQ(ExitCodeOf(Code::kUnauthenticated), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeOf(Code::kPermissionDenied), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeOf(Code::kDataLoss), ExitCode::kVerificationFailed);
  EXPECT_EQ(ExitCodeOf(Code::kAborted), ExitCode::kConflict);
  EXPECT_EQ(ExitCodeOf(Code::kAlreadyExists), ExitCode::kConflict);
  EXPECT_EQ(ExitCodeOf(Code::kFailedPrecondition), ExitCode::kConflict);
  EXPECT_EQ(ExitCodeOf(Code::kUnavailable), ExitCode::kNetwork);
  EXPECT_EQ(ExitCodeOf(Code::kResourceExhausted), ExitCode::kOther);
  EXPECT_EQ(ExitCodeOf(Code::kInternal), ExitCode::kOther);
}

TEST(ExitCodeTest, NoErrorEndsLikeASuccess) {
  for (int code = 1; code <= 16; ++code) {
    EXPECT_NE(ExitCodeOf(static_cast<absl::StatusCode>(code)), ExitCode::kOk) << code;
    EXPECT_NE(ExitCodeOf(static_cast<absl::StatusCode>(code)), ExitCode::kDifferences) << code;
  }
}

TEST(ExitCodeTest, EveryNumberIsExplainedOnce) {
  std::set<int> seen;
  for (const ExitCodeText& text : ExitCodeTexts()) {
    EXPECT_TRUE(seen.insert(static_cast<int>(text.code)).second);
    EXPECT_FALSE(text.meaning.empty());
  }
  EXPECT_EQ(seen, (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 141}));
}

}  // namespace
}  // namespace mreg::cli
