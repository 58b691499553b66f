#include "storage/registry/repositories.h"

#include <fmt/format.h>

#include <utility>

#include "mreg/v1/registry.pb.h"
#include "schema/base/coding.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

using kv::Table;

constexpr ByteView kNextNumberKey = "repositories/next";  // in kMeta, u64 big-endian
constexpr int kAttempts = 64;

int64_t ToMs(TimePoint time) { return time.time_since_epoch().count(); }

absl::StatusOr<v1::RepositoryRecord> DecodeRecord(ByteView row) {
  v1::RepositoryRecord record;
  if (!record.ParseFromArray(row.data(), static_cast<int>(row.size()))) {
    return absl::DataLossError("a repository's row is damaged");
  }
  return record;
}

v1::JournalEntry EntryFor(const RepositoryName& name, std::span<const history::ReferenceMove> moves,
                          const history::MoveRecord& record) {
  v1::JournalEntry entry;
  entry.set_actor(record.actor);
  entry.set_time_ms(ToMs(record.when));
  auto& event = *entry.mutable_references_moved();
  event.set_repository(name.ToString());
  event.set_reason(record.reason);
  for (const history::ReferenceMove& move : moves) {
    auto& entered = *event.add_moves();
    entered.set_name(move.name);
    if (move.expected) entered.set_from(std::string(move.expected->bytes()));
    if (move.target) entered.set_to(std::string(move.target->bytes()));
  }
  return entry;
}

}  // namespace

Repositories::Repositories(kv::KeyValueStore& store, const journal::Journal& journal,
                           const Clock& clock, const Access& access)
    : store_(store), journal_(journal), clock_(clock), access_(access) {}

absl::StatusOr<std::vector<RepositoryInfo>> Repositories::List(const Caller& caller,
                                                               const std::string& after,
                                                               size_t limit) const {
  if (!access_.is_open() && caller.role == Role::kNone) {
    return absl::UnauthenticatedError("reading this registry needs a token");
  }
  std::vector<RepositoryInfo> repositories;
  MREG_RETURN_IF_ERROR(
      store_.Scan(Table::kRepositories, "", after, [&](ByteView key, ByteView row) {
        const auto name = RepositoryName::Parse(key);
        const auto record = DecodeRecord(row);
        if (name.ok() && record.ok() && access_.RequireRead(caller, *name).ok()) {
          repositories.push_back(
              {Bytes(key), TimePoint(std::chrono::milliseconds(record->created_ms()))});
        }
        return repositories.size() < limit;
      }));
  return repositories;
}

absl::StatusOr<std::optional<uint64_t>> Repositories::Find(const RepositoryName& name) const {
  MREG_ASSIGN_OR_RETURN(const auto row, store_.Get(Table::kRepositories, name.ToString()));
  if (!row) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(const auto record, DecodeRecord(*row));
  return record.number();
}

absl::StatusOr<uint64_t> Repositories::ReserveNumber() {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    MREG_ASSIGN_OR_RETURN(const auto row, store_.Get(Table::kMeta, kNextNumberKey));
    const uint64_t number = row && row->size() == 8 ? ReadU64Be(*row) : 1;
    Bytes next;
    AppendU64Be(next, number + 1);
    kv::Batch batch;
    batch.Expect(Table::kMeta, kNextNumberKey, row);
    batch.Put(Table::kMeta, kNextNumberKey, next);
    const absl::Status status = store_.Commit(batch);
    if (status.ok()) return number;
    if (!absl::IsAborted(status)) return status;
  }
  return absl::AbortedError("the registry is too busy");
}

absl::StatusOr<std::unique_ptr<history::Repository>> Repositories::OpenNumber(
    const RepositoryName& name, uint64_t number) const {
  return history::OpenStored(store_, number,
                             [this, name](std::span<const history::ReferenceMove> moves,
                                          const history::MoveRecord& record, kv::Batch& batch) {
                               return journal_.Stage(EntryFor(name, moves, record), batch);
                             });
}

absl::StatusOr<uint64_t> Repositories::NumberOf(const Caller& caller,
                                                const RepositoryName& name) const {
  MREG_RETURN_IF_ERROR(access_.RequireRead(caller, name));
  MREG_ASSIGN_OR_RETURN(const auto number, Find(name));
  if (number) return *number;
  return absl::NotFoundError(fmt::format("there is no repository {}", name.ToString()));
}

absl::StatusOr<std::unique_ptr<history::Repository>> Repositories::Open(
    const Caller& caller, const RepositoryName& name) const {
  MREG_ASSIGN_OR_RETURN(const uint64_t number, NumberOf(caller, name));
  return OpenNumber(name, number);
}

absl::StatusOr<Repositories::Writable> Repositories::OpenForWriting(const Caller& caller,
                                                                    const RepositoryName& name) {
  MREG_RETURN_IF_ERROR(access_.RequireWrite(caller, name));
  Writable repository;
  MREG_ASSIGN_OR_RETURN(const auto head, journal_.Head());
  repository.journal_size = head.size;
  MREG_ASSIGN_OR_RETURN(const auto number, Find(name));
  repository.is_new = !number.has_value();
  if (number) {
    repository.number = *number;
  } else {
    MREG_ASSIGN_OR_RETURN(repository.number, ReserveNumber());
  }
  MREG_ASSIGN_OR_RETURN(repository.history, OpenNumber(name, repository.number));
  return repository;
}

absl::Status Repositories::CreateIfNew(const Caller& caller, const RepositoryName& name,
                                       const Writable& repository) {
  if (!repository.is_new) return absl::OkStatus();
  v1::RepositoryRecord record;
  record.set_number(repository.number);
  record.set_created_ms(ToMs(clock_.Now()));
  v1::JournalEntry entry;
  entry.set_actor(caller.name);
  entry.set_time_ms(record.created_ms());
  entry.mutable_repository_created()->set_repository(name.ToString());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    MREG_ASSIGN_OR_RETURN(const auto existing, Find(name));
    if (existing) {
      return absl::AbortedError(
          fmt::format("the repository {} was created meanwhile: try again", name.ToString()));
    }
    kv::Batch batch;
    batch.Expect(Table::kRepositories, name.ToString(), std::nullopt);
    batch.Put(Table::kRepositories, name.ToString(), record.SerializeAsString());
    MREG_RETURN_IF_ERROR(journal_.Stage(entry, batch));
    const absl::Status status = store_.Commit(batch);
    if (!absl::IsAborted(status)) return status;
  }
  return absl::AbortedError("the registry is too busy");
}

absl::StatusOr<Repositories::Numbers> Repositories::ReadNumbers() const {
  Numbers numbers;
  absl::Status damaged;
  MREG_RETURN_IF_ERROR(store_.Scan(Table::kRepositories, "", "", [&](ByteView key, ByteView row) {
    const auto record = DecodeRecord(row);
    if (record.ok()) numbers.by_name.emplace(key, record->number());
    damaged = record.status();
    return record.ok();
  }));
  MREG_RETURN_IF_ERROR(damaged);
  MREG_ASSIGN_OR_RETURN(const auto next, store_.Get(Table::kMeta, kNextNumberKey));
  if (next && next->size() == 8) numbers.end = ReadU64Be(*next);
  return numbers;
}

absl::Status Repositories::Create(const Caller& caller, const RepositoryName& name) {
  MREG_ASSIGN_OR_RETURN(const Writable repository, OpenForWriting(caller, name));
  if (!repository.is_new) {
    return absl::AlreadyExistsError(
        fmt::format("there is a repository {} already", name.ToString()));
  }
  return CreateIfNew(caller, name, repository);
}

}  // namespace mreg::registry
