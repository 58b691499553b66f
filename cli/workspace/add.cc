#include "cli/workspace/add.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cli/workspace/add_selection.h"
#include "cli/workspace/external_data.h"
#include "cli/workspace/version_file.h"
#include "schema/base/display.h"
#include "schema/base/status.h"
#include "schema/formats/inspection/inspect_content.h"
#include "storage/registry/content_rules.h"
#include "storage/registry/version_card.h"

namespace mreg::workspace {
namespace {

constexpr size_t kMaxFilesLike = 4;  // of a version
// A model that brings as much as this is brought to the disk before the next file is read, so that
// what is like it in those can be stored as a difference to it.
constexpr uint64_t kWorthFlushing = 4 << 20;

// "ONNX, IR 8, opset 16, 42 tensors".
std::string Summarise(const onnx::ModelScan& model) {
  std::string opset;
  for (const onnx::OpsetImport& import : model.opsets) {
    const bool is_main = import.domain.empty() || import.domain == "ai.onnx";
    if (is_main) opset = fmt::format(", opset {}", import.version);
  }
  return fmt::format("ONNX, IR {}{}, {} tensor{}", model.ir_version, opset, model.tensor_count,
                     model.tensor_count == 1 ? "" : "s");
}

AddedFile AddedAs(const std::string& path, bool is_artifact, uint64_t size) {
  AddedFile added;
  added.path = path;
  added.is_artifact = is_artifact;
  added.size = size;
  return added;
}

// One command's work: files are read one after the other, into one writing session of the store.
class Adder {
 public:
  Adder(Clone& clone, history::StagingIndex& index, std::span<const CommitId> derived_from,
        const FileProgress& progress)
      : clone_(clone), index_(index), derived_from_(derived_from), progress_(progress) {}

  absl::StatusOr<AddReport> Run(Selection selection) {
    std::vector<std::string> artifacts;
    MREG_RETURN_IF_ERROR(Measure(selection.changed));
    MREG_RETURN_IF_ERROR(Inspect(selection.changed));
    for (const std::string& path : selection.changed) {
      MREG_ASSIGN_OR_RETURN(const bool is_done, AddAsBlob(path));
      if (!is_done) artifacts.push_back(path);
    }
    MREG_RETURN_IF_ERROR(AddArtifacts(artifacts));
    report_.removed = std::move(selection.removed);
    for (const std::string& path : report_.removed) index_.Remove(path);
    std::ranges::sort(report_.added, {}, &AddedFile::path);
    return std::move(report_);
  }

 private:
  absl::Status Measure(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      MREG_ASSIGN_OR_RETURN(const auto info, clone_.tree().Look(path));
      if (info) total_bytes_ += static_cast<uint64_t>(info->st_size);
    }
    return absl::OkStatus();
  }

  // Before anything is stored. All files that are unsafe are told of, not the first alone.
  absl::Status Inspect(const std::vector<std::string>& paths) {
    std::string refusals;
    for (const std::string& path : paths) {
      MREG_ASSIGN_OR_RETURN(const auto file, clone_.tree().OpenFile(path));
      const auto verdict = formats::InspectContent(*file);
      if (!verdict.ok()) return Annotate(verdict.status(), EscapeForDisplay(path));
      const absl::Status safe = registry::RefuseUnsafe(path, *verdict);
      if (!safe.ok())
        refusals += fmt::format("{}{}", refusals.empty() ? "" : "\n", MessageOf(safe));
      if (auto notes = registry::NotesOn(*verdict); !notes.empty()) {
        notes_.emplace(path, std::move(notes));
      }
    }
    return refusals.empty() ? absl::OkStatus() : absl::InvalidArgumentError(refusals);
  }

  void Progress(const WorkFile& file, uint64_t bytes_of_file) const {
    if (progress_) progress_(file.path(), done_bytes_ + bytes_of_file, total_bytes_);
  }

