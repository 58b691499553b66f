#include "storage/catalog/term_index.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "storage/catalog/tables.h"

namespace mreg::catalog {
namespace {

constexpr int kBlockBits = 16;
constexpr size_t kBitmapBytes = 8'192;  // as long as a list of 4,096 ids

// The lower halves of a block's ids: a list, or one bit for each where that is shorter.
Bytes EncodeBlock(const std::vector<EntryId>& ids) {
  Bytes bits;
  if (ids.size() * 2 < kBitmapBytes) {
    for (const EntryId id : ids) AppendU16Le(bits, static_cast<uint16_t>(id));
    return bits;
  }
  bits.assign(kBitmapBytes, '\0');
  for (const EntryId id : ids) {
    const uint16_t low = static_cast<uint16_t>(id);
    bits[low / 8] = static_cast<char>(bits[low / 8] | 1 << low % 8);
  }
  return bits;
}

absl::StatusOr<std::vector<EntryId>> DecodeBlock(ByteView bits, int64_t block) {
  if (bits.size() > kBitmapBytes || bits.size() % 2 != 0 || block < 0 || block >> kBlockBits != 0) {
    return absl::DataLossError("a term of the catalog is damaged");
  }
  const EntryId first = static_cast<EntryId>(block) << kBlockBits;
  std::vector<EntryId> ids;
  if (bits.size() < kBitmapBytes) {
    for (size_t i = 0; i < bits.size(); i += 2) ids.push_back(first | ReadU16Le(bits.substr(i)));
    return ids;
  }
  for (EntryId low = 0; low < kBitmapBytes * 8; ++low) {
    if (bits[low / 8] >> low % 8 & 1) ids.push_back(first | low);
  }
  return ids;
}

void Change(const TermChange& change, Bitmap& entries) {
  entries.addMany(change.added.size(), change.added.data());
  for (const EntryId id : change.removed) entries.remove(id);
}

bool IsBefore(const TermCount& a, const TermCount& b) {
  return std::tie(b.entries, a.label) < std::tie(a.entries, b.label);
}

std::vector<EntryId> IdsOfBlock(const Bitmap& entries, uint32_t block) {
  Bitmap range;
  const uint64_t first = uint64_t{block} << kBlockBits;
  range.addRange(first, first + (1 << kBlockBits));
  range &= entries;
  std::vector<EntryId> ids(range.cardinality());
  range.toUint32Array(ids.data());
  return ids;
}

}  // namespace

absl::StatusOr<TermIndex> TermIndex::Load(const sqlite::Database& database) {
  TermIndex index;
  MREG_ASSIGN_OR_RETURN(sqlite::Statement select,
                        database.Prepare("SELECT term, block, bits FROM terms"));
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, select.Step(kReading));
    if (!has_row) break;
    MREG_ASSIGN_OR_RETURN(const auto ids, DecodeBlock(select.Blob(2), select.Number(1)));
    index.terms_[std::string(select.Text(0))].entries.addMany(ids.size(), ids.data());
  }
  for (auto& [name, term] : index.terms_) term.count = term.entries.cardinality();
  MREG_RETURN_IF_ERROR(index.LoadLabels(database));
  MREG_ASSIGN_OR_RETURN(index.write_block_,
                        database.Prepare("INSERT OR REPLACE INTO terms VALUES (?, ?, ?)"));
  MREG_ASSIGN_OR_RETURN(index.write_label_,
                        database.Prepare("INSERT OR REPLACE INTO labels VALUES (?, ?)"));
  return index;
}

absl::Status TermIndex::LoadLabels(const sqlite::Database& database) {
  MREG_ASSIGN_OR_RETURN(sqlite::Statement select,
                        database.Prepare("SELECT term, label FROM labels"));
  while (true) {
    MREG_ASSIGN_OR_RETURN(const bool has_row, select.Step(kReading));
    if (!has_row) return absl::OkStatus();
    terms_[std::string(select.Text(0))].label = std::string(select.Text(1));
  }
}

absl::Status TermIndex::Write(const TermChanges& changes) {
  for (const auto& [term, change] : changes) {
    if (!terms_.contains(term) && !change.label.empty()) {
      write_label_.BindText(1, term);
      write_label_.BindText(2, change.label);
      MREG_RETURN_IF_ERROR(write_label_.Run(kWriting));
    }
    MREG_RETURN_IF_ERROR(WriteBlocks(term, change));
  }
  return absl::OkStatus();
}

absl::Status TermIndex::WriteBlocks(std::string_view term, const TermChange& change) {
  Bitmap entries = Find(term);
  Change(change, entries);
  std::set<uint32_t> blocks;
  for (const EntryId id : change.added) blocks.insert(id >> kBlockBits);
  for (const EntryId id : change.removed) blocks.insert(id >> kBlockBits);
  for (const uint32_t block : blocks) {
    const Bytes bits = EncodeBlock(IdsOfBlock(entries, block));
    write_block_.BindText(1, term);
    write_block_.BindNumber(2, block);
    write_block_.BindBlob(3, bits);
    MREG_RETURN_IF_ERROR(write_block_.Run(kWriting));
  }
  return absl::OkStatus();
}

void TermIndex::Accept(const TermChanges& changes) {
  for (const auto& [name, change] : changes) {
    const auto [term, is_new] = terms_.try_emplace(name);
    if (is_new) term->second.label = change.label;
    Change(change, term->second.entries);
    term->second.count = term->second.entries.cardinality();
  }
}

const Bitmap& TermIndex::Find(std::string_view term) const {
  static const Bitmap kNone;
  const auto found = terms_.find(term);
  return found == terms_.end() ? kNone : found->second.entries;
}

std::vector<TermCount> TermIndex::Count(std::string_view key, const CommonCounter& match,
                                        size_t most) const {
  const std::string prefix = std::string(key) + ":";
  std::vector<TermCount> top;  // a heap, the last of them in front
  for (auto term = terms_.lower_bound(prefix);
       term != terms_.end() && term->first.starts_with(prefix); ++term) {
    // One that few entries have cannot be had by more of them.
    if (top.size() == most && term->second.count < top.front().entries) continue;
    const uint64_t entries = match.Count(term->second.entries, term->second.count);
    if (entries == 0) continue;
    const std::string& label = term->second.label;
    top.push_back({label.empty() ? term->first.substr(prefix.size()) : label, entries});
    std::ranges::push_heap(top, IsBefore);
    if (top.size() <= most) continue;
    std::ranges::pop_heap(top, IsBefore);
    top.pop_back();
  }
  std::ranges::sort_heap(top, IsBefore);
  return top;
}

}  // namespace mreg::catalog
