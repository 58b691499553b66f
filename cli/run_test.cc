#include "cli/run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "cli/author.h"
#include "cli/hint.h"

namespace mreg::cli {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string TextOf(std::FILE* file) {
  std::fflush(file);
  std::rewind(file);
  std::string text(64 << 10, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

struct Outcome {
  ExitCode code;
  std::string out, err;
};

Outcome RunWith(std::vector<std::string> words) {
  const File out(std::tmpfile(), &std::fclose);
  const File err(std::tmpfile(), &std::fclose);
  terminal::Terminal terminal(out.get(), err.get(), {});
  const std::string home = testing::TempDir() + fmt::format("run_{}", getpid());
  const ExitCode code = Run(
      std::move(words),
      [&](const char* name) -> std::optional<std::string> {
        if (std::string_view(name) == "MREG_HOME") return home;
        return std::nullopt;
      },
      terminal);
  std::filesystem::remove_all(home);
  return {code, TextOf(out.get()), TextOf(err.get())};
}

TEST(RunTest, WithoutWordsListsCommands) {
  const Outcome outcome = RunWith({});
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  EXPECT_NE(outcome.out.find("push"), std::string::npos);
  EXPECT_EQ(outcome.err, "");
}

TEST(RunTest, SuggestsTheNearestCommand) {
  const Outcome outcome = RunWith({"stauts"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "mreg: there is no command 'stauts'\nhint: did you mean `mreg status`?\n");
}

TEST(RunTest, ShowsNoControlCharactersOfAWrongCommand) {
  EXPECT_EQ(RunWith({"\x1b[2J"}).err.find('\x1b'), std::string::npos);
}

TEST(RunTest, SaysHowACommandIsUsed) {
  const Outcome outcome = RunWith({"clone"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_NE(outcome.err.find("hint: usage: mreg clone"), std::string::npos);
}

TEST(RunTest, ExplainsACommand) {
  const Outcome asked = RunWith({"help", "remote", "add"});
  EXPECT_EQ(asked.code, ExitCode::kOk);
  EXPECT_NE(asked.out.find("Usage: mreg remote add NAME URL"), std::string::npos);
  EXPECT_EQ(RunWith({"remote", "add", "--help"}).out, asked.out);
}

TEST(RunTest, ShowsItsVersion) {
  EXPECT_EQ(RunWith({"--version"}).out, RunWith({"version"}).out);
  EXPECT_EQ(RunWith({"version", "--json"}).out, "{\n  \"version\": \"" MREG_VERSION "\"\n}\n");
}

TEST(RunTest, NamesThePurposeThatFailed) {
  const std::string empty = testing::TempDir() + fmt::format("no_clone_{}", getpid());
  std::filesystem::create_directories(empty);
  const Outcome outcome = RunWith({"-C", empty, "log"});
  EXPECT_EQ(outcome.code, ExitCode::kNotFound);
  EXPECT_TRUE(outcome.err.starts_with("mreg: cannot show the history: ")) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: `mreg init`"), std::string::npos);
  std::filesystem::remove_all(empty);
}

TEST(RunTest, NeedsAFolderToGoTo) {
  EXPECT_EQ(RunWith({"-C"}).code, ExitCode::kUsage);
  EXPECT_EQ(RunWith({"-C", "/nowhere/at/all", "log"}).code, ExitCode::kNotFound);
}

TEST(HintTest, StaysWithItsStatus) {
  const absl::Status status = WithHint(absl::NotFoundError("x"), "look there");
  EXPECT_EQ(HintOf(status), "look there");
  EXPECT_EQ(HintOf(WithHint(status, "or there")), "look there");
  EXPECT_EQ(HintOf(absl::NotFoundError("x")), std::nullopt);
  EXPECT_TRUE(WithHint(absl::OkStatus(), "nothing").ok());
}

TEST(ParseAuthorTest, TakesANameAndAnAddress) {
  const auto author = ParseAuthor("Ada Lovelace <ada@example.org>", SystemClock().Now());
  ASSERT_TRUE(author.ok());
  EXPECT_EQ(author->name, "Ada Lovelace");
  EXPECT_EQ(author->email, "ada@example.org");
}

TEST(ParseAuthorTest, RefusesOtherForms) {
  for (const char* wrong : {"", "Ada", "<ada@example.org>", " <a@b>", "Ada <a@b", "Ada <a@b> x",
                            "Ada <a<b>", "Ada <a\nb>"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseAuthor(wrong, SystemClock().Now()).status())) << wrong;
  }
}

}  // namespace
}  // namespace mreg::cli
