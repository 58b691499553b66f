#include "cli/runners.h"

#include <fmt/format.h>

#include <filesystem>
#include <sstream>
#include <system_error>

#include "cli/display.h"
#include "schema/base/file_system.h"
#include "schema/base/hex.h"
#include "schema/base/sha256.h"

namespace mreg::cli {

absl::StatusOr<std::vector<std::string>> RunnerCommand(const Arguments& arguments,
                                                       const std::string& library) {
  std::vector<std::string> command;
  if (arguments.Has("runner")) {
    std::istringstream words(arguments.Get("runner"));
    for (std::string word; words >> word;) command.push_back(word);
    if (command.empty()) return absl::InvalidArgumentError("--runner names no command");
    if (!library.empty()) command.push_back(library);
    return command;
  }
  if (library.empty()) {
    return absl::FailedPreconditionError(
        "the target names no library: say --library FILE, a libonnxruntime.so, or --runner "
        "COMMAND");
  }
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto runner = self.parent_path() / "mreg-runner-ort";
  if (error || !std::filesystem::exists(runner, error)) {
    return absl::FailedPreconditionError(
        fmt::format("there is no {}: it comes with mreg", Shown(runner.string())));
  }
  return std::vector<std::string>{runner.string(), library};
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
