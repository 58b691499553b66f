#include "storage/content/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "schema/base/sha256.h"
#include "schema/base/status.h"
#include "storage/content/encoding/difference.h"
#include "storage/content/encoding/frame.h"
#include "storage/content/encoding/planes.h"
#include "storage/content/encoding/prediction.h"
#include "storage/content/encoding/transposition.h"

namespace mreg::content {
namespace {

constexpr size_t kSampleBytes = 32 << 10;
constexpr size_t kHeadroom = 1 << 10;  // for what an encoding adds to bytes that it cannot shorten

// Two chunks have to be alike here for a difference to be worth trying; where they are very much
// so, planes are not worth trying.
constexpr size_t kLikenessBytes = 16 << 10;
constexpr double kUnlike = 0.97;
constexpr double kAlike = 0.85;
// Where a difference needs more than this the floats may be those of the base on a grid.
constexpr double kNearlySame = 0.3;

// In place of the rule of what is transposed and nothing else.
constexpr char kNoRule = 0;

// A look at the middle tells compressible bytes from incompressible ones.
bool SampleCompresses(ByteView plain) {
  if (plain.size() < 4 * kSampleBytes) return true;
  return !encoding::CompressZstd(plain.substr(plain.size() / 2, kSampleBytes)).empty();
}

bool Pays(size_t stored, size_t plain) { return stored < plain - plain / 32; }

absl::Status Damaged(const ChunkId& id, std::string_view what) {
  return absl::DataLossError(fmt::format("chunk {} {}", id.ToShortHex(), what));
}

// The form without a base, "" where raw is best.
std::pair<Encoding, Bytes> EncodeAlone(ByteView plain, onnx::DataType type) {
  if (const auto element = encoding::ElementOf(type); element && element->width > 1) {
    Bytes payload;
    payload.reserve(plain.size() + kHeadroom);
    payload.push_back(static_cast<char>(type));
    if (plain.size() >= 4 * kSampleBytes) {
      encoding::AppendPlanes(plain.substr(plain.size() / 2, kSampleBytes), *element, payload);
      if (!Pays(payload.size(), kSampleBytes)) return {Encoding::kRaw, ""};
      payload.resize(1);
    }
    encoding::AppendPlanes(plain, *element, payload);
    if (Pays(payload.size(), plain.size())) return {Encoding::kPlanes, std::move(payload)};
    return {Encoding::kRaw, ""};
  }
  if (!SampleCompresses(plain)) return {Encoding::kRaw, ""};
  return {Encoding::kZstd, encoding::CompressZstd(plain)};
}

// What a difference needs by what planes need, at the beginning: it will be much the same
// elsewhere.
double Likeness(ByteView plain, ByteView base, const encoding::Element& element) {
  const ByteView head = plain.substr(0, kLikenessBytes);
  Bytes difference, planes;
  encoding::AppendDifference(head, base.substr(0, kLikenessBytes), element, difference);
  encoding::AppendPlanes(head, element, planes);
  return static_cast<double>(difference.size()) / static_cast<double>(planes.size());
}

// Takes off the front of `in` how elements of `type` follow from `base`: as many as there are, or
// as the chunk has.
absl::StatusOr<Bytes> TakePrediction(ByteView& in, ByteView base, onnx::DataType type,
                                     size_t plain_length) {
  Bytes turned;
  onnx::DataType from = 0;
  if (encoding::HasTransposition(in)) {
    MREG_ASSIGN_OR_RETURN(const auto turn, encoding::TakeTransposition(in, base.size()));
    turned = Transpose(base, turn, encoding::CountElements(type, plain_length));
    base = turned, from = turn.type;
    if (from == type && in.starts_with(kNoRule)) {
      in.remove_prefix(1);
      return turned;
    }
  }
  MREG_ASSIGN_OR_RETURN(const auto rule, encoding::TakeRule(in, plain_length, base.size()));
  if (rule.to != type || (from != 0 && rule.from != from)) {
    return absl::DataLossError("a rule for another type");
  }
  return encoding::Predict(base, rule);
}

// Payloads begin with the type of their elements.
absl::StatusOr<Bytes> DecodeElements(const StoredChunk& chunk, ByteView base) {
  const auto element = encoding::ElementOf(TypeOf(chunk));
  if (!element) return Damaged(chunk.id, "has elements of an unknown type");
  ByteView in = ByteView(chunk.payload).substr(1);
  Bytes plain(chunk.plain_length, '\0');
  Bytes predicted;
  if (chunk.encoding == Encoding::kComputed) {
    auto taken = TakePrediction(in, base, TypeOf(chunk), chunk.plain_length);
    if (!taken.ok()) return Damaged(chunk.id, "is computed by an unknown rule");
    predicted = *std::move(taken);
    base = predicted;
  }
  const absl::Status status = chunk.encoding == Encoding::kPlanes
                                  ? encoding::TakePlanes(in, *element, plain)
                                  : encoding::TakeDifference(in, base, *element, plain);
  if (!status.ok() || !in.empty()) return Damaged(chunk.id, "does not decode");
  return plain;
}

// What a chunk can be a difference to.
struct Prediction {
  Encoding encoding = Encoding::kDifference;
  Bytes rule;       // that the payload begins with, behind the type
  Bytes predicted;  // by it, as a reader will have it
  double likeness = 0;

