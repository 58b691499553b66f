#include "cli/terminal/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/terminal/table.h"
#include "cli/terminal/units.h"

namespace mreg::terminal {
namespace {

constexpr RateMeter::Seconds kRedraw{0.1};
// How long a measurement counts: after this time it has lost two thirds of its weight.
constexpr double kMemorySeconds = 3;

RateMeter::Seconds SteadyNow() { return std::chrono::steady_clock::now().time_since_epoch(); }

std::string TimeLeft(const ProgressState& state) {
  constexpr double kLongest = 100 * 3600;
  const double seconds = static_cast<double>(state.total - state.done) / state.rate;
  if (seconds > kLongest) return "over 100 h left";
  return FormatDuration(std::chrono::seconds(std::llround(seconds))) + " left";
}

// In the order of their worth.
std::vector<std::string> PartsOf(const ProgressState& state) {
  std::vector<std::string> parts;
  if (state.total > 0) {
    parts.push_back(fmt::format("{:3} %", static_cast<int>(100.0 * static_cast<double>(state.done) /
                                                           static_cast<double>(state.total))));
  }
  parts.push_back(fmt::format("{} of {}", FormatSize(state.done), FormatSize(state.total)));
  if (state.rate > 0) {
    parts.push_back(FormatSize(static_cast<uint64_t>(state.rate)) + "/s");
    parts.push_back(TimeLeft(state));
  }
  return parts;
}

}  // namespace

std::string FormatProgress(const ProgressState& state, size_t width) {
  std::string line = state.label;
  while (DisplayWidth(line) > width) line.pop_back();
  for (const std::string& part : PartsOf(state)) {
    if (DisplayWidth(line) + 2 + part.size() > width) break;
    line += "  " + part;
  }
  return line;
}

void RateMeter::Add(uint64_t done, Seconds now) {
  if (!last_ || done < done_) {
    last_ = now;
    done_ = done;
    return;
  }
  const double passed = (now - *last_).count();
  if (passed <= 0) return;
  const double measured = static_cast<double>(done - done_) / passed;
  const double weight = rate_ == 0 ? 1 : 1 - std::exp(-passed / kMemorySeconds);
  rate_ += weight * (measured - rate_);
  last_ = now;
  done_ = done;
}

ProgressBar::ProgressBar(Terminal& terminal) : ProgressBar(terminal, SteadyNow) {}

void ProgressBar::Update(std::string_view label, uint64_t done, uint64_t total) {
  if (!terminal_.traits().shows_progress) return;
  const RateMeter::Seconds now = now_();
  if (drawn_ && now - *drawn_ < kRedraw) return;
  drawn_ = now;
  meter_.Add(done, now);
  state_ = {std::string(label), std::min(done, total), total, meter_.rate()};
  terminal_.DrawBar(FormatProgress(state_, terminal_.traits().width - 1));
}

}  // namespace mreg::terminal
