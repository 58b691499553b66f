#include "cli/versions.h"

#include <gtest/gtest.h>

#include "cli/transfers.h"
#include "schema/base/sha256.h"

namespace mreg::cli {
namespace {

FileState Holding(std::string_view content) {
  return {content.size(), IdOf<ArtifactId>(content), false, {}, ""};
}

TEST(CompareTest, TellsWhatHappenedToEachFile) {
  const FileStates before = {{"a", Holding("1")}, {"b", Holding("2")}, {"c", Holding("3")}};
  const FileStates after = {{"b", Holding("2")}, {"c", Holding("33")}, {"d", Holding("4")}};
  const auto differences = Compare(before, after);
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_EQ(differences[0].path, "a");
  EXPECT_EQ(differences[0].change, workspace::Change::kRemoved);
  EXPECT_FALSE(differences[0].after);
  EXPECT_EQ(differences[1].path, "c");
  EXPECT_EQ(differences[1].change, workspace::Change::kModified);
  EXPECT_EQ(differences[1].after->size, 2u);
  EXPECT_EQ(differences[2].path, "d");
  EXPECT_EQ(differences[2].change, workspace::Change::kAdded);
  EXPECT_FALSE(differences[2].before);
}

TEST(CompareTest, FindsNothingBetweenEquals) {
  const FileStates files = {{"a", Holding("1")}};
  EXPECT_TRUE(Compare(files, files).empty());
  EXPECT_TRUE(Compare({}, {}).empty());
}

TEST(TransferTest, SaysWhatTravelled) {
  EXPECT_EQ(FormatTransfer(2'327'524, 44, 41, 2'100'000, "sent"),
            "2.33 MB: 41 of 44 chunks new, 2.10 MB sent");
  EXPECT_EQ(TrackingReference("origin", "refs/heads/main"), "refs/remotes/origin/main");
}

}  // namespace
}  // namespace mreg::cli
