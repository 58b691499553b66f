#include "tests/faults/pushing_site.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "schema/base/status.h"
#include "storage/history/lfs_pointer.h"
#include "tests/models/memory_file.h"
#include "tests/models/weights.h"

namespace mreg::faults {
namespace {

// The same first half for all versions, so that pushes have something in common.
constexpr uint64_t kCommonSeed = 0;
constexpr uint64_t kRepositoryNumber = 1;

void AppendRandom(uint64_t seed, uint64_t size, Bytes& out) {
  test_models::NormalNumbers numbers(seed);
  for (uint64_t end = out.size() + size; out.size() < end;) {
    const uint64_t bits = numbers.NextBits();
    out.append(reinterpret_cast<const char*>(&bits), std::min<uint64_t>(8, end - out.size()));
  }
}

class CollectingSink final : public ByteSink {
 public:
  absl::Status Write(ByteView data) override {
    bytes.append(data);
    return absl::OkStatus();
  }
  Bytes bytes;
};

}  // namespace

std::string VersionSpec::ToMessage() const { return fmt::format("version {} {}\n", seed, bytes); }

absl::StatusOr<VersionSpec> VersionSpec::FromMessage(const std::string& message) {
  unsigned long long seed = 0, bytes = 0;
  if (std::sscanf(message.c_str(), "version %llu %llu", &seed, &bytes) == 2) {
    return VersionSpec{seed, bytes};
  }
  return absl::DataLossError(fmt::format("nobody pushed a version called {}", message));
}

Bytes VersionSpec::Model() const {
  Bytes model;
  model.reserve(bytes);
  AppendRandom(kCommonSeed, bytes / 2, model);
  AppendRandom(seed, bytes - model.size(), model);
  return model;
}

std::string VersionSpec::Readme() const { return fmt::format("# Version {}\n", seed); }

absl::StatusOr<PushingSite> PushingSite::Open(const std::string& home) {
  PushingSite site;
  MREG_ASSIGN_OR_RETURN(site.store_, registry::LocalStore::Open(home, PosixFileSystem()));
  const auto no_journal = [](auto, auto&, auto&) { return absl::OkStatus(); };
  MREG_ASSIGN_OR_RETURN(site.history_, history::OpenStored(site.store_->content().index(),
                                                           kRepositoryNumber, no_journal));
  return site;
}

absl::StatusOr<CommitId> PushingSite::Commit(const VersionSpec& spec,
                                             std::optional<CommitId> parent) {
  using history::ObjectType;
  content::ContentStore& content = store_->content();
  const auto ingest = content.BeginIngest(nullptr);
  MREG_ASSIGN_OR_RETURN(const auto put, content.PutFile(test_models::MemoryFile(spec.Model()), {},
                                                        {}, *ingest, nullptr));
  MREG_RETURN_IF_ERROR(ingest->Finish());
  const Bytes pointer = history::FormatLfsPointer({put.artifact, put.size});
  MREG_ASSIGN_OR_RETURN(const ObjectId model, history_->WriteObject(ObjectType::kBlob, pointer));
  MREG_ASSIGN_OR_RETURN(const ObjectId readme,
                        history_->WriteObject(ObjectType::kBlob, spec.Readme()));
  const history::TreeEntry files[] = {{"README.md", history::FileMode::kRegular, readme},
                                      {"model.bin", history::FileMode::kRegular, model}};
  history::Commit draft;
  MREG_ASSIGN_OR_RETURN(draft.tree, history_->WriteTree(files));
  if (parent) draft.parents.push_back(*parent);
  draft.author = draft.committer = {"Tester", "tester@example.org", 1'700'000'000, 0};
  draft.message = spec.ToMessage();
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history_->WriteCommit(draft));
  MREG_RETURN_IF_ERROR(history_->Flush());
  return commit;
}

absl::StatusOr<sync::PushOutcome> PushingSite::Push(sync::Remote& remote, const std::string& branch,
                                                    const CommitId& commit, sync::Force force,
                                                    const sync::Progress& progress) {
  const sync::PushItem item{"refs/heads/" + branch, ToObjectId(commit)};
  return sync::Push(*history_, store_->content(), remote, {&item, 1}, force, sync::DryRun::kNo,
                    "push", progress);
}

absl::Status PushingSite::CheckHistory(sync::Remote& remote, const CommitId& commit) {
  absl::Status status;
  MREG_RETURN_IF_ERROR(history_->Walk({&commit, 1}, {}, [&](const history::Commit& version) {
    status = CheckVersion(remote, version);
    return status.ok();
  }));
  return status;
}

absl::Status PushingSite::CheckVersion(sync::Remote& remote, const history::Commit& commit) {
  MREG_ASSIGN_OR_RETURN(const VersionSpec spec, VersionSpec::FromMessage(commit.message));
  MREG_ASSIGN_OR_RETURN(const auto files, history_->ReadFiles(commit.id));
  if (files.size() != 2) {
    return absl::DataLossError(fmt::format("{} has {} files", commit.id.ToHex(), files.size()));
  }
  for (const history::TreeEntry& file : files) {
    MREG_ASSIGN_OR_RETURN(const auto blob, history_->ReadObject(file.blob));
    const Bytes expected = file.path == "README.md" ? spec.Readme() : spec.Model();
    const absl::Status status = CheckFile(remote, blob.data, expected);
    if (!status.ok()) {
      return Annotate(status, fmt::format("{} of {}", file.path, commit.id.ToHex()));
    }
  }
  return absl::OkStatus();
}

absl::Status PushingSite::CheckFile(sync::Remote& remote, const Bytes& blob,
                                    const Bytes& expected) {
  CollectingSink sink;
  const auto pointer = history::ParseLfsPointer(blob);
  if (pointer) {
    content::ContentStore& content = store_->content();
    MREG_RETURN_IF_ERROR(
        sync::FetchFiles(content, remote, {&pointer->artifact, 1}, nullptr).status());
    MREG_ASSIGN_OR_RETURN(const auto recipe, content.FindRecipe(pointer->artifact));
    if (!recipe) return absl::DataLossError("was fetched, and is not there");
    MREG_RETURN_IF_ERROR(content.CopyVerified(*recipe, sink, nullptr));
  }
  if ((pointer ? sink.bytes : blob) == expected) return absl::OkStatus();
  return absl::DataLossError("is not what was pushed");
}

}  // namespace mreg::faults
