// Going on after a broken connection.
#pragma once

#include <chrono>
#include <thread>

namespace mreg::sync {

// A connection that breaks this often in a row without having carried anything is given up.
inline constexpr int kFruitlessAttempts = 3;

// Long enough for the other side to notice the break and to keep what came, and longer with each
// attempt in a row that was `fruitless`.
inline void WaitBeforeRetry(int fruitless) {
  std::this_thread::sleep_for(std::chrono::milliseconds(250) * (1 << fruitless));
}

}  // namespace mreg::sync
