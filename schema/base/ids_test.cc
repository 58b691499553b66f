#include "schema/base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace mreg {
namespace {

TEST(Ids, HexRoundTrips) {
  const std::string hex(64, 'a');
  const auto id = ChunkId::FromHex(hex);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->ToHex(), hex);
}

TEST(Ids, WrongLengthUpperCaseAndOtherCharactersAreRefused) {
  EXPECT_FALSE(ChunkId::FromHex(std::string(63, 'a')).ok());
  EXPECT_FALSE(ChunkId::FromHex(std::string(62, 'a')).ok());
  EXPECT_FALSE(ChunkId::FromHex(std::string(64, 'A')).ok());
  EXPECT_FALSE(ChunkId::FromHex(std::string(63, 'a') + "g").ok());
  EXPECT_FALSE(CommitId::FromBytes(std::string(32, 'x')).ok());
}

TEST(Ids, ErrorsSayWhatWasExpected) {
  const auto status = CommitId::FromHex("zz").status();
  EXPECT_EQ(status.message(), "no commit id: 40 lower-case hex digits expected");
}

TEST(Ids, KindsDoNotConvertIntoEachOther) {
  static_assert(!std::is_convertible_v<ChunkId, ArtifactId>);
  static_assert(!std::is_constructible_v<ArtifactId, ChunkId>);
  static_assert(!std::is_convertible_v<ObjectId, CommitId>);
}

TEST(Ids, OrderIsTheOrderOfTheBytes) {
  EXPECT_LT(*CommitId::FromHex(std::string(39, '0') + "f"),
            *CommitId::FromHex("80" + std::string(38, '0')));
}

TEST(ChunkIds, ComeBackFromAList) {
  const std::vector<ChunkId> ids = {*ChunkId::FromBytes(Bytes(32, 'a')),
                                    *ChunkId::FromBytes(Bytes(32, 'b'))};
  EXPECT_EQ(*SplitIds(JoinIds(ids)), ids);
  EXPECT_TRUE(SplitIds("")->empty());
  EXPECT_FALSE(SplitIds(Bytes(33, 'a')).ok());
}

}  // namespace
}  // namespace mreg
