#include "cli/runners.h"

#include <sstream>
#include <string_view>
#include <utility>

#include "schema/base/file_system.h"
#include "schema/base/hex.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "schema/process/process.h"

namespace mreg::cli {

absl::StatusOr<std::vector<std::string>> RunnerCommand(const Arguments& arguments,
                                                       const std::string& library) {
  constexpr std::string_view kRunnerPrefix = "mreg-runner-";
  std::vector<std::string> command;
  if (arguments.Has("runner")) {
    std::istringstream words(arguments.Get("runner"));
    for (std::string word; words >> word;) command.push_back(word);
    if (command.empty()) return absl::InvalidArgumentError("--runner names no command");
    if (command[0].starts_with(kRunnerPrefix)) {
      auto path = process::ProgramBeside(command[0]);
      if (path.ok()) command[0] = *std::move(path);
    }
    if (!library.empty()) command.push_back(library);
    return command;
  }
  if (library.empty()) {
    return absl::FailedPreconditionError(
        "the target names no library: say --library FILE, a libonnxruntime.so, or --runner "
        "COMMAND");
  }
  MREG_ASSIGN_OR_RETURN(std::string runner, process::ProgramBeside("mreg-runner-ort"));
  return std::vector<std::string>{std::move(runner), library};
}

std::string FileDigest(const std::string& path) {
  const auto file = PosixFileSystem().OpenRead(path);
  if (!file.ok()) return "";
  constexpr size_t kBlockBytes = 1 << 20;
  std::vector<char> block(kBlockBytes);
  Sha256 hash;
  for (uint64_t offset = 0;;) {
    const auto got = (*file)->ReadAt(offset, block);
    if (!got.ok()) return "";
    if (*got == 0) return HexEncode(hash.Finish());
    hash.Update({block.data(), *got});
    offset += *got;
  }
}

}  // namespace mreg::cli
