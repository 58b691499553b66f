#include "schema/process/process.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace mreg::process {
namespace {

constexpr double kSeconds = 20;

absl::StatusOr<std::unique_ptr<Process>> StartShell(const std::string& script,
                                                    const Limits& limits = {}, int input = -1) {
  return Process::Start({"sh", "-c", script}, limits, input);
}

// What `script` prints on one line, or how it ended.
std::string Outcome(const std::string& script, const Limits& limits, double seconds = kSeconds) {
  const auto process = StartShell(script, limits);
  if (!process.ok()) return process.status().ToString();
  const auto line = (*process)->ReceiveLine(seconds);
  if (line.ok()) return *line;
  return (*process)->ending() ? (*process)->ending()->Text() : line.status().ToString();
}

TEST(ProcessTest, TalksInLines) {
  const auto process = StartShell("read line; echo \"$line there\"; read line; exit 3");
  ASSERT_TRUE(process.ok()) << process.status();
  ASSERT_TRUE((*process)->Send("hello\n").ok());
  EXPECT_EQ(*(*process)->ReceiveLine(kSeconds), "hello there");
  ASSERT_TRUE((*process)->Send("go\n").ok());
  EXPECT_TRUE(absl::IsUnavailable((*process)->ReceiveLine(kSeconds).status()));
  EXPECT_EQ((*process)->ending()->Text(), "ended with exit code 3");
  EXPECT_TRUE(absl::IsUnavailable((*process)->Send("more\n")));
}

TEST(ProcessTest, AFileCanBeTheInput) {
  const int input = memfd_create("input", MFD_CLOEXEC);
  ASSERT_EQ(write(input, "content\n", 8), 8);
  const auto process = StartShell("cat /dev/stdin", {}, input);
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(*(*process)->ReceiveLine(kSeconds), "content");
  close(input);
}

TEST(ProcessTest, LimitsHold) {
  EXPECT_EQ(Outcome("kill -SEGV $$", {}), "crashed: signal 11 (Segmentation fault)");
  EXPECT_EQ(Outcome("while :; do :; done", {.cpu_seconds = 1}), "timed out");
  EXPECT_EQ(Outcome("exec sleep 100", {}, 0.2), "timed out");
  EXPECT_EQ(Outcome("ulimit -c", {}), "0");
  EXPECT_EQ(Outcome("ulimit -v", {.memory = 1 << 30}), "1048576");
  EXPECT_EQ(Outcome("nice", {.niceness = 19}), "19");
  EXPECT_EQ(Outcome("grep NoNewPrivs /proc/self/status", {.may_gain_privileges = false}),
            "NoNewPrivs:\t1");
  EXPECT_EQ(Outcome("yes | head -c 100000 | tr -d '\\n'", {.line_bytes = 1000}),
            "INVALID_ARGUMENT: an endless answer");
}

// Not even in the file that it writes its errors to, and it lives on.
TEST(ProcessTest, OneThatMayNotWriteFilesWritesNone) {
  EXPECT_EQ(Outcome("echo x >&2; echo lives", {.file_bytes = 0}), "lives");
}

// Whoever talks to a server must not find the connection held open by what that started.
TEST(ProcessTest, NoFilesOfTheCallerAreOpen) {
  const int left_open = dup(STDERR_FILENO);
  EXPECT_EQ(Outcome("ls /proc/$$/fd | tr '\\n' ' '; echo", {}).substr(0, 6), "0 1 2 ");
  EXPECT_EQ(Outcome("[ -e /proc/$$/fd/" + std::to_string(left_open) + " ] || echo closed", {}),
            "closed");
  close(left_open);
}

bool IsRunning(const std::string& process) {
  std::ifstream file("/proc/" + process + "/cmdline");  // empty of one that nobody has waited for
  return file.peek() != std::ifstream::traits_type::eof();
}

// Its children may hold its output open.
TEST(ProcessTest, OneThatLeavesChildrenHasEndedAndSoHaveThey) {
  for (const bool ends_by_itself : {true, false}) {
    std::string child;
    {
      const auto process = StartShell("sleep 1000 & echo $!; " +
                                      std::string(ends_by_itself ? "exit 3" : "read line"));
      child = (*process)->ReceiveLine(kSeconds).value();
      EXPECT_TRUE(IsRunning(child));
      if (ends_by_itself) {
        const auto before = std::chrono::steady_clock::now();
        EXPECT_TRUE(absl::IsUnavailable((*process)->ReceiveLine(kSeconds).status()));
        EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
        EXPECT_EQ((*process)->ending()->Text(), "ended with exit code 3");
      }
    }
    for (int i = 0; i < 100 && IsRunning(child); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_FALSE(IsRunning(child)) << ends_by_itself;
  }
}

TEST(ProcessTest, WaitingCanBeGivenUp) {
  const auto process = StartShell("exec sleep 100");
  std::stop_source stop;
  std::jthread stopper([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  EXPECT_TRUE(absl::IsCancelled((*process)->ReceiveLine(kSeconds, stop.get_token()).status()));
}

TEST(ProcessTest, AProgramThatIsNotBesideIsNamed) {
  EXPECT_TRUE(absl::IsFailedPrecondition(ProgramBeside("no-such-program").status()));
}

}  // namespace
}  // namespace mreg::process