  ByteView Of(const Base& base) const {
    return encoding == Encoding::kComputed ? ByteView(predicted) : ByteView(base.plain);
  }
};

std::optional<Prediction> PredictBy(const std::optional<encoding::Rule>& rule, ByteView plain,
                                    ByteView base, const encoding::Element& element) {
  if (!rule) return std::nullopt;
  Prediction prediction{Encoding::kComputed, {}, {}};
  encoding::AppendRule(*rule, prediction.rule);
  ByteView written = prediction.rule;
  const auto read = encoding::TakeRule(written, plain.size(), base.size());
  if (!read.ok()) return std::nullopt;
  prediction.predicted = encoding::Predict(base, *read);
  prediction.likeness = Likeness(plain, prediction.predicted, element);
  return prediction;
}

std::optional<Prediction> PredictFrom(const Base& base, ByteView plain, onnx::DataType type,
                                      const Place& place, const encoding::Element& element);

// From the base the other way round as from any other.
std::optional<Prediction> PredictTurned(const Base& base, ByteView plain, onnx::DataType type,
                                        const Place& place, const encoding::Element& element) {
  const auto turn = encoding::TranspositionTo(place.dims, place.first, base.plain, base.type);
  if (!turn) return std::nullopt;
  Base turned{
      {}, base.type, Transpose(base.plain, *turn, encoding::CountElements(type, plain.size()))};
  auto prediction = PredictFrom(turned, plain, type, place, element);
  if (!prediction) return std::nullopt;
  Bytes rule;
  encoding::AppendTransposition(*turn, rule);
  if (prediction->encoding == Encoding::kDifference) {
    prediction->encoding = Encoding::kComputed;
    prediction->predicted = std::move(turned.plain);
    prediction->rule.push_back(kNoRule);
  }
  prediction->rule.insert(0, rule);
  return prediction;
}

// The best that `base` is good for.
std::optional<Prediction> PredictFrom(const Base& base, ByteView plain, onnx::DataType type,
                                      const Place& place, const encoding::Element& element) {
  if (base.is_transposed) return PredictTurned(base, plain, type, place, element);
  const encoding::Place at{place.dims, place.first, base.skip};
  std::optional<Prediction> best;
  if (base.type != type) {
    best = PredictBy(encoding::FindRule(plain, type, base.plain, base.type, at), plain, base.plain,
                     element);
  } else if (base.ids.size() <= 1 && base.skip == 0) {
    best.emplace().likeness = Likeness(plain, base.plain, element);
  }
  if (best && best->likeness < kNearlySame) return best;
  auto grid = PredictBy(encoding::FindGrid(plain, type, base.plain, base.type, at), plain,
                        base.plain, element);
  return grid && (!best || grid->likeness < best->likeness) ? std::move(grid) : std::move(best);
}

}  // namespace

StoredChunk Encode(const ChunkId& id, Bytes plain, onnx::DataType type) {
  StoredChunk chunk;
  chunk.id = id;
  chunk.plain_length = static_cast<uint32_t>(plain.size());
  std::tie(chunk.encoding, chunk.payload) = EncodeAlone(plain, type);
  if (chunk.payload.empty()) {
    chunk.encoding = Encoding::kRaw;
    chunk.payload = std::move(plain);
  }
  return chunk;
}

StoredChunk EncodeBeside(const ChunkId& id, Bytes plain, onnx::DataType type, const Base& base,
                         const Place& place) {
  const auto element = encoding::ElementOf(type);
  if (!element || base.ids.size() > kMaxBases) return Encode(id, std::move(plain), type);
  const auto prediction = PredictFrom(base, plain, type, place, *element);
  if (!prediction || prediction->likeness > kUnlike) return Encode(id, std::move(plain), type);
  StoredChunk chunk;
  chunk.id = id;
  chunk.encoding = prediction->encoding;
  chunk.plain_length = static_cast<uint32_t>(plain.size());
  chunk.bases = base.ids;
  chunk.payload.reserve(plain.size() + kHeadroom);
  chunk.payload.push_back(static_cast<char>(type));
  chunk.payload += prediction->rule;
  encoding::AppendDifference(plain, prediction->Of(base), *element, chunk.payload);
  if (prediction->likeness < kAlike) return chunk;
  StoredChunk alone = Encode(id, std::move(plain), type);
  return chunk.payload.size() < alone.payload.size() - alone.payload.size() / 32 ? std::move(chunk)
                                                                                 : std::move(alone);
}

onnx::DataType TypeOf(const StoredChunk& chunk) {
  const bool tells = chunk.encoding != Encoding::kRaw && chunk.encoding != Encoding::kZstd;
  return tells && !chunk.payload.empty() ? static_cast<unsigned char>(chunk.payload[0]) : 0;
}

absl::StatusOr<Source> SourceOf(const StoredChunk& chunk) {
  if (chunk.encoding != Encoding::kComputed || chunk.payload.empty()) {
    return Damaged(chunk.id, "is not computed");
  }
  ByteView in = ByteView(chunk.payload).substr(1);
  if (encoding::HasTransposition(in)) {
    constexpr size_t kAny = std::numeric_limits<size_t>::max() / 16;
    MREG_ASSIGN_OR_RETURN(const auto turn, encoding::TakeTransposition(in, kAny));
    return Source{turn.type, 0, true};
  }
  MREG_ASSIGN_OR_RETURN(const auto rule, encoding::TakeRuleHead(in));
  return Source{rule.from, rule.skip};
}

absl::StatusOr<ByteView> ViewUnverified(const StoredChunk& chunk, ByteView base, Bytes& room) {
  if (chunk.plain_length > kMaxChunkBytes) {
    return Damaged(chunk.id,
                   fmt::format("claims {} bytes, more than any chunk has", chunk.plain_length));
  }
  switch (chunk.encoding) {
    case Encoding::kRaw:
      if (chunk.payload.size() != chunk.plain_length) {
        return Damaged(chunk.id, "has a wrong length");
      }
      return chunk.payload;
    case Encoding::kZstd:
      room.resize(chunk.plain_length);
      if (!encoding::DecompressZstd(chunk.payload, room).ok()) {
        return Damaged(chunk.id, "does not decompress");
      }
      return room;
    case Encoding::kPlanes:
    case Encoding::kDifference:
    case Encoding::kComputed: {
      MREG_ASSIGN_OR_RETURN(room, DecodeElements(chunk, base));
      return room;
    }
  }
  return Damaged(chunk.id,
                 fmt::format("has the unknown encoding {}", static_cast<int>(chunk.encoding)));
}

absl::StatusOr<Bytes> DecodeUnverified(StoredChunk chunk, ByteView base) {
  Bytes decoded;
  MREG_RETURN_IF_ERROR(ViewUnverified(chunk, base, decoded).status());
  return chunk.encoding == Encoding::kRaw ? std::move(chunk.payload) : std::move(decoded);
}

absl::StatusOr<Bytes> Decode(StoredChunk chunk, ByteView base) {
  const ChunkId id = chunk.id;
  MREG_ASSIGN_OR_RETURN(Bytes plain, DecodeUnverified(std::move(chunk), base));
  MREG_RETURN_IF_ERROR(CheckDigest(id, Sha256Of(plain)));
  return plain;
}

absl::Status Verify(const StoredChunk& chunk, ByteView base) {
  Bytes decoded;
  MREG_ASSIGN_OR_RETURN(const ByteView plain, ViewUnverified(chunk, base, decoded));
  return CheckDigest(chunk.id, Sha256Of(plain));
}

absl::Status CheckDigest(const ChunkId& id, ByteView digest) {
  if (digest == id.bytes()) return absl::OkStatus();
  return Damaged(id, "is damaged: its bytes have another hash");
}

}  // namespace mreg::content
