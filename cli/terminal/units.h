// Numbers as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace mreg::terminal {

// Decimal units, three digits at least: "0 B", "999 B", "1.00 kB", "2.33 MB", "88.1 MB".
std::string FormatSize(uint64_t bytes);

// The difference between two sizes with its sign: "+1.20 kB", "-3 B", "+0 B".
std::string FormatSizeChange(uint64_t before, uint64_t after);

// "4 s", "2 min 05 s", "3 h 07 min".
std::string FormatDuration(std::chrono::seconds duration);

// "1 file", "2 files", "0 files".
std::string FormatCount(uint64_t count, std::string_view one, std::string_view many);

// As git writes it, at the writer's own clock: "Mon Nov 23 22:41:51 2026 +0100".
std::string FormatDate(int64_t seconds_since_1970, int offset_minutes);

// ISO 8601 for programs: "2026-11-23T22:41:51+01:00".
std::string FormatIsoDate(int64_t seconds_since_1970, int offset_minutes);

}  // namespace mreg::terminal
