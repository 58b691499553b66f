#include "storage/content/encoding/frame.h"

#include <htscodecs/rANS_static4x16.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "schema/base/coding.h"
#include "schema/base/status.h"

namespace mreg::encoding {
namespace {

enum class Method : char { kRaw = 0, kZstd = 1, kRans = 2, kConstant = 3 };

constexpr size_t kMinRans = 64;  // symbols; fewer do not pay for the table
constexpr size_t kSample = 8 << 10;
// Level 1: on weights higher levels find nothing more, on graphs little.
constexpr int kZstdLevel = 1;
// Order 0 without the length, in 4 or 32 interleaved states: the only forms that are written or
// read, of the many that the library knows.
constexpr int kRans4 = RANS_ORDER_NOSZ;
constexpr int kRans32 = RANS_ORDER_NOSZ | RANS_ORDER_X32;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

bool Pays(size_t stored, size_t plain) { return stored < plain - plain / 32; }

size_t ZstdInto(ByteView plain, Bytes& out) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  out.resize(ZSTD_compressBound(plain.size()));
  const size_t size = ZSTD_compressCCtx(context.get(), out.data(), out.size(), plain.data(),
                                        plain.size(), kZstdLevel);
  return ZSTD_isError(size) ? plain.size() : size;
}

void AppendRaw(ByteView symbols, Bytes& out) {
  out.push_back(static_cast<char>(Method::kRaw));
  out.append(symbols);
}

void AppendSized(Method method, ByteView payload, Bytes& out) {
  out.push_back(static_cast<char>(method));
  AppendU32Le(out, static_cast<uint32_t>(payload.size()));
  out.append(payload);
}

// Whether matches help: a sample from the middle is much smaller than its symbols' entropy.
bool HasRepetition(ByteView symbols) {
  const ByteView sample = symbols.substr((symbols.size() - std::min(symbols.size(), kSample)) / 2,
                                         std::min(symbols.size(), kSample));
  std::array<uint32_t, 256> counts{};
  CountSymbols(sample, counts);
  Bytes out;
  return static_cast<double>(ZstdInto(sample, out)) < 0.9 * EntropyBytes(counts);
}

// Noise, as a look at some places spread over the symbols tells: their entropy is so near 8 bits
// that nobody need count the others.
bool LooksRandom(ByteView symbols) {
  constexpr size_t kPlaces = 16;
  if (symbols.size() < 4 * kSample) return false;
  std::array<uint32_t, 256> counts{};
  for (size_t place = 0; place < kPlaces; ++place) {
    CountSymbols(symbols.substr(place * (symbols.size() / kPlaces), kSample / kPlaces), counts);
  }
  return EntropyBytes(counts) > 0.99 * kSample;
}

bool AppendRans(ByteView symbols, Bytes& out) {
  const auto size = static_cast<unsigned>(symbols.size());
  Bytes coded(rans_compress_bound_4x16(size, kRans32), '\0');
  auto coded_size = static_cast<unsigned>(coded.size());
  // The library does not write to its input.
  auto* const in = reinterpret_cast<unsigned char*>(const_cast<char*>(symbols.data()));
  if (rans_compress_to_4x16(in, size, reinterpret_cast<unsigned char*>(coded.data()), &coded_size,
                            kRans32) == nullptr ||
      (coded[0] != kRans4 && coded[0] != kRans32) || coded_size >= symbols.size()) {
    return false;
  }
  AppendSized(Method::kRans, ByteView(coded).substr(0, coded_size), out);
  return true;
}

absl::Status Broken() { return absl::DataLossError("an encoded chunk is damaged"); }

absl::Status Unrans(ByteView in, std::span<char> symbols) {
  if (in.empty() || (in[0] != kRans4 && in[0] != kRans32)) return Broken();
  auto size = static_cast<unsigned>(symbols.size());
  auto* const from = reinterpret_cast<unsigned char*>(const_cast<char*>(in.data()));
  auto* const to = reinterpret_cast<unsigned char*>(symbols.data());
  const auto* const done =
      rans_uncompress_to_4x16(from, static_cast<unsigned>(in.size()), to, &size);
  return done == to && size == symbols.size() ? absl::OkStatus() : Broken();
}

}  // namespace

