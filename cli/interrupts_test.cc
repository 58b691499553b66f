#include "cli/interrupts.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace mreg::cli {
namespace {

// Runs `body` in a process of its own, with a pipe to speak through. Returns how it ended and
// what it wrote.
struct Ending {
  int exit_code = -1;  // -1: by a signal
  std::string said;
};
Ending RunInChild(const std::function<void(int out)>& body) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    body(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  Ending ending;
  char c = 0;
  while (read(ends[0], &c, 1) == 1) ending.said += c;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) ending.exit_code = WEXITSTATUS(status);
  return ending;
}

void Say(int out, char c) { (void)!write(out, &c, 1); }

// Until the signal that was sent has ended the process.
[[noreturn]] void WaitForEnd() {
  while (true) pause();
}

TEST(InterruptsTest, EndTheProcessWith130) {
  const Ending ending = RunInChild([](int) {
    Interrupts interrupts;
    kill(getpid(), SIGINT);
    WaitForEnd();
  });
  EXPECT_EQ(ending.exit_code, 130);
}

TEST(InterruptsTest, CleanUpFirst) {
  const Ending ending = RunInChild([](int out) {
    Interrupts interrupts;
    interrupts.SetCleanup([out] { Say(out, 'c'); });
    kill(getpid(), SIGTERM);
    WaitForEnd();
  });
  EXPECT_EQ(ending.exit_code, 130);
  EXPECT_EQ(ending.said, "c");
}

TEST(InterruptsTest, WaitForAHoldToEnd) {
  const Ending ending = RunInChild([](int out) {
    Interrupts interrupts;
    {
      const Interrupts::Hold outer(interrupts);
      kill(getpid(), SIGINT);
      { const Interrupts::Hold inner(interrupts); }
      Say(out, 'h');
    }
    WaitForEnd();
  });
  EXPECT_EQ(ending.exit_code, 130);
  EXPECT_EQ(ending.said, "h");
}

TEST(InterruptsTest, EndAHoldWhereItAllowsIt) {
  const Ending ending = RunInChild([](int out) {
    Interrupts interrupts;
    const Interrupts::Hold hold(interrupts);
    interrupts.EndIfPending();
    Say(out, 'h');
    kill(getpid(), SIGINT);
    while (true) interrupts.EndIfPending();
  });
  EXPECT_EQ(ending.exit_code, 130);
  EXPECT_EQ(ending.said, "h");
}

TEST(InterruptsTest, LeaveIgnoredSignalsIgnored) {
  const Ending ending = RunInChild([](int out) {
    std::signal(SIGHUP, SIG_IGN);
    {
      Interrupts interrupts;
      kill(getpid(), SIGHUP);
    }
    Say(out, 'x');
  });
  EXPECT_EQ(ending.exit_code, 0);
  EXPECT_EQ(ending.said, "x");
}

TEST(InterruptsTest, StopWatchingAtTheirEnd) {
  const Ending ending = RunInChild([](int) {
    { Interrupts interrupts; }
    kill(getpid(), SIGINT);
    WaitForEnd();
  });
  EXPECT_EQ(ending.exit_code, -1);
}

}  // namespace
}  // namespace mreg::cli
