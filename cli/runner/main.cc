// mreg-runner-ort LIBRARY: runs models in an ONNX Runtime, as its standard input asks. A process of
// its own, since models can crash runtimes. Protocol: docs/formats/runner-protocol.md.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "cli/runner/ort_library.h"
#include "cli/runner/serve.h"
#include "schema/base/status.h"

namespace {

using namespace mreg::runner;

// Writes to where the standard output was. Runtimes and what they load print as they like: that
// goes to the standard error from now on.
Answerer TakeStandardOutput() {
  const int out = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  return [out](std::string_view line) {
    while (!line.empty()) {
      const ssize_t written = write(out, line.data(), line.size());
      if (written <= 0) _exit(1);
      line.remove_prefix(static_cast<size_t>(written));
    }
  };
}

int Run(const std::string& path) {
  const Answerer answer = TakeStandardOutput();
  auto library = OrtLibrary::Open(path);
  if (!library.ok()) {
    answer(FormatAnswer(
        FailedAnswer{Refusal::kFailed, std::string(mreg::MessageOf(library.status()))}));
    return 1;
  }
  answer(FormatAnswer(ReadyAnswer{"mreg-runner-ort", "onnxruntime", (*library)->version(), path,
                                  (*library)->Providers()}));
  Serve(**library, std::cin, answer);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: mreg-runner-ort LIBRARY\n");
    return 2;
  }
  std::ios::sync_with_stdio(false);
  // Without the runtime's destructors, which have crashed where all else worked.
  _exit(Run(arguments[1]));
}
