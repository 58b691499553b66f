#include "storage/content/encoding/difference.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "storage/content/encoding/frame.h"
#include "storage/content/encoding/planes.h"

namespace mreg::encoding {
namespace {

// How two words are compared.
enum class Operation : char { kSubtract = 0, kXor = 1 };
// How the symbols' dependence on the base's exponent is used.
enum class Context : char {
  kNone = 0,    // one frame of all symbols
  kScaled = 1,  // one frame; symbols are first moved by the exponent
  kSplit = 2,   // one frame for each exponent
};

constexpr size_t kContexts = 16;  // exponents from the base's highest down; the last: all below
constexpr size_t kSampleElements = 8 << 10;
constexpr size_t kPadding = 8;      // bytes behind the bits, so that words can be read at once
constexpr double kFrameBytes = 60;  // what one more frame costs, about: its table

absl::Status Broken() { return absl::DataLossError("an encoded difference is damaged"); }

// A value's symbol tells its length in bits and the two bits behind the highest one; what is below
// those is kept as it is. Values below 4 are their own symbols.
constexpr unsigned SymbolOf(uint64_t value) {
  if (value < 4) return static_cast<unsigned>(value);
  const unsigned low = static_cast<unsigned>(std::bit_width(value)) - 3;
  return 4 * (low + 1) + static_cast<unsigned>((value >> low) & 3);
}
constexpr unsigned LowBitsOf(unsigned symbol) { return symbol < 8 ? 0 : symbol / 4 - 1; }
constexpr uint64_t BaseValueOf(unsigned symbol) {
  return symbol < 4 ? symbol : uint64_t{4 + symbol % 4} << LowBitsOf(symbol);
}
constexpr unsigned kMaxSymbol = SymbolOf(std::numeric_limits<uint64_t>::max());
static_assert(kMaxSymbol < 256);
static_assert(LowBitsOf(SymbolOf(1000)) == 7 && BaseValueOf(SymbolOf(1024)) == 1024);

template <typename Word>
Word Load(ByteView bytes, size_t i) {
  Word word;
  std::memcpy(&word, bytes.data() + i * sizeof(Word), sizeof(Word));
  return word;
}

// All that is known of the elements while one chunk is coded.
template <typename Word>
class Coder {
 public:
  static constexpr unsigned kBits = 8 * sizeof(Word);
  static constexpr Word kSign = Word{1} << (kBits - 1);

  Coder(ByteView base, const Element& element, size_t count)
      : base_(base), element_(element), count_(count) {
    if (!element.is_float()) return;
    for (size_t i = 0; i < count; ++i) top_ = std::max(top_, ExponentOf(Load<Word>(base, i)));
  }

  void Encode(ByteView plain, Bytes& out) const {
    const Operation operation = ChooseOperation(plain);
    Bytes symbols(count_, '\0');
    std::vector<Word> values(count_);
    Counts counts{};
    ForEach(plain, operation, [&](size_t i, Word value, size_t context) {
      const unsigned symbol = SymbolOf(value);
      values[i] = value;
      symbols[i] = static_cast<char>(symbol);
      ++counts[context][symbol];
    });
    const Context use = ChooseContext(counts);
    out.push_back(static_cast<char>(operation));
    out.push_back(static_cast<char>(use));
    AppendLowBits(values, symbols, counts, out);
    AppendSymbols(std::move(symbols), use, counts, out);
  }

  absl::Status Decode(ByteView& in, std::span<char> plain) const {
    if (in.size() < 6 || in[0] > 1 || in[1] > 2) return Broken();
    const auto operation = static_cast<Operation>(in[0]);
    const auto use = static_cast<Context>(in[1]);
    const size_t size = ReadU32Le(in.substr(2));
    in.remove_prefix(6);
    if (size < kPadding || in.size() < size) return Broken();
    const ByteView bits = in.substr(0, size);
    in.remove_prefix(size);
    Bytes symbols(count_, '\0');
    MREG_RETURN_IF_ERROR(TakeSymbols(in, use, symbols));
    return operation == Operation::kSubtract
               ? DecodeWith<Operation::kSubtract>(symbols, bits, plain)
               : DecodeWith<Operation::kXor>(symbols, bits, plain);
  }

