#include "storage/history/stored_cleanup.h"

#include "schema/base/status.h"
#include "storage/history/stored_objects.h"

namespace mreg::history {

absl::StatusOr<std::vector<ObjectId>> ListStoredObjects(const kv::KeyValueStore& store,
                                                        uint64_t repository) {
  std::vector<ObjectId> objects;
  const auto add = [&](ByteView key, ByteView) {
    const auto id = ObjectId::FromBytes(key.substr(sizeof(repository)));
    if (id.ok()) objects.push_back(*id);
    return true;
  };
  MREG_RETURN_IF_ERROR(store.Scan(kv::Table::kObjects, RepositoryKey(repository, ""), "", add));
  return objects;
}

void StageObjectRemoval(uint64_t repository, std::span<const ObjectId> objects, kv::Batch& batch) {
  for (const ObjectId& id : objects) {
    batch.Remove(kv::Table::kObjects, RepositoryKey(repository, id.bytes()));
  }
}

}  // namespace mreg::history
