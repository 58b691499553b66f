// A small generator of random numbers, the same on every machine and at compile time.
#pragma once

#include <cstdint>

namespace mreg {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the next number, moving `state` on.
constexpr uint64_t SplitMix64(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace mreg
