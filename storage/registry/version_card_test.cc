#include "storage/registry/version_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mreg::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(VersionCard, NotesAreOfTheCardAlone) {
  constexpr char kFaulty[] = "---\nlicense: MIT\n---\n";
  EXPECT_THAT(NotesOnCard("README.md", kFaulty), ElementsAre("card: license: MIT is written mit"));
  EXPECT_THAT(NotesOnCard("docs/README.md", kFaulty), IsEmpty());
  EXPECT_THAT(NotesOnCard("README.md", "# A model\n"), IsEmpty());
}

TEST(VersionCard, NotesAreFitForATerminal) {
  const auto notes = NotesOnCard("README.md",
                                 "---\nlicense: a\xc2\x9b"
                                 "2J\n---\n");
  EXPECT_THAT(notes, ElementsAre(HasSubstr("is no known id")));
  EXPECT_EQ(notes.front().find("\xc2\x9b"), std::string::npos);
}

}  // namespace
}  // namespace mreg::registry
