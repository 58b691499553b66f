#include "cli/settings_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "schema/base/file_system.h"
#include "schema/base/hex.h"
#include "schema/base/random.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

constexpr uint64_t kMaxBytes = 1 << 20;
constexpr mode_t kOwnerOnly = 0600;

absl::Status CreatePrivateFolder(const std::string& path) {
  MREG_RETURN_IF_ERROR(PosixFileSystem().CreateDirectories(ParentPath(path)));
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("create {}", path));
}

absl::Status WriteAndSync(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, fmt::format("write {}", path));
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return ErrnoStatus(errno, fmt::format("sync {}", path));
  return absl::OkStatus();
}

// A file that did not exist before, so that nobody can have it open or have chosen its mode.
absl::Status CreatePrivateFile(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (fd < 0) return ErrnoStatus(errno, fmt::format("create {}", path));
  const absl::Status status = WriteAndSync(fd, text, path);
  close(fd);
  return status;
}

std::string FormatToml(const Settings& settings) {
  toml::table document;
  for (const auto& [name, values] : settings) {
    toml::table table;
    for (const auto& [key, value] : values) table.insert(key, value);
    document.insert(name, std::move(table));
  }
  std::ostringstream text;
  text << document << "\n";
  return text.str();
}

absl::StatusOr<toml::table> Parse(const std::string& text, const std::string& path) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(fmt::format("{} is not TOML: line {}: {}", path,
                                                  error.source().begin.line, error.description()));
  }
}

}  // namespace

absl::StatusOr<Settings> ReadSettings(const std::string& path) {
  Settings settings;
  const auto text = ReadSmallFile(PosixFileSystem(), path, kMaxBytes);
  if (absl::IsNotFound(text.status())) return settings;
  if (!text.ok()) return text.status();
  MREG_ASSIGN_OR_RETURN(const toml::table document, Parse(*text, path));
  for (const auto& [name, node] : document) {
    if (!node.is_table()) continue;
    for (const auto& [key, value] : *node.as_table()) {
      if (value.is_string()) {
        settings[std::string(name)][std::string(key)] = value.as_string()->get();
      }
    }
  }
  return settings;
}

absl::Status WriteSettings(const std::string& path, const Settings& settings) {
  constexpr size_t kNameBytes = 8;
  FileSystem& fs = PosixFileSystem();
  MREG_RETURN_IF_ERROR(CreatePrivateFolder(ParentPath(path)));
  const std::string beside = path + "." + HexEncode(SecureRandomBytes(kNameBytes));
  absl::Status status = CreatePrivateFile(beside, FormatToml(settings));
  if (status.ok()) status = fs.Rename(beside, path);
  if (!status.ok()) {
    unlink(beside.c_str());
    return status;
  }
  return fs.SyncDirectory(ParentPath(path));
}

}  // namespace mreg::cli
