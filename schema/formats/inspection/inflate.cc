#include "schema/formats/inspection/inflate.h"

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "schema/base/status.h"

namespace mreg::formats {
namespace {

constexpr size_t kWindow = 64 << 10;
constexpr uint64_t kMemory = 64 << 20;

// One library's stream. Step takes input and gives output; both views are moved on.
class Decoder {
 public:
  enum class Outcome { kMore, kEnd, kBroken };
  virtual ~Decoder() = default;
  virtual Outcome Step(ByteView& input, std::span<char>& output) = 0;
  // Begins anew for the stream that follows; false if none may follow.
  virtual bool Restart() = 0;
};

class ZlibDecoder final : public Decoder {
 public:
  explicit ZlibDecoder(Compression compression) : compression_(compression) { Begin(); }
  ~ZlibDecoder() override { inflateEnd(&stream_); }

  Outcome Step(ByteView& input, std::span<char>& output) override {
    if (!is_open_) return Outcome::kBroken;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = static_cast<uInt>(output.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    input = input.substr(input.size() - stream_.avail_in);
    output = output.last(stream_.avail_out);
    if (result == Z_STREAM_END) return Outcome::kEnd;
    return result == Z_OK || result == Z_BUF_ERROR ? Outcome::kMore : Outcome::kBroken;
  }

  bool Restart() override {
    if (compression_ != Compression::kGzip) return false;
    inflateEnd(&stream_);
    Begin();
    return is_open_;
  }

 private:
  void Begin() {
    const int bits = compression_ == Compression::kDeflate ? -MAX_WBITS
                     : compression_ == Compression::kGzip  ? MAX_WBITS + 16
                                                           : MAX_WBITS;
    stream_ = {};
    is_open_ = inflateInit2(&stream_, bits) == Z_OK;
  }

  const Compression compression_;
  z_stream stream_{};
  bool is_open_ = false;
};

class Bzip2Decoder final : public Decoder {
 public:
  Bzip2Decoder() { Begin(); }
  ~Bzip2Decoder() override { BZ2_bzDecompressEnd(&stream_); }

  Outcome Step(ByteView& input, std::span<char>& output) override {
    stream_.next_in = const_cast<char*>(input.data());
    stream_.avail_in = static_cast<unsigned>(input.size());
    stream_.next_out = output.data();
    stream_.avail_out = static_cast<unsigned>(output.size());
    const int result = BZ2_bzDecompress(&stream_);
    input = input.substr(input.size() - stream_.avail_in);
    output = output.last(stream_.avail_out);
    if (result == BZ_STREAM_END) return Outcome::kEnd;
    return result == BZ_OK ? Outcome::kMore : Outcome::kBroken;
  }

  bool Restart() override {
    BZ2_bzDecompressEnd(&stream_);
    return Begin();
  }

 private:
  bool Begin() {
    stream_ = {};
    return BZ2_bzDecompressInit(&stream_, /*verbosity=*/0, /*small=*/0) == BZ_OK;
  }

  bz_stream stream_{};
};

class LzmaDecoder final : public Decoder {
 public:
  explicit LzmaDecoder(Compression compression) : compression_(compression), is_open_(Begin()) {}
  ~LzmaDecoder() override { lzma_end(&stream_); }

  Outcome Step(ByteView& input, std::span<char>& output) override {
    if (!is_open_) return Outcome::kBroken;
    stream_.next_in = reinterpret_cast<const uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(output.data());
    stream_.avail_out = output.size();
    const lzma_ret result = lzma_code(&stream_, LZMA_RUN);
    input = input.substr(input.size() - stream_.avail_in);
    output = output.last(stream_.avail_out);
    if (result == LZMA_STREAM_END) return Outcome::kEnd;
    return result == LZMA_OK || result == LZMA_BUF_ERROR ? Outcome::kMore : Outcome::kBroken;
  }

  bool Restart() override {
    if (compression_ != Compression::kXz) return false;
    lzma_end(&stream_);
    is_open_ = Begin();
    return is_open_;
  }

 private:
  bool Begin() {
    stream_ = LZMA_STREAM_INIT;
    return (compression_ == Compression::kXz ? lzma_stream_decoder(&stream_, kMemory, 0)
                                             : lzma_alone_decoder(&stream_, kMemory)) == LZMA_OK;
  }

  const Compression compression_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool is_open_;
};

class Lz4Decoder final : public Decoder {
 public:
  Lz4Decoder() {
    LZ4F_dctx* context = nullptr;
    if (!LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
      context_.reset(context);
    }
  }

  Outcome Step(ByteView& input, std::span<char>& output) override {
    if (!context_) return Outcome::kBroken;
    size_t taken = input.size(), given = output.size();
    const size_t result =
        LZ4F_decompress(context_.get(), output.data(), &given, input.data(), &taken, nullptr);
    if (LZ4F_isError(result)) return Outcome::kBroken;
    input.remove_prefix(taken);
    output = output.subspan(given);
    return result == 0 ? Outcome::kEnd : Outcome::kMore;
  }

  bool Restart() override { return true; }  // it does so by itself

