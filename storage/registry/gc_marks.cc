#include "storage/registry/gc_marks.h"

#include <algorithm>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "storage/history/lfs_pointer.h"
#include "storage/history/staging_index.h"

namespace mreg::registry {
namespace {

constexpr uint64_t kJournalPage = 1'000;

absl::Status MarkFileOf(const history::Repository& history, const ObjectId& id, GcMarks& marks) {
  MREG_ASSIGN_OR_RETURN(const history::RawObject object, history.ReadObject(id));
  if (object.type != history::ObjectType::kBlob) return absl::OkStatus();
  if (const auto pointer = history::ParseLfsPointer(object.data)) {
    marks.files.insert(pointer->artifact);
  }
  return absl::OkStatus();
}

void AddTargets(const v1::ReferencesMoved& event, FormerTargets& targets) {
  for (const v1::ReferenceMove& move : event.moves()) {
    const auto from = ObjectId::FromBytes(move.from());
    if (from.ok()) targets[event.repository()].push_back(*from);
  }
}

}  // namespace

absl::Status MarkHistory(const history::Repository& history, std::span<const ObjectId> tips,
                         GcMarks& marks) {
  MREG_ASSIGN_OR_RETURN(const auto objects, history.ObjectsBetween(tips, {}));
  for (const ObjectId& id : objects) {
    if (!marks.objects.insert(id).second) continue;
    MREG_RETURN_IF_ERROR(MarkFileOf(history, id, marks));
  }
  return absl::OkStatus();
}

absl::Status MarkClone(const std::string& path, GcMarks& marks) {
  const std::string git_directory = JoinPath(path, ".mreg");
  MREG_ASSIGN_OR_RETURN(const auto history, history::OpenDirectory(git_directory));
  MREG_ASSIGN_OR_RETURN(const auto references, history->references().List("refs/"));
  std::vector<ObjectId> tips;
  for (const history::Reference& reference : references) tips.push_back(reference.target);
  if (const auto head = history->Resolve("HEAD"); head.ok()) tips.push_back(ToObjectId(*head));
  MREG_RETURN_IF_ERROR(MarkHistory(*history, tips, marks));
  MREG_ASSIGN_OR_RETURN(const auto index, history::OpenStagingIndex(git_directory));
  for (const history::StagedFile& file : index->files()) {
    MREG_RETURN_IF_ERROR(MarkFileOf(*history, file.entry.blob, marks));
  }
  return absl::OkStatus();
}

absl::StatusOr<FormerTargets> ReadFormerTargets(const journal::Journal& journal, uint64_t since,
                                                TimePoint not_before) {
  FormerTargets targets;
  MREG_ASSIGN_OR_RETURN(const auto head, journal.Head());
  bool is_recent = true;
  for (uint64_t end = head.size; end > 0 && is_recent;) {
    const uint64_t begin = end - std::min(end, kJournalPage);
    MREG_ASSIGN_OR_RETURN(const auto page, journal.Read(begin, end - begin));
    is_recent = false;
    for (const journal::StoredEntry& stored : page) {
      v1::JournalEntry entry;
      if (!entry.ParseFromString(stored.bytes)) {
        return absl::DataLossError("an entry of the journal is damaged");
      }
      const TimePoint when{std::chrono::milliseconds(entry.time_ms())};
      if (stored.sequence < since && when < not_before) continue;
      is_recent = true;
      if (entry.has_references_moved()) AddTargets(entry.references_moved(), targets);
    }
    end = begin;
  }
  return targets;
}

}  // namespace mreg::registry
