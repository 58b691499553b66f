#include "storage/history/stored_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "storage/history/reference_rules.h"
#include "storage/history/stored_objects.h"

namespace mreg::history {
namespace {

constexpr std::string_view kRoot = "refs/";
constexpr std::string_view kHead = "HEAD";
constexpr std::string_view kCreations = "creations";
constexpr std::string_view kFirstBranch = "refs/heads/main";
constexpr int kMostTries = 64;

std::optional<ByteView> BytesOf(const std::optional<ObjectId>& id) {
  if (!id) return std::nullopt;
  return id->bytes();
}

// Each try that fails means that another writer's batch went through, so the first few come at
// once; then the waits keep a crowd of writers from failing each other.
void WaitBeforeTry(int number) {
  constexpr int kAtOnce = 4;
  if (number <= kAtOnce) return;
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(number - kAtOnce, 20)));
}

absl::StatusOr<ObjectId> ParseTarget(std::string_view name, ByteView value) {
  const auto id = ObjectId::FromBytes(value);
  if (id.ok()) return id;
  return absl::DataLossError(fmt::format("the stored target of {} is damaged", name));
}

}  // namespace

StoredReferences::StoredReferences(kv::KeyValueStore& store, uint64_t repository, MoveHook hook)
    : store_(store), repository_(repository), hook_(std::move(hook)) {}

absl::StatusOr<std::vector<Reference>> StoredReferences::List(std::string_view prefix) const {
  std::vector<Reference> references;
  absl::Status failure;
  const auto add = [&](ByteView key, ByteView value) {
    const std::string_view name = key.substr(sizeof(repository_));
    if (!name.starts_with(kRoot)) return true;
    const auto target = ParseTarget(name, value);
    failure = target.status();
    if (target.ok()) references.push_back({std::string(name), *target});
    return failure.ok();
  };
  MREG_RETURN_IF_ERROR(
      store_.Scan(kv::Table::kReferences, RepositoryKey(repository_, prefix), "", add));
  MREG_RETURN_IF_ERROR(failure);
  return references;
}

absl::StatusOr<std::optional<ObjectId>> StoredReferences::Read(std::string_view name) const {
  if (!name.starts_with(kRoot)) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(const auto value,
                        store_.Get(kv::Table::kReferences, RepositoryKey(repository_, name)));
  if (!value) return std::nullopt;
  return ParseTarget(name, *value);
}

absl::Status StoredReferences::Move(std::span<const ReferenceMove> moves,
                                    const MoveRecord& record) {
  MREG_RETURN_IF_ERROR(CheckNames(moves));
  if (moves.empty()) return absl::OkStatus();
  for (int number = 1; number <= kMostTries; ++number) {
    WaitBeforeTry(number);
    MREG_RETURN_IF_ERROR(CheckExpected(*this, moves));
    MREG_ASSIGN_OR_RETURN(const kv::Batch batch, BuildBatch(moves, record));
    const absl::Status status = store_.Commit(batch);
    if (!absl::IsAborted(status)) return status;
  }
  MREG_RETURN_IF_ERROR(CheckExpected(*this, moves));
  return absl::AbortedError(
      fmt::format("{} was not moved: {} tries met other writers", moves.front().name, kMostTries));
}

absl::StatusOr<kv::Batch> StoredReferences::BuildBatch(std::span<const ReferenceMove> moves,
                                                       const MoveRecord& record) const {
  kv::Batch batch;
  for (const ReferenceMove& move : moves) {
    const Bytes key = RepositoryKey(repository_, move.name);
    batch.Expect(kv::Table::kReferences, key, BytesOf(move.expected));
    if (move.target) batch.Put(kv::Table::kReferences, key, move.target->bytes());
    if (move.expected && !move.target) batch.Remove(kv::Table::kReferences, key);
  }
  if (std::ranges::any_of(moves, Creates)) {
    MREG_RETURN_IF_ERROR(ExpectNoOtherCreation(batch));
    MREG_RETURN_IF_ERROR(CheckFolders(*this, moves));
  }
  if (hook_) MREG_RETURN_IF_ERROR(hook_(moves, record, batch));
  return batch;
}

// CheckFolders looks at rows that no expectation can cover, since they are absent and many. The
// count of creations changes with each of them instead, so that of two at once one starts again.
absl::Status StoredReferences::ExpectNoOtherCreation(kv::Batch& batch) const {
  const Bytes key = RepositoryKey(repository_, kCreations);
  MREG_ASSIGN_OR_RETURN(const auto value, store_.Get(kv::Table::kReferences, key));
  if (value && value->size() != sizeof(uint64_t)) {
    return absl::DataLossError("the stored count of created references is damaged");
  }
  Bytes next;
  AppendU64Be(next, (value ? ReadU64Be(*value) : 0) + 1);
  batch.Expect(kv::Table::kReferences, key, value);
  batch.Put(kv::Table::kReferences, key, next);
  return absl::OkStatus();
}

absl::StatusOr<std::string> StoredReferences::HeadBranch() const {
  MREG_ASSIGN_OR_RETURN(auto value,
                        store_.Get(kv::Table::kReferences, RepositoryKey(repository_, kHead)));
  return value ? *std::move(value) : std::string(kFirstBranch);
}

absl::Status StoredReferences::SetHeadBranch(std::string_view name) {
  kv::Batch batch;
  batch.Put(kv::Table::kReferences, RepositoryKey(repository_, kHead), name);
  return store_.Commit(batch);
}

}  // namespace mreg::history
