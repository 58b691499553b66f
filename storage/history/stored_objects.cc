#include "storage/history/stored_objects.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/hex.h"
#include "schema/base/status.h"

namespace mreg::history {
namespace {

absl::StatusOr<RawObject> Decode(const ObjectId& id, ByteView row) {
  const int type = row.empty() ? 0 : static_cast<unsigned char>(row.front());
  if (type < static_cast<int>(ObjectType::kCommit) || type > static_cast<int>(ObjectType::kTag)) {
    return absl::DataLossError(fmt::format("object {} has no type", id.ToHex()));
  }
  return RawObject{static_cast<ObjectType>(type), Bytes(row.substr(1))};
}

}  // namespace

Bytes RepositoryKey(uint64_t repository, ByteView rest) {
  Bytes key;
  AppendU64Be(key, repository);
  key.append(rest);
  return key;
}

absl::StatusOr<std::optional<RawObject>> StoredObjects::Find(const ObjectId& id) const {
  const auto pending = pending_.find(id);
  if (pending != pending_.end()) return Decode(id, pending->second.row);
  MREG_ASSIGN_OR_RETURN(const auto row,
                        store_.Get(kv::Table::kObjects, RepositoryKey(repository_, id.bytes())));
  if (!row) return std::nullopt;
  return Decode(id, *row);
}

absl::StatusOr<std::vector<ObjectId>> StoredObjects::FindByPrefix(std::string_view digits) const {
  std::vector<ObjectId> found;
  const auto consider = [&](const ObjectId& id) {
    const bool fits = id.ToHex().starts_with(digits);
    if (fits && (found.empty() || found.front() != id)) found.push_back(id);
    return found.size() < 2;
  };
  // An odd last digit is half a byte, which keys do not have.
  const auto whole_bytes = HexDecode(digits.substr(0, digits.size() / 2 * 2));
  if (!whole_bytes) return found;
  const Bytes prefix = RepositoryKey(repository_, *whole_bytes);
  MREG_RETURN_IF_ERROR(store_.Scan(kv::Table::kObjects, prefix, "", [&](ByteView key, ByteView) {
    const auto id = ObjectId::FromBytes(key.substr(sizeof(repository_)));
    return !id.ok() || consider(*id);
  }));
  for (const auto& [id, row] : pending_) {
    if (!consider(id)) break;
  }
  return found;
}

void StoredObjects::Add(const ObjectId& id, ObjectType type, ByteView data) {
  Bytes row(1, static_cast<char>(type));
  row.append(data);
  pending_.insert_or_assign(id, Pending{std::move(row)});
}

absl::Status StoredObjects::DropCommitted() {
  for (auto row = pending_.begin(); row != pending_.end();) {
    std::optional<Bytes> stored;
    if (row->second.handed_out) {
      MREG_ASSIGN_OR_RETURN(
          stored, store_.Get(kv::Table::kObjects, RepositoryKey(repository_, row->first.bytes())));
    }
    row = stored == row->second.row ? pending_.erase(row) : std::next(row);
  }
  return absl::OkStatus();
}

absl::Status StoredObjects::Flush(kv::Batch* batch) {
  MREG_RETURN_IF_ERROR(DropCommitted());
  if (pending_.empty()) return absl::OkStatus();
  kv::Batch own;
  kv::Batch& target = batch != nullptr ? *batch : own;
  for (auto& [id, pending] : pending_) {
    target.Put(kv::Table::kObjects, RepositoryKey(repository_, id.bytes()), pending.row);
    pending.handed_out = true;
  }
  if (batch != nullptr) return absl::OkStatus();
  MREG_RETURN_IF_ERROR(store_.Commit(own));
  pending_.clear();
  return absl::OkStatus();
}

}  // namespace mreg::history