double EntropyBytes(std::span<const uint32_t, 256> counts) {
  double total = 0, weighted = 0;
  for (const uint32_t count : counts) {
    if (count == 0) continue;
    total += count;
    weighted += count * std::log2(count);
  }
  return total == 0 ? 0 : (total * std::log2(total) - weighted) / 8;
}

void CountSymbols(ByteView symbols, std::span<uint32_t, 256> counts) {
  // Several tables: runs of one symbol would wait for each other in one.
  std::array<std::array<uint32_t, 256>, 4> parts{};
  size_t i = 0;
  for (; i + 4 <= symbols.size(); i += 4) {
    for (size_t k = 0; k < 4; ++k) ++parts[k][static_cast<unsigned char>(symbols[i + k])];
  }
  for (; i < symbols.size(); ++i) ++parts[0][static_cast<unsigned char>(symbols[i])];
  for (size_t s = 0; s < 256; ++s)
    counts[s] += parts[0][s] + parts[1][s] + parts[2][s] + parts[3][s];
}

void AppendFrame(ByteView symbols, Bytes& out) {
  if (!symbols.empty() && symbols.find_first_not_of(symbols[0]) == ByteView::npos) {
    out.push_back(static_cast<char>(Method::kConstant));
    out.push_back(symbols[0]);
    return;
  }
  if (symbols.size() < kMinRans) return AppendRaw(symbols, out);
  const bool has_repetition = HasRepetition(symbols);
  if (!has_repetition && LooksRandom(symbols)) return AppendRaw(symbols, out);
  std::array<uint32_t, 256> counts{};
  CountSymbols(symbols, counts);
  if (has_repetition) {
    Bytes compressed;
    const size_t size = ZstdInto(symbols, compressed);
    if (static_cast<double>(size) < EntropyBytes(counts) && Pays(size, symbols.size())) {
      return AppendSized(Method::kZstd, ByteView(compressed).substr(0, size), out);
    }
  }
  const bool pays = Pays(static_cast<size_t>(EntropyBytes(counts)), symbols.size());
  if (!pays || !AppendRans(symbols, out)) AppendRaw(symbols, out);
}

absl::Status TakeFrame(ByteView& in, std::span<char> symbols) {
  if (in.empty()) return Broken();
  const auto method = static_cast<Method>(in[0]);
  in.remove_prefix(1);
  if (method == Method::kConstant) {
    if (in.empty()) return Broken();
    std::memset(symbols.data(), in[0], symbols.size());
    in.remove_prefix(1);
    return absl::OkStatus();
  }
  size_t size = symbols.size();
  if (method != Method::kRaw) {
    if (in.size() < 4) return Broken();
    size = ReadU32Le(in);
    in.remove_prefix(4);
  }
  if (in.size() < size) return Broken();
  const ByteView payload = in.substr(0, size);
  in.remove_prefix(size);
  switch (method) {
    case Method::kRaw:
      std::copy(payload.begin(), payload.end(), symbols.begin());
      return absl::OkStatus();
    case Method::kZstd:
      return DecompressZstd(payload, symbols);
    case Method::kRans:
      return Unrans(payload, symbols);
    case Method::kConstant:
      break;
  }
  return Broken();
}

Bytes CompressZstd(ByteView plain) {
  Bytes out;
  const size_t size = ZstdInto(plain, out);
  if (!Pays(size, plain.size())) return {};
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

absl::Status DecompressZstd(ByteView in, std::span<char> plain) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  const size_t size =
      ZSTD_decompressDCtx(context.get(), plain.data(), plain.size(), in.data(), in.size());
  return ZSTD_isError(size) || size != plain.size() ? Broken() : absl::OkStatus();
}

}  // namespace mreg::encoding
