#include "cli/man_page.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/commands.h"

namespace mreg::cli {
namespace {

TEST(ManPageTest, IsTheCommittedOne) {
  std::ostringstream committed;
  committed << std::ifstream(MREG_MANUAL).rdbuf();
  EXPECT_EQ(FormatManPage(AllCommands()), committed.str())
      << "to bring it up to date: mreg help --man > docs/man/mreg.1";
}

TEST(ManPageTest, NamesEveryCommand) {
  const std::string page = FormatManPage(AllCommands());
  EXPECT_NE(page.find(".SS push\n"), std::string::npos);
  EXPECT_NE(page.find(".SS remote set\\-url\n"), std::string::npos);
}

TEST(ManPageTest, IsRoffWithoutWarnings) {
  if (std::system("command -v groff > /dev/null") != 0) GTEST_SKIP() << "groff is not installed";
  EXPECT_EQ(std::system("test -z \"$(groff -man -Tutf8 -ww -z " MREG_MANUAL " 2>&1)\""), 0);
}

}  // namespace
}  // namespace mreg::cli
