// The process's two streams: stdout for data, stderr for everything said about it.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mreg::terminal {

enum class Style { kBold, kDim, kRed, kGreen, kYellow };

// What the streams can do.
struct Traits {
  bool paints = false;          // stdout shows colours
  bool shows_progress = false;  // stderr is a terminal, so that a line on it can be redrawn
  size_t width = 80;            // of stderr, in cells
};

// Colours go to a terminal only, and neither with a non-empty NO_COLOR (https://no-color.org) nor
// with TERM=dumb.
Traits TraitsOfProcess();

// One thread at a time.
class Terminal {
 public:
  // Both stay open for longer than the object lives.
  Terminal(std::FILE* out, std::FILE* err, const Traits& traits)
      : out_(out), err_(err), traits_(traits) {}

  const Traits& traits() const { return traits_; }

  // Data, as it is.
  void Print(std::string_view data);
  // A message, with a line's end behind it; a bar that is being drawn is wiped away first.
  void Note(std::string_view message);

  // `text` in `style` where stdout shows colours.
  std::string Paint(Style style, std::string_view text) const;

  // Draws `line` over the bar drawn before; "" wipes it away. Nothing where there is no progress.
  void DrawBar(std::string_view line);

  // Brings out what was printed. Not OK if any of it was lost: Cancelled if nobody reads it any
  // more, ResourceExhausted if the disk is full, Internal otherwise.
  absl::Status Flush();

 private:
  std::FILE* const out_;
  std::FILE* const err_;
  const Traits traits_;
  int error_ = 0;  // errno of the first write that failed
  bool has_bar_ = false;
};

}  // namespace mreg::terminal
