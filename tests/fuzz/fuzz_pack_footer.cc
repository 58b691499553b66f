// Any bytes as a pack's footer, under the name that its hash gives it: refused, or chunks that lie
// one behind the other in what precedes the footer, none of which is larger than a chunk may be.
// And any bytes as a whole pack.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "schema/base/coding.h"
#include "schema/base/sha256.h"
#include "storage/content/pack.h"
#include "storage/content/record_stream.h"

namespace {

using mreg::Bytes;
using mreg::ByteView;
using mreg::PackId;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Ends with `tail`; before it lie as many zero bytes as its size says.
class OnePack final : public mreg::content::PackStore {
 public:
  OnePack(uint64_t size, ByteView tail) : size_(size), tail_(tail) {}

  absl::Status ReadAt(const PackId&, uint64_t offset, std::span<char> buffer) const override {
    Require(offset <= size_ && buffer.size() <= size_ - offset);
    const uint64_t zeros = size_ - tail_.size();
    for (char& byte : buffer) {
      byte = offset < zeros ? '\0' : tail_[offset - zeros];
      ++offset;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<mreg::content::PackUpload>> Begin() override { return No(); }
  absl::StatusOr<std::vector<mreg::content::PackInfo>> List() const override { return No(); }
  absl::Status Remove(const PackId&) override { return No(); }
  absl::Status RecoverUploads(
      const std::function<absl::Status(const mreg::ReadableFile&)>&) override {
    return No();
  }

 private:
  static absl::Status No() { return absl::UnimplementedError("not for this"); }

  const uint64_t size_;
  const ByteView tail_;
};

PackId NameOf(ByteView footer) {
  return *PackId::FromBytes(ByteView(mreg::Sha256Of(footer)).substr(0, PackId::kBytes));
}

void ReadFooter(uint64_t records_bytes, ByteView footer) {
  Bytes tail(footer);
  mreg::AppendU64Le(tail, footer.size());
  tail.append(NameOf(footer).bytes()).append("MREGFOOT");
  const OnePack pack(records_bytes + tail.size(), tail);
  const auto chunks = ReadPackFooter(pack, {NameOf(footer), records_bytes + tail.size(), {}});
  if (!chunks.ok()) return;
  uint64_t end = mreg::content::kStreamHeaderBytes;
  for (const auto& [id, place] : *chunks) {
    Require(place.bases.size() <= mreg::content::kMaxBases);
    Require(place.plain_length <= mreg::content::kMaxChunkBytes);
    Require(place.stored_length <= mreg::content::kMaxChunkBytes);
    const uint64_t header =
        mreg::content::kRecordHeaderBytes + place.bases.size() * mreg::ChunkId::kBytes;
    Require(place.offset == end + header);
    end = uint64_t{place.offset} + place.stored_length;
    Require(end <= records_bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView in(reinterpret_cast<const char*>(data), size);
  if (in.size() < 8) return 0;
  // Up to 16 GiB, which is more than a place can say.
  ReadFooter(mreg::ReadU64Le(in) >> 30, in.substr(8));
  const OnePack pack(in.size(), in);
  ReadPackFooter(pack, {NameOf(in), in.size(), {}}).IgnoreError();
  return 0;
}
