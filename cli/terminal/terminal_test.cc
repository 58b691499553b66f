#include "cli/terminal/terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <memory>

namespace mreg::terminal {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File TemporaryFile() { return File(std::tmpfile(), &std::fclose); }

std::string TextOf(std::FILE* file) {
  std::fflush(file);
  std::rewind(file);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

TEST(TerminalTest, SendsDataAndMessagesToDifferentStreams) {
  const File out = TemporaryFile();
  const File err = TemporaryFile();
  Terminal terminal(out.get(), err.get(), {});
  terminal.Print("data\n");
  terminal.Note("message");
  ASSERT_TRUE(terminal.Flush().ok());
  EXPECT_EQ(TextOf(out.get()), "data\n");
  EXPECT_EQ(TextOf(err.get()), "message\n");
}

TEST(TerminalTest, PaintsOnlyWhereColoursAreShown) {
  Terminal plain(nullptr, nullptr, {});
  Terminal coloured(nullptr, nullptr, {.paints = true});
  EXPECT_EQ(plain.Paint(Style::kRed, "x"), "x");
  EXPECT_EQ(coloured.Paint(Style::kRed, "x"), "\x1b[31mx\x1b[0m");
}

TEST(TerminalTest, DrawsNoBarIntoAFile) {
  const File err = TemporaryFile();
  Terminal terminal(nullptr, err.get(), {});
  terminal.DrawBar("50 %");
  terminal.DrawBar("");
  EXPECT_EQ(TextOf(err.get()), "");
}

TEST(TerminalTest, WipesTheBarBeforeAMessage) {
  const File err = TemporaryFile();
  Terminal terminal(nullptr, err.get(), {.shows_progress = true});
  terminal.DrawBar("50 %");
  terminal.Note("done");
  EXPECT_EQ(TextOf(err.get()), "\r\x1b[K50 %\r\x1b[Kdone\n");
}

TEST(TerminalTest, SaysThatNobodyReads) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const File out(fdopen(ends[1], "w"), &std::fclose);
  Terminal terminal(out.get(), nullptr, {});
  terminal.Print("data\n");
  EXPECT_TRUE(absl::IsCancelled(terminal.Flush()));
}

TEST(TerminalTest, SaysThatTheOutputIsLost) {
  const File out(std::fopen("/dev/full", "w"), &std::fclose);
  ASSERT_NE(out, nullptr);
  Terminal terminal(out.get(), nullptr, {});
  terminal.Print("data\n");
  EXPECT_TRUE(absl::IsResourceExhausted(terminal.Flush()));
}

}  // namespace
}  // namespace mreg::terminal
