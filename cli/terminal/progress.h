// A bar that says how far a transfer is, how fast it goes and how long it will take.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/terminal/terminal.h"

namespace mreg::terminal {

struct ProgressState {
  std::string label;  // "sending", "model.onnx"
  uint64_t done = 0, total = 0;
  double rate = 0;  // bytes a second; 0: not known yet
};

// At most `width` cells: "sending  41 %  36.1 MB of 88.1 MB  10.2 MB/s  5 s left". What does not
// fit is left out from the end; the label is cut where it alone is too long.
std::string FormatProgress(const ProgressState& state, size_t width);

// Bytes a second, with what happened in the last seconds counting most.
class RateMeter {
 public:
  using Seconds = std::chrono::duration<double>;

  // `done` bytes at `now`, which never goes back. Fewer bytes than before begin a new count.
  void Add(uint64_t done, Seconds now);
  double rate() const { return rate_; }

 private:
  std::optional<Seconds> last_;
  uint64_t done_ = 0;
  double rate_ = 0;
};

// Draws while it lives, ten times a second at most. One thread at a time.
class ProgressBar {
 public:
  // `now` is a clock that never goes back.
  using Now = std::function<RateMeter::Seconds()>;
  ProgressBar(Terminal& terminal, Now now) : terminal_(terminal), now_(std::move(now)) {}
  explicit ProgressBar(Terminal& terminal);
  ~ProgressBar() { terminal_.DrawBar(""); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Update(std::string_view label, uint64_t done, uint64_t total);

 private:
  Terminal& terminal_;
  const Now now_;
  ProgressState state_;
  RateMeter meter_;
  std::optional<RateMeter::Seconds> drawn_;
};

}  // namespace mreg::terminal