 private:
  using Counts = std::array<std::array<uint32_t, 256>, kContexts>;

  unsigned ExponentOf(Word word) const {
    return static_cast<unsigned>(word >> element_.exponent_shift) &
           ((1u << element_.exponent_bits) - 1);
  }
  size_t ContextOf(Word base) const {
    if (!element_.is_float()) return 0;
    return std::min<size_t>(top_ - ExponentOf(base), kContexts - 1);
  }

  // All ones if the highest bit is set, else zero. Signs are random: branches on them would be
  // mispredicted every other time.
  static Word SignMask(Word word) { return static_cast<Word>(Word{0} - (word >> (kBits - 1))); }

  // Floats as integers in the same order, so that neighbours differ by 1: all bits of a negative
  // one are inverted, and the sign of the others.
  Word Ordered(Word word) const {
    if (!element_.is_float()) return word;
    return static_cast<Word>(word ^ (SignMask(word) | kSign));
  }
  Word Unordered(Word word) const {
    if (!element_.is_float()) return word;
    return static_cast<Word>(word ^ (static_cast<Word>(~SignMask(word)) | kSign));
  }

  // Small for small differences of either sign: 0, -1, 1, -2 become 0, 1, 2, 3.
  static Word ZigZag(Word difference) {
    return static_cast<Word>(static_cast<Word>(difference << 1) ^ SignMask(difference));
  }
  static Word UnZigZag(Word value) {
    return static_cast<Word>((value >> 1) ^ static_cast<Word>(Word{0} - (value & 1)));
  }

  template <Operation kOperation>
  Word Compare(Word word, Word base) const {
    if constexpr (kOperation == Operation::kXor) return word ^ base;
    return ZigZag(static_cast<Word>(Ordered(word) - Ordered(base)));
  }
  template <Operation kOperation>
  Word Restore(Word value, Word base) const {
    if constexpr (kOperation == Operation::kXor) return value ^ base;
    return Unordered(static_cast<Word>(Ordered(base) + UnZigZag(value)));
  }

  template <Operation kOperation, typename Visit>
  void ForRange(ByteView plain, size_t begin, size_t end, const Visit& visit) const {
    for (size_t i = begin; i < end; ++i) {
      const Word base = Load<Word>(base_, i);
      visit(i, Compare<kOperation>(Load<Word>(plain, i), base), ContextOf(base));
    }
  }
  template <typename Visit>
  void ForEach(ByteView plain, Operation operation, const Visit& visit) const {
    if (operation == Operation::kXor) return ForRange<Operation::kXor>(plain, 0, count_, visit);
    ForRange<Operation::kSubtract>(plain, 0, count_, visit);
  }

  // What a sample from the middle would need, bits and symbols.
  template <Operation kOperation>
  double SampleCost(ByteView plain) const {
    const size_t size = std::min(count_, kSampleElements);
    const size_t begin = (count_ - size) / 2;
    std::array<uint32_t, 256> counts{};
    uint64_t bits = 0;
    ForRange<kOperation>(plain, begin, begin + size, [&](size_t, Word value, size_t) {
      const unsigned symbol = SymbolOf(value);
      ++counts[symbol];
      bits += LowBitsOf(symbol);
    });
    return static_cast<double>(bits) / 8 + EntropyBytes(counts);
  }
  Operation ChooseOperation(ByteView plain) const {
    return SampleCost<Operation::kXor>(plain) < SampleCost<Operation::kSubtract>(plain)
               ? Operation::kXor
               : Operation::kSubtract;
  }

  // A difference of some size is the more units in the last place the smaller the base is: one
  // step of the exponent is one bit, and one bit is four symbols.
  static unsigned Move(unsigned symbol, size_t context) {
    return (symbol - 4 * static_cast<unsigned>(context)) & 255;
  }
  static unsigned MoveBack(unsigned symbol, size_t context) {
    return (symbol + 4 * static_cast<unsigned>(context)) & 255;
  }