  // What git keeps itself: text, and what it keeps already though we would not give it to it.
  absl::StatusOr<bool> AddAsBlob(const std::string& path) {
    MREG_ASSIGN_OR_RETURN(const auto file, clone_.tree().OpenFile(path));
    MREG_ASSIGN_OR_RETURN(const bool is_known, IsKnownBlob(*file));
    if (is_known) {
      const ObjectId blob = index_.Find(path)->entry.blob;
      MREG_RETURN_IF_ERROR(Stage(*file, blob, AddedAs(path, /*is_artifact=*/false, file->size())));
      return true;
    }
    if (file->size() > registry::kMaxTextBytes) return false;
    MREG_ASSIGN_OR_RETURN(const Bytes text, file->ReadAll());
    if (!registry::IsText(text)) return false;
    MREG_ASSIGN_OR_RETURN(const ObjectId blob,
                          clone_.history().WriteObject(history::ObjectType::kBlob, text));
    AddedFile added = AddedAs(path, /*is_artifact=*/false, text.size());
    added.new_bytes = text.size();
    added.notes = registry::NotesOnCard(path, text);
    MREG_RETURN_IF_ERROR(Stage(*file, blob, std::move(added)));
    return true;
  }

  absl::StatusOr<bool> IsKnownBlob(const WorkFile& file) const {
    const history::StagedFile* const staged = index_.Find(file.path());
    if (staged == nullptr) return false;
    MREG_ASSIGN_OR_RETURN(const VersionContent content,
                          ReadContent(clone_.history(), staged->entry));
    if (content.artifact) return false;
    return HasContent(file, content);
  }

