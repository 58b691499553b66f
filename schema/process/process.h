// Another program as a process of its own, with limits: what it does to itself, it does not do to
// whoever started it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mreg::process {

struct Limits {
  uint64_t memory = 0;                      // address space in bytes; 0: no limit
  uint64_t cpu_seconds = 0;                 // 0: no limit
  uint64_t file_bytes = uint64_t{1} << 30;  // of any file that it writes
  uint64_t line_bytes = uint64_t{4} << 30;  // of a line that is taken from it
  int niceness = 0;                         // as nice(2) has it
  bool may_gain_privileges = true;          // by running programs that are set-user-ID
};

// How a process ended.
struct Ending {
  bool timed_out = false;  // killed, since it took longer than it was given
  int signal = 0;          // that killed it; 0: it exited
  int exit_code = 0;
  std::string last_words;  // the end of what it wrote to its standard error

  // "crashed: signal 11 (Segmentation fault)", "timed out", "ended with exit code 1".
  std::string Text() const;
};

// Never leaves a core dump, and has none of the caller's files open. Dies with the thread that
// started it. One thread at a time. The destructor kills the process. It leads a process group,
// which is killed once it has ended: no child of it stays, unless that left the group.
class Process {
 public:
  // `command` is a program's path, or a name to be found in PATH, and its arguments; that it is not
  // there shows as exit code 127. Lines go to its standard input, unless `input` is an open file
  // that is to be that.
  static absl::StatusOr<std::unique_ptr<Process>> Start(const std::vector<std::string>& command,
                                                        const Limits& limits, int input = -1);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Unavailable once the process has ended, as ending() then tells.
  absl::Status Send(std::string_view line);

  // The next line of its standard output, without the end of the line. Unavailable once the process
  // has ended, also if it had to be killed since `seconds` were not enough; InvalidArgument for a
  // line that is too long; Cancelled, within a tenth of a second, where `stop` is requested.
  absl::StatusOr<std::string> ReceiveLine(double seconds, const std::stop_token& stop = {});

  const std::optional<Ending>& ending() const { return ending_; }

 private:
  Process(pid_t process, int channel, int errors, uint64_t line_bytes)
      : process_(process), channel_(channel), errors_(errors), line_bytes_(line_bytes) {}
  bool HasExited() const;
  int KillAndWait();  // the status, as waitpid has it
  absl::Status End(bool timed_out);
  std::string LastWords() const;

  pid_t process_;
  const int channel_;  // a socket: the process's standard output, and perhaps its input
  const int errors_;   // a file in memory: its standard error
  const uint64_t line_bytes_;
  std::string received_;
  std::optional<Ending> ending_;
};

// The path of a program that is installed in the folder of the one that runs. FailedPrecondition if
// it is not there.
absl::StatusOr<std::string> ProgramBeside(std::string_view name);

}  // namespace mreg::process
