#include "storage/content/chunk_receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "schema/base/status.h"
#include "storage/content/run_on.h"

namespace mreg::content {
namespace {

constexpr uint64_t kProvingBytes = 24 << 20;
constexpr size_t kAheadRecords = 8;

}  // namespace

ChunkReceiver::ChunkReceiver(ContentStore& store, IngestHook hook, OnProved on_proved,
                             MayUse may_use, std::unique_ptr<ArrivalHasher> files)
    : store_(store),
      on_proved_(std::move(on_proved)),
      may_use_(std::move(may_use)),
      own_files_(std::move(files)),
      files_(own_files_.get()),
      ingest_(store.BeginIngest(std::move(hook))),
      parser_([this](StoredChunk chunk) { return Prove(std::move(chunk)); }) {
  if (files_ != nullptr) hasher_.emplace(1);
}

ChunkReceiver::ChunkReceiver(ContentStore& store, ArrivalHasher& files)
    : store_(store),
      files_(&files),
      ingest_(store.BeginIngest(nullptr)),
      parser_([this](StoredChunk chunk) { return Prove(std::move(chunk)); }) {
  hasher_.emplace(1);
}

ChunkReceiver::~ChunkReceiver() {
  if (!finished_) Finish().IgnoreError();
  for (Proving& proving : proving_) proving.result.wait();
}

absl::Status ChunkReceiver::Write(ByteView data) { return parser_.Feed(data); }

// A base that came in this stream has to be in the index before it can be read.
absl::Status ChunkReceiver::RequireBases(const StoredChunk& chunk) {
  MREG_ASSIGN_OR_RETURN(const auto missing, store_.Missing(chunk.bases));
  const bool is_replaced = std::ranges::any_of(chunk.bases, [&](const ChunkId& base) {
    return damaged_.contains(base) || unflushed_.contains(base);
  });
  if (!missing.empty() || is_replaced) {
    MREG_RETURN_IF_ERROR(Drain());
    MREG_RETURN_IF_ERROR(ingest_->Flush());
    unflushed_.clear();
  }
  MREG_RETURN_IF_ERROR(MakeBasesUsable(chunk));
  if (!may_use_) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const bool may_use, may_use_(chunk.bases));
  if (may_use) return absl::OkStatus();
  return absl::NotFoundError(
      fmt::format("the base of chunk {} has not been sent", chunk.id.ToShortHex()));
}

// The sender does not know that we have a base of its as a difference: having sent it whole, it may
// count on it.
absl::Status ChunkReceiver::MakeBasesUsable(const StoredChunk& chunk) {
  MREG_ASSIGN_OR_RETURN(const auto usable, store_.UsableBases(chunk.bases));
  if (usable.size() == chunk.bases.size()) return absl::OkStatus();
  MREG_RETURN_IF_ERROR(Drain());
  for (const ChunkId& base : chunk.bases) {
    if (came_whole_.erase(base) == 0) continue;
    MREG_ASSIGN_OR_RETURN(const StoredChunk stored, store_.GetStored(base));
    MREG_ASSIGN_OR_RETURN(Bytes plain, store_.Get(base));
    MREG_RETURN_IF_ERROR(ingest_->Add(Encode(base, std::move(plain), TypeOf(stored))));
  }
  return ingest_->Flush();
}

absl::Status ChunkReceiver::Prove(StoredChunk chunk) {
  if (!chunk.bases.empty()) MREG_RETURN_IF_ERROR(RequireBases(chunk));
  const size_t bytes = chunk.payload.size() + chunk.plain_length * (1 + chunk.bases.size());
  while (!proving_.empty() && proving_bytes_ + bytes > kProvingBytes) {
    MREG_RETURN_IF_ERROR(TakeOldest());
  }
  auto shared = std::make_shared<const StoredChunk>(std::move(chunk));
  auto result = files_ == nullptr ? ProveAlone(shared) : ProveWithFiles(shared);
  proving_.push_back({std::move(shared), bytes, std::move(result)});
  proving_bytes_ += bytes;
  return absl::OkStatus();
}

std::future<absl::Status> ChunkReceiver::ProveAlone(std::shared_ptr<const StoredChunk> chunk) {
  return RunOn(store_.pool(), [this, chunk] { return store_.Prove(*chunk); });
}

std::future<absl::Status> ChunkReceiver::ProveWithFiles(std::shared_ptr<const StoredChunk> chunk) {
  struct Decoded {
    Bytes room;
    ByteView plain;
    bool written = false;
  };
  const auto decoded = std::make_shared<Decoded>();
  auto done = RunOn(store_.pool(), [this, chunk, decoded]() -> absl::Status {
    MREG_ASSIGN_OR_RETURN(const auto base, store_.GetBases(*chunk));
    MREG_ASSIGN_OR_RETURN(decoded->plain, ViewUnverified(*chunk, *base, decoded->room));
    decoded->written = files_->Write(chunk->id, decoded->plain);
    return absl::OkStatus();
  });
  return RunOn(*hasher_, [this, chunk, decoded, done = std::move(done)]() mutable -> absl::Status {
    MREG_RETURN_IF_ERROR(done.get());
    return CheckDigest(chunk->id, files_->Hash(chunk->id, decoded->plain, decoded->written));
  });
}

