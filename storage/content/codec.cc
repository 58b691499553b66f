#include "storage/content/codec.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "schema/base/sha256.h"
#include "schema/base/status.h"

namespace mreg::content {
namespace {

// Level 1: on weights higher levels find nothing more, on graphs little (docs/benchmarks.md).
constexpr int kZstdLevel = 1;
constexpr size_t kSampleBytes = 32 << 10;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

bool Pays(size_t stored, size_t plain) { return stored < plain - plain / 32; }

// Empty if compression fails or does not pay.
Bytes Compress(ByteView plain) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  Bytes out(ZSTD_compressBound(plain.size()), '\0');
  const size_t size = ZSTD_compressCCtx(context.get(), out.data(), out.size(), plain.data(),
                                        plain.size(), kZstdLevel);
  if (ZSTD_isError(size) || !Pays(size, plain.size())) return {};
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

// A look at the middle tells compressible weights from incompressible ones.
bool SampleCompresses(ByteView plain) {
  if (plain.size() < 4 * kSampleBytes) return true;
  return !Compress(plain.substr(plain.size() / 2, kSampleBytes)).empty();
}

absl::StatusOr<Bytes> Decompress(const StoredChunk& chunk) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  Bytes plain(chunk.plain_length, '\0');
  const size_t size = ZSTD_decompressDCtx(context.get(), plain.data(), plain.size(),
                                          chunk.payload.data(), chunk.payload.size());
  if (ZSTD_isError(size) || size != plain.size()) {
    return absl::DataLossError(fmt::format("chunk {} does not decompress", chunk.id.ToShortHex()));
  }
  return plain;
}

absl::Status CheckHash(const ChunkId& id, ByteView plain) {
  if (IdOf<ChunkId>(plain) == id) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("chunk {} is damaged: its bytes have another hash", id.ToShortHex()));
}

}  // namespace

StoredChunk Encode(const ChunkId& id, Bytes plain) {
  StoredChunk chunk;
  chunk.id = id;
  chunk.plain_length = static_cast<uint32_t>(plain.size());
  if (SampleCompresses(plain)) chunk.payload = Compress(plain);
  if (chunk.payload.empty()) {
    chunk.payload = std::move(plain);
  } else {
    chunk.encoding = Encoding::kZstd;
  }
  return chunk;
}

absl::StatusOr<Bytes> DecodeUnverified(StoredChunk chunk) {
  if (chunk.plain_length > kMaxChunkBytes) {
    return absl::DataLossError(fmt::format("chunk {} claims {} bytes, more than any chunk has",
                                           chunk.id.ToShortHex(), chunk.plain_length));
  }
  switch (chunk.encoding) {
    case Encoding::kRaw:
      if (chunk.payload.size() != chunk.plain_length) {
        return absl::DataLossError(
            fmt::format("chunk {} has a wrong length", chunk.id.ToShortHex()));
      }
      return std::move(chunk.payload);
    case Encoding::kZstd:
      return Decompress(chunk);
  }
  return absl::DataLossError(fmt::format("chunk {} has the unknown encoding {}",
                                         chunk.id.ToShortHex(), static_cast<int>(chunk.encoding)));
}

absl::StatusOr<Bytes> Decode(StoredChunk chunk) {
  const ChunkId id = chunk.id;
  MREG_ASSIGN_OR_RETURN(Bytes plain, DecodeUnverified(std::move(chunk)));
  MREG_RETURN_IF_ERROR(CheckHash(id, plain));
  return plain;
}

absl::Status Verify(const StoredChunk& chunk) {
  const bool is_plain =
      chunk.encoding == Encoding::kRaw && chunk.payload.size() == chunk.plain_length;
  if (is_plain) return CheckHash(chunk.id, chunk.payload);
  return Decode(chunk).status();
}

}  // namespace mreg::content