 private:
  struct Free {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
  };
  std::unique_ptr<LZ4F_dctx, Free> context_;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    if (context_) ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 26);
  }

  Outcome Step(ByteView& input, std::span<char>& output) override {
    if (!context_) return Outcome::kBroken;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const size_t result = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(result)) return Outcome::kBroken;
    input.remove_prefix(in.pos);
    output = output.subspan(out.pos);
    return result == 0 ? Outcome::kEnd : Outcome::kMore;
  }

  bool Restart() override { return true; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_;
};

std::unique_ptr<Decoder> MakeDecoder(Compression compression) {
  switch (compression) {
    case Compression::kDeflate:
    case Compression::kZlib:
    case Compression::kGzip:
      return std::make_unique<ZlibDecoder>(compression);
    case Compression::kBzip2:
      return std::make_unique<Bzip2Decoder>();
    case Compression::kXz:
    case Compression::kLzma:
      return std::make_unique<LzmaDecoder>(compression);
    case Compression::kLz4:
      return std::make_unique<Lz4Decoder>();
    case Compression::kZstd:
      break;
  }
  return std::make_unique<ZstdDecoder>();
}

// Appends what the decoder gives, until something ends.
class Inflater {
 public:
  Inflater(const ReadableFile& file, uint64_t offset, Compression compression, uint64_t limit)
      : file_(file),
        begin_(offset),
        next_(offset),
        limit_(limit),
        decoder_(MakeDecoder(compression)),
        window_(kWindow),
        output_(kWindow) {}

  absl::StatusOr<Inflated> Run() {
    bool is_between = false;  // the streams
    while (true) {
      if (input_.empty()) MREG_RETURN_IF_ERROR(Load());
      if (input_.empty() && is_between) return Finish(InflateEnd::kWhole);
      if (is_between && !decoder_->Restart()) return Finish(InflateEnd::kWhole);
      const size_t had = input_.size();
      std::span<char> room = output_;
      const Decoder::Outcome outcome = decoder_->Step(input_, room);
      const size_t given = output_.size() - room.size();
      result_.bytes.append(output_.data(),
                           std::min<uint64_t>(given, limit_ - result_.bytes.size()));
      // What follows the last stream need not be one.
      if (outcome == Decoder::Outcome::kBroken) {
        return Finish(is_between ? InflateEnd::kWhole : InflateEnd::kBroken);
      }
      if (result_.bytes.size() >= limit_) return Finish(InflateEnd::kLimit);
      const bool is_stuck = had == input_.size() && given == 0;
      is_between = outcome == Decoder::Outcome::kEnd;
      if (is_stuck && !is_between) return Finish(InflateEnd::kBroken);
    }
  }

 private:
  absl::Status Load() {
    MREG_ASSIGN_OR_RETURN(const size_t got, file_.ReadAt(next_, window_));
    input_ = ByteView(window_.data(), got);
    next_ += got;
    return absl::OkStatus();
  }

  Inflated Finish(InflateEnd end) {
    result_.end = end;
    result_.consumed = next_ - begin_ - input_.size();
    return std::move(result_);
  }

  const ReadableFile& file_;
  const uint64_t begin_;
  uint64_t next_;
  const uint64_t limit_;
  const std::unique_ptr<Decoder> decoder_;
  std::vector<char> window_;
  std::vector<char> output_;
  ByteView input_;
  Inflated result_;
};

// The format has no magic number: properties as every tool writes them, the dictionary's size, and
// eight bytes for the content's size, unknown or below a terabyte.
bool IsLzmaHeader(ByteView head) {
  using namespace std::string_view_literals;
  if (head.size() < 13 || !head.starts_with("\x5d\0"sv)) return false;
  const ByteView size = head.substr(5, 8);
  return size == "\xff\xff\xff\xff\xff\xff\xff\xff"sv || size.ends_with("\0\0\0"sv);
}

bool IsZlibHeader(ByteView head) {
  const auto first = static_cast<uint8_t>(head[0]);
  const auto second = static_cast<uint8_t>(head[1]);
  return first == 0x78 && (first * 256 + second) % 31 == 0 && (second & 0x20) == 0;
}

}  // namespace

std::optional<Compression> CompressionOf(ByteView head) {
  using namespace std::string_view_literals;
  if (head.size() < 4) return std::nullopt;
  if (head.starts_with("\x1f\x8b"sv)) return Compression::kGzip;
  if (head.starts_with("BZh")) return Compression::kBzip2;
  if (head.starts_with("\xfd"sv
                       "7zXZ\0"sv))
    return Compression::kXz;
  if (IsLzmaHeader(head)) return Compression::kLzma;
  if (head.starts_with("\x04\x22\x4d\x18"sv)) return Compression::kLz4;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return Compression::kZstd;
  if (IsZlibHeader(head)) return Compression::kZlib;
  return std::nullopt;
}

absl::StatusOr<Inflated> Inflate(const ReadableFile& file, uint64_t offset, Compression compression,
                                 uint64_t limit) {
  return Inflater(file, offset, compression, limit).Run();
}

uint32_t Crc32(uint32_t crc, ByteView bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace mreg::formats