  // Models are looked at before anything is stored: they say where data files are to be cut.
  absl::Status AddArtifacts(const std::vector<std::string>& paths) {
    if (paths.empty()) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const ExternalData external, FindExternalData(paths));
    MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, clone_.Store());
    const auto ingest = store->content().BeginIngest(nullptr);
    MREG_ASSIGN_OR_RETURN(const auto largest_first, LargestFirst(paths));
    for (const std::string& path : largest_first) {
      MREG_RETURN_IF_ERROR(AddArtifact(path, external.RangesOf(path), store->content(), *ingest));
    }
    return ingest->Finish();
  }

  // Models before their casts and quantised copies.
  absl::StatusOr<std::vector<std::string>> LargestFirst(std::vector<std::string> paths) const {
    std::map<std::string, off_t> sizes;
    for (const std::string& path : paths) {
      MREG_ASSIGN_OR_RETURN(const auto info, clone_.tree().Look(path));
      sizes[path] = info ? info->st_size : 0;
    }
    std::ranges::stable_sort(paths, std::greater(),
                             [&](const std::string& path) { return sizes[path]; });
    return paths;
  }

  absl::StatusOr<ExternalData> FindExternalData(const std::vector<std::string>& paths) const {
    ExternalData external;
    std::vector<std::string> others;
    for (const std::string& path : paths) {
      MREG_ASSIGN_OR_RETURN(const auto file, clone_.tree().OpenFile(path));
      const auto layout = content::PlanLayout(*file, {});
      if (!layout.ok()) {
        return Annotate(layout.status(), EscapeForDisplay(path));
      }
      if (layout->model) {
        external.AddModel(path, *layout->model);
      } else if (layout->kind == content::FileKind::kOther) {
        others.push_back(path);
      }
    }
    std::erase_if(others, [&](const auto& path) { return !external.RangesOf(path).empty(); });
    if (!others.empty()) external.AddStagedModels(clone_.tree(), index_, others);
    return external;
  }

  absl::Status AddArtifact(const std::string& path,
                           const std::vector<content::ExternalRange>& ranges,
                           content::ContentStore& store, content::ChunkIngest& ingest) {
    MREG_ASSIGN_OR_RETURN(const auto file, clone_.tree().OpenFile(path));
    MREG_ASSIGN_OR_RETURN(const auto alike, FilesLike(path));
    const auto put =
        store.PutFile(*file, ranges, alike, ingest, [&](uint64_t done) { Progress(*file, done); });
    if (!put.ok()) return Annotate(put.status(), EscapeForDisplay(path));
    const bool is_model = put->layout.kind != content::FileKind::kOther;
    if (is_model && put->new_bytes >= kWorthFlushing) MREG_RETURN_IF_ERROR(ingest.Flush());
    const std::string pointer = history::FormatLfsPointer({put->artifact, put->size});
    MREG_ASSIGN_OR_RETURN(const ObjectId blob,
                          clone_.history().WriteObject(history::ObjectType::kBlob, pointer));
    AddedFile added = AddedAs(path, /*is_artifact=*/true, put->size);
    added.kind = put->layout.kind;
    added.new_bytes = put->new_bytes;
    // What a model keeps beside itself is of no format, and expected.
    if (ranges.empty()) added.notes = notes_[path];
    if (put->layout.model) {
      added.tensors = put->layout.model->tensor_count;
      added.model_summary = Summarise(*put->layout.model);
    }
    return Stage(*file, blob, std::move(added));
  }

  // Of the versions that it is derived from, then of the one that is checked out.
  absl::StatusOr<std::vector<ArtifactId>> FilesLike(const std::string& path) {
    if (versions_.empty()) MREG_RETURN_IF_ERROR(ReadVersions());
    std::vector<ArtifactId> files;
    for (const auto& version : versions_) {
      MREG_RETURN_IF_ERROR(TakeFilesLike(path, version, files));
    }
    return files;
  }

  absl::Status ReadVersions() {
    for (const CommitId& commit : derived_from_) {
      MREG_ASSIGN_OR_RETURN(versions_.emplace_back(), clone_.FilesOf(commit));
    }
    MREG_ASSIGN_OR_RETURN(const Head head, clone_.ReadHead());
    MREG_ASSIGN_OR_RETURN(versions_.emplace_back(), clone_.FilesOf(head.commit));
    return absl::OkStatus();
  }

  // What is at `path`, then what has its name's ending.
  absl::Status TakeFilesLike(const std::string& path,
                             const std::vector<history::TreeEntry>& version,
                             std::vector<ArtifactId>& files) const {
    const size_t most = files.size() + kMaxFilesLike;
    const auto take = [&](const history::TreeEntry& entry) -> absl::Status {
      MREG_ASSIGN_OR_RETURN(const VersionContent content, ReadContent(clone_.history(), entry));
      if (content.artifact) files.push_back(content.artifact->artifact);
      return absl::OkStatus();
    };
    const auto same = std::ranges::find(version, path, &history::TreeEntry::path);
    if (same != version.end()) MREG_RETURN_IF_ERROR(take(*same));
    const auto ending = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
    for (const history::TreeEntry& entry : version) {
      if (files.size() == most) break;
      if (entry.path != path && ending(entry.path) == ending(path)) {
        MREG_RETURN_IF_ERROR(take(entry));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Stage(const WorkFile& file, const ObjectId& blob, AddedFile added) {
    MREG_RETURN_IF_ERROR(file.CheckUnchanged());
    done_bytes_ += file.size();
    Progress(file, 0);
    const history::TreeEntry entry{file.path(), file.mode(), blob};
    const history::StagedFile* const staged = index_.Find(entry.path);
    if (staged == nullptr || staged->entry != entry) report_.added.push_back(std::move(added));
    index_.Put({entry, file.stamp()});
    return absl::OkStatus();
  }

  Clone& clone_;
  history::StagingIndex& index_;
  const std::span<const CommitId> derived_from_;
  const FileProgress& progress_;
  AddReport report_;
  std::map<std::string, std::vector<std::string>> notes_;  // by path
  std::vector<std::vector<history::TreeEntry>> versions_;  // once they were needed; HEAD's last
  uint64_t done_bytes_ = 0;                                // of files that are done
  uint64_t total_bytes_ = 0;
};

}  // namespace

absl::StatusOr<AddReport> AddFiles(Clone& clone, std::span<const std::string> arguments,
                                   std::span<const CommitId> derived_from,
                                   const FileProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const auto index, clone.OpenIndex());
  MREG_ASSIGN_OR_RETURN(Selection selection, SelectFiles(clone.tree(), *index, arguments));
  if (selection.changed.empty() && selection.removed.empty()) return AddReport{};
  Adder adder(clone, *index, derived_from, progress);
  MREG_ASSIGN_OR_RETURN(AddReport report, adder.Run(std::move(selection)));
  MREG_RETURN_IF_ERROR(clone.history().Flush());
  MREG_RETURN_IF_ERROR(SaveIndex(*index));
  return report;
}

}  // namespace mreg::workspace
