#include "storage/journal/journal.h"

#include <fmt/format.h>

#include <map>

#include "schema/base/coding.h"
#include "schema/base/status.h"

namespace mreg::journal {
namespace {

using kv::Table;
using signing::TreeHash;

// The row of kMeta that holds the number of entries, u64 big-endian.
constexpr ByteView kSizeKey = "journal/size";

Bytes EntryKey(uint64_t sequence) {
  Bytes key;
  AppendU64Be(key, sequence);
  return key;
}

Bytes NodeKey(uint32_t level, uint64_t index) {
  Bytes key(1, static_cast<char>(level));
  AppendU64Be(key, index);
  return key;
}

class StoredJournal final : public Journal {
 public:
  explicit StoredJournal(const kv::KeyValueStore& store) : store_(store) {}

  absl::Status Stage(v1::JournalEntry entry, kv::Batch& batch) const override {
    MREG_ASSIGN_OR_RETURN(const auto size_row, store_.Get(Table::kMeta, kSizeKey));
    MREG_ASSIGN_OR_RETURN(const uint64_t size, SizeFrom(size_row));
    entry.set_sequence(size);
    const Bytes bytes = entry.SerializeAsString();
    MREG_ASSIGN_OR_RETURN(const auto nodes,
                          signing::NodesCompletedBy(signing::LeafHash(bytes), size, Reader()));
    batch.Expect(Table::kMeta, kSizeKey, size_row);
    batch.Put(Table::kMeta, kSizeKey, EntryKey(size + 1));
    batch.Put(Table::kJournal, EntryKey(size), bytes);
    for (const auto& node : nodes) {
      batch.Put(Table::kMerkle, NodeKey(node.level, node.index), node.hash.bytes());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Checkpoint> Head() const override {
    MREG_ASSIGN_OR_RETURN(const uint64_t size, Size());
    MREG_ASSIGN_OR_RETURN(const TreeHash root, signing::TreeRoot(size, Reader()));
    return Checkpoint{size, root};
  }

  absl::StatusOr<std::vector<StoredEntry>> Read(uint64_t from, size_t limit) const override {
    std::vector<StoredEntry> entries;
    if (limit == 0) return entries;
    const Bytes after = from == 0 ? Bytes() : EntryKey(from - 1);
    MREG_RETURN_IF_ERROR(store_.Scan(Table::kJournal, "", after, [&](ByteView key, ByteView value) {
      entries.push_back({ReadU64Be(key), Bytes(value)});
      return entries.size() < limit;
    }));
    return entries;
  }

  absl::StatusOr<std::vector<TreeHash>> ProveInclusion(uint64_t index,
                                                       uint64_t size) const override {
    MREG_RETURN_IF_ERROR(RequireReached(size));
    return signing::ProveInclusion(index, size, Reader());
  }

  absl::StatusOr<std::vector<TreeHash>> ProveConsistency(uint64_t old_size,
                                                         uint64_t size) const override {
    MREG_RETURN_IF_ERROR(RequireReached(size));
    return signing::ProveConsistency(old_size, size, Reader());
  }

 private:
  static absl::StatusOr<uint64_t> SizeFrom(const std::optional<Bytes>& row) {
    if (!row) return 0;
    if (row->size() != 8) return absl::DataLossError("the journal's size is damaged");
    return ReadU64Be(*row);
  }

  absl::StatusOr<uint64_t> Size() const {
    MREG_ASSIGN_OR_RETURN(const auto row, store_.Get(Table::kMeta, kSizeKey));
    return SizeFrom(row);
  }

  absl::Status RequireReached(uint64_t size) const {
    MREG_ASSIGN_OR_RETURN(const uint64_t now, Size());
    if (size <= now) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format("the journal has {} entries, not {}", now, size));
  }

  signing::NodeReader Reader() const {
    return [this](uint32_t level, uint64_t index) -> absl::StatusOr<TreeHash> {
      MREG_ASSIGN_OR_RETURN(const auto row, store_.Get(Table::kMerkle, NodeKey(level, index)));
      if (!row) {
        return absl::DataLossError(
            fmt::format("the journal's tree lacks node {} of level {}", index, level));
      }
      return TreeHash::FromBytes(*row);
    };
  }

  const kv::KeyValueStore& store_;
};

}  // namespace

std::unique_ptr<Journal> OpenJournal(const kv::KeyValueStore& store) {
  return std::make_unique<StoredJournal>(store);
}

absl::Status VerifyJournal(const Journal& journal) {
  constexpr size_t kPage = 1'000;
  MREG_ASSIGN_OR_RETURN(const Checkpoint head, journal.Head());
  // Right-hand edge of the tree built so far: the complete subtrees from left to right.
  std::map<std::pair<uint32_t, uint64_t>, TreeHash> nodes;
  const signing::NodeReader read = [&](uint32_t level, uint64_t index) -> absl::StatusOr<TreeHash> {
    return nodes.at({level, index});
  };
  for (uint64_t next = 0; next < head.size;) {
    MREG_ASSIGN_OR_RETURN(const auto page, journal.Read(next, kPage));
    for (const StoredEntry& stored : page) {
      v1::JournalEntry entry;
      if (stored.sequence != next || !entry.ParseFromString(stored.bytes) ||
          entry.sequence() != next) {
        return absl::DataLossError(fmt::format("journal entry {} is damaged", next));
      }
      MREG_ASSIGN_OR_RETURN(const auto completed,
                            signing::NodesCompletedBy(signing::LeafHash(stored.bytes), next, read));
      for (const auto& node : completed) nodes[{node.level, node.index}] = node.hash;
      // The children of a completed node are not needed again.
      for (const auto& node : completed) {
        if (node.level == 0) continue;
        nodes.erase({node.level - 1, node.index * 2});
        nodes.erase({node.level - 1, node.index * 2 + 1});
      }
      if (++next == head.size) break;
    }
    if (page.empty()) return absl::DataLossError(fmt::format("journal entry {} is missing", next));
  }
  MREG_ASSIGN_OR_RETURN(const TreeHash root, signing::TreeRoot(head.size, read));
  return root == head.root ? absl::OkStatus()
                           : absl::DataLossError("the journal does not hash to its root");
}

}  // namespace mreg::journal
