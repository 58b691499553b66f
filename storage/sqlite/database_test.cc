#include "storage/sqlite/database.h"

#include <gtest/gtest.h>

#include <fstream>

#include "schema/base/file_system.h"

namespace mreg::sqlite {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    auto opened = Database::Open(path());
    ASSERT_TRUE(opened.ok()) << opened.status();
    database_.emplace(*std::move(opened));
    ASSERT_TRUE(database_->Execute("CREATE TABLE t (k, v)", "create").ok());
  }

  std::string path() const { return JoinPath(directory_, "a.sqlite"); }
  int64_t Count() { return database_->ReadNumber("SELECT count(*) FROM t", "count").value(); }

  std::string directory_ = JoinPath(testing::TempDir(), "database-XXXXXX");
  std::optional<Database> database_;
};

TEST_F(DatabaseTest, WhatIsBoundComesBack) {
  auto insert = database_->Prepare("INSERT INTO t VALUES (?, ?)").value();
  insert.BindNumber(1, -7);
  insert.BindBlob(2, ByteView("a\0b", 3));
  ASSERT_TRUE(insert.Run("insert").ok());
  insert.BindNumber(1, 8);
  insert.BindText(2, {});
  ASSERT_TRUE(insert.Run("insert").ok());

  auto select = database_->Prepare("SELECT k, v, v IS NULL FROM t ORDER BY k").value();
  ASSERT_TRUE(select.Step("select").value());
  EXPECT_EQ(select.Number(0), -7);
  EXPECT_EQ(select.Blob(1), ByteView("a\0b", 3));
  ASSERT_TRUE(select.Step("select").value());
  EXPECT_EQ(select.Text(1), "");
  EXPECT_EQ(select.Number(2), 0);
  EXPECT_FALSE(select.Step("select").value());
  EXPECT_TRUE(select.Step("select").value()) << "it was not reset at its end";
}

TEST_F(DatabaseTest, ATransactionIsAllOrNothing) {
  const auto insert = [&] { return database_->Execute("INSERT INTO t VALUES (1, 2)", "insert"); };
  EXPECT_TRUE(database_->Transact(insert, "write").ok());
  const auto fail = [&] {
    EXPECT_TRUE(insert().ok());
    return absl::AbortedError("no");
  };
  EXPECT_TRUE(absl::IsAborted(database_->Transact(fail, "write")));
  EXPECT_EQ(Count(), 1);
  EXPECT_TRUE(database_->Transact(insert, "write").ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(DatabaseTest, ErrorsSayWhatWasBeingDone) {
  EXPECT_EQ(database_->Execute("nonsense", "do a thing").message(),
            "cannot do a thing: near \"nonsense\": syntax error");
  EXPECT_FALSE(database_->Prepare("SELECT nothing FROM nowhere").ok());
  EXPECT_FALSE(database_->ReadNumber("SELECT 1 WHERE 0", "read").ok());
}

TEST_F(DatabaseTest, AFileOfAnotherKindIsDataLoss) {
  const std::string other = JoinPath(directory_, "other");
  std::ofstream(other) << std::string(5'000, 'x');
  const auto opened = Database::Open(other);
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(absl::IsDataLoss(opened->ReadNumber("PRAGMA user_version", "read").status()));
}

TEST(DatabaseOpenTest, APlaceThatIsNoneIsPermissionDenied) {
  EXPECT_TRUE(absl::IsPermissionDenied(Database::Open("/nowhere/at/all").status()));
}

}  // namespace
}  // namespace mreg::sqlite
