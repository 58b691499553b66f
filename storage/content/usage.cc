#include "storage/content/usage.h"

#include <fmt/format.h>

#include <map>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "schema/base/status.h"
#include "storage/content/pack.h"
#include "storage/content/record_stream.h"

namespace mreg::content {
namespace {

using kv::Table;

std::string NameOf(Encoding encoding) {
  switch (encoding) {
    case Encoding::kRaw:
      return "raw";
    case Encoding::kZstd:
      return "zstd";
    case Encoding::kPlanes:
      return "planes";
    case Encoding::kDifference:
      return "differences";
    case Encoding::kComputed:
      return "computing";
    default:
      return fmt::format("encoding {}", static_cast<int>(encoding));
  }
}

class Meter {
 public:
  explicit Meter(const ContentStore& store) : store_(store) {}

  absl::StatusOr<Usage> Run() {
    MREG_RETURN_IF_ERROR(MeasureFiles());
    MREG_RETURN_IF_ERROR(MeasureChunks());
    MREG_RETURN_IF_ERROR(MeasurePacks());
    return std::move(usage_);
  }

 private:
  absl::Status MeasureFiles() {
    return store_.index().Scan(Table::kRecipes, "", "", [this](ByteView, ByteView row) {
      const auto recipe = ParseRecipe(row);
      if (!recipe.ok()) return true;
      ++usage_.files;
      usage_.file_bytes += recipe->size;
      for (const RecipeChunk& chunk : recipe->chunks) in_files_.insert(chunk.id);
      return true;
    });
  }

  absl::Status MeasureChunks() {
    std::map<Encoding, EncodingUsage> by_encoding;
    uint64_t in_files_bytes = 0;
    MREG_RETURN_IF_ERROR(
        store_.index().Scan(Table::kChunks, "", "", [&](ByteView key, ByteView row) {
          const auto id = ChunkId::FromBytes(key);
          const auto place = DecodePlace(row);
          if (!id.ok() || !place.ok()) return true;
          EncodingUsage& encoding = by_encoding[place->encoding];
          ++encoding.chunks;
          encoding.plain_bytes += place->plain_length;
          encoding.stored_bytes += place->stored_length;
          named_bytes_[place->pack] += kRecordHeaderBytes + place->stored_length;
          (in_files_.contains(*id) ? in_files_bytes : usage_.loose_bytes) += place->plain_length;
          return true;
        }));
    usage_.shared_bytes =
        static_cast<int64_t>(usage_.file_bytes) - static_cast<int64_t>(in_files_bytes);
    for (auto& [encoding, row] : by_encoding) {
      row.name = NameOf(encoding);
      usage_.encodings.push_back(std::move(row));
    }
    return absl::OkStatus();
  }

  absl::Status MeasurePacks() {
    MREG_ASSIGN_OR_RETURN(const auto packs, store_.packs().List());
    for (const PackInfo& pack : packs) {
      ++usage_.packs;
      usage_.pack_bytes += pack.size;
      const auto chunks = ReadPackFooter(store_.packs(), pack);
      if (!chunks.ok()) continue;
      uint64_t all = 0;
      for (const PackedChunk& chunk : *chunks) {
        all += kRecordHeaderBytes + chunk.place.stored_length;
      }
      const uint64_t named = named_bytes_[pack.id];
      usage_.dead_bytes += all - std::min(all, named);
    }
    const uint64_t known = usage_.stored_bytes() + usage_.dead_bytes;
    usage_.overhead_bytes = usage_.pack_bytes - std::min(usage_.pack_bytes, known);
    return absl::OkStatus();
  }

  const ContentStore& store_;
  Usage usage_;
  absl::flat_hash_set<ChunkId> in_files_;
  absl::flat_hash_map<PackId, uint64_t> named_bytes_;
};

uint64_t Sum(const std::vector<EncodingUsage>& rows, uint64_t EncodingUsage::*member) {
  return std::accumulate(rows.begin(), rows.end(), uint64_t{0},
                         [member](uint64_t sum, const auto& row) { return sum + row.*member; });
}

}  // namespace

uint64_t Usage::chunks() const { return Sum(encodings, &EncodingUsage::chunks); }
uint64_t Usage::plain_bytes() const { return Sum(encodings, &EncodingUsage::plain_bytes); }
uint64_t Usage::stored_bytes() const { return Sum(encodings, &EncodingUsage::stored_bytes); }

absl::StatusOr<Usage> MeasureUsage(const ContentStore& store) { return Meter(store).Run(); }

}  // namespace mreg::content
