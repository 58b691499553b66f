#include "schema/base/part_hasher.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "schema/base/sha256.h"
#include "schema/base/sha256_blocks.h"

namespace mreg {
namespace {

using sha256_blocks::Compress;
using sha256_blocks::CompressTwo;
using sha256_blocks::kBlockBytes;

// A message that is being hashed: whole blocks go into the state, what is left waits.
struct Message {
  sha256_blocks::State state = sha256_blocks::InitialState();
  std::array<char, kBlockBytes> waiting;
  size_t waiting_bytes = 0;
  uint64_t length = 0;  // bytes, all of them

  // Takes of `data` what completes the block that waits.
  void CompleteBlock(ByteView& data) {
    if (waiting_bytes == 0) return;
    const size_t take = std::min(kBlockBytes - waiting_bytes, data.size());
    std::memcpy(waiting.data() + waiting_bytes, data.data(), take);
    waiting_bytes += take;
    length += take;
    data.remove_prefix(take);
    if (waiting_bytes < kBlockBytes) return;
    Compress(state, waiting.data(), 1);
    waiting_bytes = 0;
  }

  void Skip(ByteView& data, size_t blocks) {
    length += blocks * kBlockBytes;
    data.remove_prefix(blocks * kBlockBytes);
  }

  void Update(ByteView data) {
    CompleteBlock(data);
    if (data.empty()) return;
    const size_t blocks = data.size() / kBlockBytes;
    Compress(state, data.data(), blocks);
    Skip(data, blocks);
    std::memcpy(waiting.data(), data.data(), data.size());
    waiting_bytes = data.size();
    length += data.size();
  }

  // FIPS 180-4, 5.1.1: a 1 bit, zeros, and the length in bits, big-endian, at a block's end.
  Bytes Finish() {
    const uint64_t bits = 8 * length;
    std::array<char, 2 * kBlockBytes> padding{};
    padding[0] = static_cast<char>(0x80);
    const size_t size = kBlockBytes - waiting_bytes + (waiting_bytes < 56 ? 0 : kBlockBytes);
    for (size_t i = 0; i < 8; ++i) padding[size - 8 + i] = static_cast<char>(bits >> (56 - 8 * i));
    Update(ByteView(padding.data(), size));
    Bytes digest;
    for (const uint32_t word : state) {
      for (int shift = 24; shift >= 0; shift -= 8) {
        digest.push_back(static_cast<char>(word >> shift));
      }
    }
    return digest;
  }
};

}  // namespace

class PartHasher::Impl {
 public:
  virtual ~Impl() = default;
  virtual void Update(ByteView data) = 0;
  virtual Bytes UpdateWithPart(ByteView part) = 0;
  virtual Bytes Finish() = 0;
};

class PartHasher::WithInstructions final : public Impl {
 public:
  void Update(ByteView data) override { whole_.Update(data); }

  Bytes UpdateWithPart(ByteView data) override {
    Message part;
    ByteView rest_of_whole = data;  // behind `data` by what completes a block there
    whole_.CompleteBlock(rest_of_whole);
    const size_t blocks = rest_of_whole.size() / kBlockBytes;
    CompressTwo(whole_.state, rest_of_whole.data(), part.state, data.data(), blocks);
    whole_.Skip(rest_of_whole, blocks);
    part.Skip(data, blocks);
    whole_.Update(rest_of_whole);
    part.Update(data);
    return part.Finish();
  }

  Bytes Finish() override {
    Bytes digest = whole_.Finish();
    whole_ = Message();
    return digest;
  }

 private:
  Message whole_;
};

class PartHasher::WithOpenSsl final : public Impl {
 public:
  void Update(ByteView data) override { whole_.Update(data); }
  Bytes UpdateWithPart(ByteView part) override {
    whole_.Update(part);
    return Sha256Of(part);
  }
  Bytes Finish() override { return whole_.Finish(); }

 private:
  Sha256 whole_;
};

PartHasher::PartHasher(With with) {
  if (with == With::kBest && sha256_blocks::IsSupported()) {
    impl_ = std::make_unique<WithInstructions>();
  } else {
    impl_ = std::make_unique<WithOpenSsl>();
  }
}
PartHasher::~PartHasher() = default;
PartHasher::PartHasher(PartHasher&&) noexcept = default;
PartHasher& PartHasher::operator=(PartHasher&&) noexcept = default;

void PartHasher::Update(ByteView data) { impl_->Update(data); }
Bytes PartHasher::UpdateWithPart(ByteView part) { return impl_->UpdateWithPart(part); }
Bytes PartHasher::Finish() { return impl_->Finish(); }

}  // namespace mreg
