#include "cli/terminal/units.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace mreg::terminal {
namespace {

constexpr std::array<std::string_view, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};

// The writer's clock as a broken-down time; the year is held to what four digits can show.
std::tm WritersClock(int64_t seconds_since_1970, int offset_minutes) {
  constexpr int64_t kEndOfYear9999 = 253'402'300'799;
  const int64_t local = seconds_since_1970 + int64_t{60} * offset_minutes;
  return fmt::gmtime(static_cast<std::time_t>(std::clamp<int64_t>(local, 0, kEndOfYear9999)));
}

std::string FormatOffset(int minutes, std::string_view separator) {
  const int size = std::abs(minutes);
  return fmt::format("{}{:02}{}{:02}", minutes < 0 ? '-' : '+', size / 60, separator, size % 60);
}

}  // namespace

std::string FormatSize(uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  // Beyond 999.5 three digits would show "1000".
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, kUnits[unit]);
}

std::string FormatSizeChange(uint64_t before, uint64_t after) {
  return after >= before ? "+" + FormatSize(after - before) : "-" + FormatSize(before - after);
}

std::string FormatDuration(std::chrono::seconds duration) {
  const int64_t seconds = std::max<int64_t>(duration.count(), 0);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string FormatCount(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string FormatDate(int64_t seconds_since_1970, int offset_minutes) {
  const std::tm clock = WritersClock(seconds_since_1970, offset_minutes);
  return fmt::format("{:%a %b} {} {:%H:%M:%S %Y} {}", clock, clock.tm_mday, clock,
                     FormatOffset(offset_minutes, ""));
}

std::string FormatIsoDate(int64_t seconds_since_1970, int offset_minutes) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}{}", WritersClock(seconds_since_1970, offset_minutes),
                     FormatOffset(offset_minutes, ":"));
}

}  // namespace mreg::terminal