  Context ChooseContext(const Counts& counts) const {
    if (!element_.is_float()) return Context::kNone;
    std::array<uint32_t, 256> all{}, moved{};
    double split = 0;
    for (size_t context = 0; context < kContexts; ++context) {
      for (unsigned symbol = 0; symbol < 256; ++symbol) {
        all[symbol] += counts[context][symbol];
        moved[Move(symbol, context)] += counts[context][symbol];
      }
      split += EntropyBytes(counts[context]) + kFrameBytes;
    }
    const double none = EntropyBytes(all), scaled = EntropyBytes(moved);
    if (split < std::min(none, scaled)) return Context::kSplit;
    return scaled < none ? Context::kScaled : Context::kNone;
  }

  static void AppendLowBits(const std::vector<Word>& values, ByteView symbols, const Counts& counts,
                            Bytes& out) {
    uint64_t total = 0;
    for (const auto& of_context : counts) {
      for (unsigned symbol = 0; symbol < 256; ++symbol) {
        total += uint64_t{of_context[symbol]} * LowBitsOf(symbol);
      }
    }
    const size_t size = (total + 7) / 8 + kPadding;
    AppendU32Le(out, static_cast<uint32_t>(size));
    const size_t begin = out.size();
    out.resize(begin + size);
    char* const to = out.data() + begin;
    size_t at = 0;        // byte that is being filled
    uint64_t held = 0;    // bits from there on
    unsigned filled = 0;  // less than 8
    const auto put = [&](uint64_t bits, unsigned length) {
      held |= bits << filled;
      filled += length;
      std::memcpy(to + at, &held, 8);
      at += filled / 8;
      held >>= filled & ~7u;
      filled &= 7;
    };
    for (size_t i = 0; i < values.size(); ++i) {
      unsigned low = LowBitsOf(static_cast<unsigned char>(symbols[i]));
      uint64_t bits = values[i] & ((uint64_t{1} << low) - 1);
      if constexpr (kBits == 64) {
        if (low > 32) {
          put(bits & 0xffffffff, 32);
          bits >>= 32;
          low -= 32;
        }
      }
      put(bits, low);
    }
  }

  void AppendSymbols(Bytes symbols, Context use, const Counts& counts, Bytes& out) const {
    if (use == Context::kNone) return AppendFrame(symbols, out);
    if (use == Context::kScaled) {
      for (size_t i = 0; i < count_; ++i) {
        symbols[i] = static_cast<char>(
            Move(static_cast<unsigned char>(symbols[i]), ContextOf(Load<Word>(base_, i))));
      }
      return AppendFrame(symbols, out);
    }
    std::array<size_t, kContexts + 1> starts{};
    for (size_t c = 0; c < kContexts; ++c) {
      size_t sum = 0;
      for (const uint32_t count : counts[c]) sum += count;
      starts[c + 1] = starts[c] + sum;
    }
    Bytes sorted(count_, '\0');
    std::array<size_t, kContexts + 1> next = starts;
    for (size_t i = 0; i < count_; ++i) {
      sorted[next[ContextOf(Load<Word>(base_, i))]++] = symbols[i];
    }
    for (size_t c = 0; c < kContexts; ++c) {
      AppendFrame(ByteView(sorted).substr(starts[c], starts[c + 1] - starts[c]), out);
    }
  }

