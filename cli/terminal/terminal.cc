#include "cli/terminal/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "schema/base/status.h"

namespace mreg::terminal {
namespace {

constexpr std::string_view kWipeLine = "\r\x1b[K";
constexpr std::string_view kPlain = "\x1b[0m";

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool IsDumb() {
  const char* const kind = std::getenv("TERM");
  return kind == nullptr || std::strcmp(kind, "dumb") == 0;
}

size_t WidthOf(int fd) {
  constexpr size_t kNarrowest = 20;
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < kNarrowest) return Traits().width;
  return size.ws_col;
}

std::string_view CodeOf(Style style) {
  switch (style) {
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kYellow:
      return "\x1b[33m";
  }
  return "";
}

}  // namespace

Traits TraitsOfProcess() {
  Traits traits;
  traits.paints = isatty(STDOUT_FILENO) && !IsSet("NO_COLOR") && !IsDumb();
  traits.shows_progress = isatty(STDERR_FILENO) && !IsDumb();
  if (traits.shows_progress) traits.width = WidthOf(STDERR_FILENO);
  return traits;
}

void Terminal::Print(std::string_view data) {
  if (error_ != 0 || data.empty()) return;
  if (std::fwrite(data.data(), 1, data.size(), out_) != data.size()) error_ = errno;
}

void Terminal::Note(std::string_view message) {
  DrawBar("");
  std::fwrite(message.data(), 1, message.size(), err_);
  std::fputc('\n', err_);
  std::fflush(err_);
}

std::string Terminal::Paint(Style style, std::string_view text) const {
  if (!traits_.paints) return std::string(text);
  return fmt::format("{}{}{}", CodeOf(style), text, kPlain);
}

void Terminal::DrawBar(std::string_view line) {
  if (!traits_.shows_progress || (line.empty() && !has_bar_)) return;
  const std::string drawn = fmt::format("{}{}", kWipeLine, line);
  std::fwrite(drawn.data(), 1, drawn.size(), err_);
  std::fflush(err_);
  has_bar_ = !line.empty();
}

absl::Status Terminal::Flush() {
  if (std::fflush(out_) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0) return absl::OkStatus();
  if (error_ == EPIPE) return absl::CancelledError("nobody reads the output any more");
  return ErrnoStatus(error_, "write the output");
}

}  // namespace mreg::terminal
