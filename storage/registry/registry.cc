#include "storage/registry/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/status.h"
#include "storage/kv/rocksdb_store.h"

namespace mreg::registry {
namespace {

// What the file FORMAT holds: it marks the folder as a registry and names the layout.
constexpr char kFormatFile[] = "FORMAT";
constexpr std::string_view kFormat = "mreg registry 1\n";

// Whether `directory` holds a registry.
absl::StatusOr<bool> HasRegistry(const std::string& directory, FileSystem& fs) {
  const std::string format_path = JoinPath(directory, kFormatFile);
  MREG_ASSIGN_OR_RETURN(const bool exists, fs.Exists(format_path));
  if (!exists) return false;
  MREG_ASSIGN_OR_RETURN(const Bytes format, ReadSmallFile(fs, format_path, 1'000));
  if (format == kFormat) return true;
  return absl::FailedPreconditionError(
      fmt::format("{} is a registry of another format than this mreg knows", directory));
}

absl::StatusOr<bool> IsEmpty(const std::string& directory, FileSystem& fs) {
  MREG_ASSIGN_OR_RETURN(const auto entries, fs.List(directory));
  return std::ranges::all_of(entries, [](const DirectoryEntry& entry) {
    return entry.name == "lost+found" || entry.name.starts_with("FORMAT.new-");
  });
}

absl::Status PrepareFolder(const std::string& directory, OpenMode mode, FileSystem& fs) {
  MREG_ASSIGN_OR_RETURN(const bool is_registry, HasRegistry(directory, fs));
  if (is_registry) return absl::OkStatus();
  if (mode == OpenMode::kExisting) {
    return absl::NotFoundError(fmt::format("{} holds no registry", directory));
  }
  MREG_RETURN_IF_ERROR(fs.CreateDirectories(directory));
  MREG_ASSIGN_OR_RETURN(const bool is_empty, IsEmpty(directory, fs));
  if (is_empty) return WriteFileAtomically(fs, JoinPath(directory, kFormatFile), kFormat);
  // The format comes first: if another process is making a registry here, it is there by now.
  MREG_ASSIGN_OR_RETURN(const bool was_made, HasRegistry(directory, fs));
  if (was_made) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{} is neither empty nor a registry: nothing is created there", directory));
}

class FolderRegistry final : public Registry {
 public:
  FolderRegistry(const std::string& directory, FileSystem& fs,
                 std::unique_ptr<kv::KeyValueStore> store,
                 std::unique_ptr<content::PackStore> packs, const RegistryOptions& options,
                 const Clock& clock)
      : store_(std::move(store)),
        packs_(std::move(packs)),
        content_(*store_, *packs_),
        journal_(journal::OpenJournal(*store_)),
        access_(*store_, *journal_, clock, options.anonymous_read),
        repositories_(*store_, *journal_, clock, access_),
        members_(*store_, content_, access_),
        leases_(clock, options.lease_length),
        quotas_(members_, options.quotas),
        proofs_(content_, clock),
        rules_(options.content),
        transfer_(*store_, content_, repositories_, access_, members_, leases_, quotas_, proofs_,
                  rules_, clock),
        attestations_(*store_, *journal_, clock, access_, repositories_, leases_),
        browse_(content_, repositories_, members_),
        knowledge_(directory, fs, content_, repositories_, attestations_, *journal_, access_),
        collector_(*store_, content_, repositories_, *journal_, members_, leases_, upkeep_, clock),
        optimizer_(content_, *journal_, members_, leases_, upkeep_) {}

  absl::Status Recover() { return content_.RecoverUploads(nullptr).status(); }

  Access& access() override { return access_; }
  Repositories& repositories() override { return repositories_; }
  Transfer& transfer() override { return transfer_; }
  Attestations& attestations() override { return attestations_; }
  const Browse& browse() const override { return browse_; }
  Knowledge& knowledge() override { return knowledge_; }
  const journal::Journal& journal() const override { return *journal_; }

  absl::StatusOr<content::StoreStats> Stats(const Caller& caller) const override {
    MREG_RETURN_IF_ERROR(access_.RequireAdmin(caller));
    return content_.Stats();
  }

  absl::StatusOr<RegistryUsage> MeasureUsage(const Caller& caller) const override {
    MREG_RETURN_IF_ERROR(access_.RequireAdmin(caller));
    RegistryMeter meter(content_);
    MREG_ASSIGN_OR_RETURN(const auto repositories, repositories_.List(caller, "", SIZE_MAX));
    for (const RepositoryInfo& info : repositories) {
      MREG_ASSIGN_OR_RETURN(const auto name, RepositoryName::Parse(info.name));
      MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
      MREG_RETURN_IF_ERROR(meter.Add(info.name, *history));
    }
    return meter.Finish();
  }

  absl::StatusOr<RegistryCheck> Check(
      const Caller& caller, content::FsckDepth depth,
      const std::function<void(uint64_t)>& progress) const override {
    MREG_RETURN_IF_ERROR(access_.RequireAdmin(caller));
    RegistryCheck check;
    MREG_ASSIGN_OR_RETURN(check.content, content::Fsck(content_, depth, progress));
    if (auto status = journal::VerifyJournal(*journal_); !status.ok()) {
      check.problems.emplace_back(MessageOf(status));
    }
    MREG_ASSIGN_OR_RETURN(const auto repositories, repositories_.List(caller, "", SIZE_MAX));
    for (const RepositoryInfo& repository : repositories) {
      if (auto status = CheckRepository(caller, repository.name); !status.ok()) {
        check.problems.push_back(
            fmt::format("repository {}: {}", repository.name, MessageOf(status)));
      }
    }
    return check;
  }

  absl::StatusOr<GcReport> CollectGarbage(const Caller& caller, const GcOptions& options,
                                          const content::GcProgress& progress) override {
    MREG_RETURN_IF_ERROR(access_.RequireAdmin(caller));
    auto report = collector_.Run(options, progress);
    quotas_.Forget();
    return report;
  }

  absl::StatusOr<content::OptimizeReport> Optimize(const Caller& caller,
                                                   const content::OptimizeOptions& options,
                                                   const content::GcProgress& progress) override {
    MREG_RETURN_IF_ERROR(access_.RequireAdmin(caller));
    return optimizer_.Run(options, progress);
  }

  void StopUpkeep() override { upkeep_.Close(); }

 private:
  // What a reference led to may have been collected, once it was moved, while we looked.
  absl::Status CheckRepository(const Caller& caller, const std::string& text) const {
    MREG_ASSIGN_OR_RETURN(const auto name, RepositoryName::Parse(text));
    MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
    MREG_ASSIGN_OR_RETURN(auto references, history->references().List("refs/"));
    while (true) {
      const absl::Status status = CheckReferences(*history, references);
      MREG_ASSIGN_OR_RETURN(auto now, history->references().List("refs/"));
      if (status.ok()) break;
      if (now == references) return status;
      references = std::move(now);
    }
    MREG_ASSIGN_OR_RETURN(const uint64_t number, repositories_.NumberOf(caller, name));
    return attestations_.Check(number, *history);
  }

  absl::Status CheckReferences(const history::Repository& history,
                               const std::vector<history::Reference>& references) const {
    std::vector<CommitId> tips;
    for (const history::Reference& reference : references) {
      MREG_ASSIGN_OR_RETURN(const CommitId tip, history.Peel(reference.target));
      tips.push_back(tip);
    }
    absl::Status status;
    MREG_RETURN_IF_ERROR(history.Walk(tips, {}, [&](const history::Commit& commit) {
      status = CheckVersion(history, commit.id);
      return status.ok();
    }));
    return status;
  }

  absl::Status CheckVersion(const history::Repository& history, const CommitId& commit) const {
    MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(history, commit));
    for (const ManifestEntry& file : manifest.files) {
      if (!file.is_artifact) continue;
      MREG_ASSIGN_OR_RETURN(const auto recipe, content_.FindRecipe(file.digest));
      if (!recipe) {
        return absl::DataLossError(
            fmt::format("the content of {} in {} is missing", file.path, commit.ToShortHex()));
      }
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<kv::KeyValueStore> store_;
  const std::unique_ptr<content::PackStore> packs_;
  content::ContentStore content_;
  const std::unique_ptr<journal::Journal> journal_;
  Access access_;
  Repositories repositories_;
  Members members_;
  Leases leases_;
  Quotas quotas_;
  FileProofs proofs_;
  const ContentRules rules_;
  Transfer transfer_;
  Attestations attestations_;
  Browse browse_;
  Knowledge knowledge_;
  Upkeep upkeep_;
  Collector collector_;
  Optimizer optimizer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Registry>> OpenRegistry(const std::string& directory, OpenMode mode,
                                                       const RegistryOptions& options,
                                                       FileSystem& fs, const Clock& clock) {
  MREG_RETURN_IF_ERROR(PrepareFolder(directory, mode, fs));
  MREG_ASSIGN_OR_RETURN(auto store, kv::OpenRocksDb(JoinPath(directory, "index")));
  MREG_ASSIGN_OR_RETURN(auto packs, content::OpenPackFolder(fs, directory));
  auto registry = std::make_unique<FolderRegistry>(directory, fs, std::move(store),
                                                   std::move(packs), options, clock);
  MREG_RETURN_IF_ERROR(registry->Recover());
  return registry;
}

}  // namespace mreg::registry