  absl::Status TakeSymbols(ByteView& in, Context use, Bytes& symbols) const {
    if (use == Context::kNone) return TakeFrame(in, symbols);
    if (use == Context::kScaled) {
      MREG_RETURN_IF_ERROR(TakeFrame(in, symbols));
      for (size_t i = 0; i < count_; ++i) {
        symbols[i] = static_cast<char>(
            MoveBack(static_cast<unsigned char>(symbols[i]), ContextOf(Load<Word>(base_, i))));
      }
      return absl::OkStatus();
    }
    std::array<size_t, kContexts + 1> starts{};
    for (size_t i = 0; i < count_; ++i) ++starts[ContextOf(Load<Word>(base_, i)) + 1];
    for (size_t c = 0; c < kContexts; ++c) starts[c + 1] += starts[c];
    Bytes sorted(count_, '\0');
    for (size_t c = 0; c < kContexts; ++c) {
      MREG_RETURN_IF_ERROR(
          TakeFrame(in, std::span(sorted).subspan(starts[c], starts[c + 1] - starts[c])));
    }
    for (size_t i = 0; i < count_; ++i) {
      symbols[i] = sorted[starts[ContextOf(Load<Word>(base_, i))]++];
    }
    return absl::OkStatus();
  }

  // That the bits suffice is seen beforehand, so that the loop need not look.
  static absl::Status CheckBits(ByteView symbols, ByteView bits) {
    std::array<uint32_t, 256> counts{};
    CountSymbols(symbols, counts);
    uint64_t total = 0;
    for (unsigned symbol = 0; symbol < 256; ++symbol) {
      if (counts[symbol] > 0 && symbol > SymbolOf(static_cast<Word>(~Word{0}))) return Broken();
      total += uint64_t{counts[symbol]} * LowBitsOf(symbol);
    }
    return (total + 7) / 8 + kPadding == bits.size() ? absl::OkStatus() : Broken();
  }

  template <Operation kOperation>
  absl::Status DecodeWith(const Bytes& symbols, ByteView bits, std::span<char> plain) const {
    MREG_RETURN_IF_ERROR(CheckBits(symbols, bits));
    auto take = [&bits, at = uint64_t{0}](unsigned length) mutable {
      uint64_t window;
      std::memcpy(&window, bits.data() + at / 8, 8);
      window >>= at % 8;
      at += length;
      return window & ((uint64_t{1} << length) - 1);
    };
    for (size_t i = 0; i < count_; ++i) {
      const unsigned symbol = static_cast<unsigned char>(symbols[i]);
      const unsigned low = LowBitsOf(symbol);
      uint64_t value = BaseValueOf(symbol);
      if (kBits == 64 && low > 32) {
        value |= take(32);
        value |= take(low - 32) << 32;
      } else {
        value |= take(low);
      }
      const Word word = Restore<kOperation>(static_cast<Word>(value), Load<Word>(base_, i));
      std::memcpy(plain.data() + i * sizeof(Word), &word, sizeof(Word));
    }
    return absl::OkStatus();
  }

  const ByteView base_;
  const Element element_;
  const size_t count_;
  unsigned top_ = 0;  // the base's highest exponent
};

// Calls `visit` with a coder for the elements' width.
template <typename Visit>
auto WithCoder(ByteView base, const Element& element, size_t count, const Visit& visit) {
  switch (element.width) {
    case 2:
      return visit(Coder<uint16_t>(base, element, count));
    case 4:
      return visit(Coder<uint32_t>(base, element, count));
    case 8:
      return visit(Coder<uint64_t>(base, element, count));
    default:
      return visit(Coder<uint8_t>(base, element, count));
  }
}

}  // namespace

void AppendDifference(ByteView plain, ByteView base, const Element& element, Bytes& out) {
  const size_t count = std::min(plain.size(), base.size()) / element.width;
  WithCoder(base, element, count, [&](const auto& coder) { coder.Encode(plain, out); });
  AppendPlanes(plain.substr(count * element.width), element, out);
}

absl::Status TakeDifference(ByteView& in, ByteView base, const Element& element,
                            std::span<char> plain) {
  const size_t count = std::min(plain.size(), base.size()) / element.width;
  MREG_RETURN_IF_ERROR(
      WithCoder(base, element, count, [&](const auto& coder) { return coder.Decode(in, plain); }));
  return TakePlanes(in, element, plain.subspan(count * element.width));
}

}  // namespace mreg::encoding