absl::Status ChunkReceiver::TakeOldest() {
  Proving oldest = std::move(proving_.front());
  proving_.pop_front();
  proving_bytes_ -= oldest.bytes;
  MREG_RETURN_IF_ERROR(oldest.result.get());
  ++chunk_count_;
  MREG_ASSIGN_OR_RETURN(const auto known,
                        store_.index().Get(kv::Table::kChunks, oldest.chunk->id.bytes()));
  const bool replaces = damaged_.erase(oldest.chunk->id) > 0;
  if (replaces) unflushed_.insert(oldest.chunk->id);
  if (!known || replaces) {
    MREG_RETURN_IF_ERROR(ingest_->Add(*oldest.chunk));
  } else if (oldest.chunk->bases.empty()) {
    MREG_ASSIGN_OR_RETURN(const ChunkPlace place, DecodePlace(*known));
    if (!place.bases.empty()) came_whole_.insert(oldest.chunk->id);
  }
  return on_proved_ ? on_proved_(oldest.chunk->id) : absl::OkStatus();
}

absl::Status ChunkReceiver::Drain() {
  while (!proving_.empty()) MREG_RETURN_IF_ERROR(TakeOldest());
  return absl::OkStatus();
}

absl::Status ChunkReceiver::Finish() {
  finished_ = true;
  const absl::Status proved = Drain();
  const absl::Status kept = ingest_->Finish();
  MREG_RETURN_IF_ERROR(proved);
  MREG_RETURN_IF_ERROR(kept);
  if (parser_.at_end()) return absl::OkStatus();
  return absl::DataLossError("the chunk stream was cut; what came of it is kept");
}

absl::StatusOr<std::unique_ptr<ChunkSender>> ChunkSender::Open(
    const ContentStore& store, std::vector<ChunkId> ids, std::span<const ChunkId> known_bases) {
  MREG_ASSIGN_OR_RETURN(auto places, store.Locate(ids));
  absl::flat_hash_set<ChunkId> there(known_bases.begin(), known_bases.end());
  std::vector<Item> items, last;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!places[i].bases.empty()) {
      last.push_back({ids[i], std::move(places[i])});
      continue;
    }
    there.insert(ids[i]);
    items.push_back({ids[i], std::move(places[i])});
  }
  for (Item& item : last) {
    item.anew = !std::all_of(item.place.bases.begin(), item.place.bases.end(),
                             [&](const ChunkId& base) { return there.contains(base); });
    items.push_back(std::move(item));
  }
  return std::unique_ptr<ChunkSender>(new ChunkSender(store, std::move(items)));
}

ChunkSender::ChunkSender(const ContentStore& store, std::vector<Item> items)
    : store_(store), items_(std::move(items)), header_(StreamHeader()) {
  most_ = kStreamHeaderBytes + kRecordHeaderBytes;
  for (const Item& item : items_) {
    most_ += kRecordHeaderBytes;
    most_ += item.anew ? item.place.plain_length
                       : item.place.bases.size() * ChunkId::kBytes + item.place.stored_length;
    is_exact_ = is_exact_ && !item.anew;
  }
  rest_of_header_ = header_;
}

ChunkSender::~ChunkSender() {
  for (const auto& record : ahead_) record.wait();
}

std::optional<uint64_t> ChunkSender::length() const {
  return is_exact_ ? std::optional(most_) : std::nullopt;
}

absl::StatusOr<StoredChunk> ChunkSender::Take(const Item& item) const {
  MREG_ASSIGN_OR_RETURN(StoredChunk stored, store_.ReadAt(item.id, item.place));
  if (!item.anew) {
    // It was stored in another form, and the old one collected, since the length was promised.
    if (stored.bases == item.place.bases && stored.payload.size() == item.place.stored_length) {
      return stored;
    }
    return absl::UnavailableError(
        fmt::format("chunk {} is stored otherwise by now; try again", item.id.ToShortHex()));
  }
  const onnx::DataType type = TypeOf(stored);
  MREG_ASSIGN_OR_RETURN(const auto base, store_.GetBases(stored));
  MREG_ASSIGN_OR_RETURN(Bytes plain, Decode(std::move(stored), *base));
  return Encode(item.id, std::move(plain), type);
}

// Encoding takes longer than sending, so it is done by all threads.
void ChunkSender::TakeAhead() {
  for (; next_ahead_ < items_.size() && ahead_.size() < kAheadRecords; ++next_ahead_) {
    ahead_.push_back(RunOn(store_.pool(), [this, at = next_ahead_] { return Take(items_[at]); }));
  }
}

absl::Status ChunkSender::NextRecord() {
  if (next_ == items_.size()) {
    header_ = EndRecord();
    ended_ = true;
    rest_of_header_ = header_;
    return absl::OkStatus();
  }
  if (is_exact_) {
    MREG_ASSIGN_OR_RETURN(record_, Take(items_[next_]));
  } else {
    TakeAhead();
    auto taken = std::move(ahead_.front());
    ahead_.pop_front();
    MREG_ASSIGN_OR_RETURN(record_, taken.get());
  }
  ++next_;
  header_ = RecordHeader(record_);
  rest_of_payload_ = record_.payload;
  rest_of_header_ = header_;
  return absl::OkStatus();
}

absl::StatusOr<size_t> ChunkSender::Read(std::span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    if (rest_of_header_.empty() && rest_of_payload_.empty()) {
      if (ended_) break;
      MREG_RETURN_IF_ERROR(NextRecord());
    }
    ByteView& rest = rest_of_header_.empty() ? rest_of_payload_ : rest_of_header_;
    const size_t take = std::min(rest.size(), buffer.size() - filled);
    std::memcpy(buffer.data() + filled, rest.data(), take);
    rest.remove_prefix(take);
    filled += take;
  }
  return filled;
}

}  // namespace mreg::content
