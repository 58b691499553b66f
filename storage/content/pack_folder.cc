#include <fmt/format.h>

#include <list>
#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "schema/base/random.h"
#include "schema/base/status.h"
#include "storage/content/pack_store.h"

namespace mreg::content {
namespace {

constexpr size_t kOpenPacks = 128;
constexpr std::string_view kSuffix = ".pack";

// Packs that are open for reading; the least recently used is closed first. Thread-safe.
class OpenPacks {
 public:
  std::shared_ptr<ReadableFile> Find(const PackId& id) {
    std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }

  void Insert(const PackId& id, std::shared_ptr<ReadableFile> file) {
    std::lock_guard lock(mutex_);
    if (by_id_.contains(id)) return;
    order_.emplace_front(id, std::move(file));
    by_id_[id] = order_.begin();
    if (order_.size() <= kOpenPacks) return;
    by_id_.erase(order_.back().first);
    order_.pop_back();
  }

  void Erase(const PackId& id) {
    std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    order_.erase(found->second);
    by_id_.erase(found);
  }

 private:
  using Order = std::list<std::pair<PackId, std::shared_ptr<ReadableFile>>>;
  std::mutex mutex_;
  Order order_;
  absl::flat_hash_map<PackId, Order::iterator> by_id_;
};

class FolderUpload final : public PackUpload {
 public:
  FolderUpload(FileSystem& fs, std::string path, std::string packs,
               std::unique_ptr<WritableFile> file)
      : fs_(fs), path_(std::move(path)), packs_(std::move(packs)), file_(std::move(file)) {}

  ~FolderUpload() override {
    if (!published_) fs_.Remove(path_).IgnoreError();
  }

  absl::Status Write(ByteView data) override { return file_->Write(data); }
  void StartWriteback() override { file_->StartWriteback(); }

  absl::Status Publish(const PackId& id) override {
    const std::string hex = id.ToHex();
    const std::string shelf = JoinPath(packs_, hex.substr(0, 2));
    MREG_RETURN_IF_ERROR(file_->Sync());
    MREG_ASSIGN_OR_RETURN(const bool shelf_exists, fs_.Exists(shelf));
    if (!shelf_exists) {
      MREG_RETURN_IF_ERROR(fs_.CreateDirectories(shelf));
      MREG_RETURN_IF_ERROR(fs_.SyncDirectory(packs_));
    }
    MREG_RETURN_IF_ERROR(fs_.Rename(path_, JoinPath(shelf, hex + std::string(kSuffix))));
    published_ = true;
    return fs_.SyncDirectory(shelf);
  }

 private:
  FileSystem& fs_;
  const std::string path_;
  const std::string packs_;
  const std::unique_ptr<WritableFile> file_;
  bool published_ = false;
};

class PackFolder final : public PackStore {
 public:
  PackFolder(FileSystem& fs, const std::string& directory)
      : fs_(fs), packs_(JoinPath(directory, "packs")), incoming_(JoinPath(directory, "incoming")) {}

  absl::Status Initialize() {
    MREG_RETURN_IF_ERROR(fs_.CreateDirectories(packs_));
    return fs_.CreateDirectories(incoming_);
  }

  absl::StatusOr<std::unique_ptr<PackUpload>> Begin() override {
    const std::string path =
        JoinPath(incoming_, HexEncode(SecureRandomBytes(12)) + std::string(kSuffix));
    MREG_ASSIGN_OR_RETURN(auto file, fs_.Create(path));
    return std::make_unique<FolderUpload>(fs_, path, packs_, std::move(file));
  }

  absl::Status ReadAt(const PackId& id, uint64_t offset, std::span<char> buffer) const override {
    MREG_ASSIGN_OR_RETURN(const auto file, Open(id));
    MREG_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(offset, buffer));
    if (got != buffer.size()) {
      return absl::DataLossError(fmt::format("pack {} ends early", id.ToHex()));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<PackInfo>> List() const override {
    std::vector<PackInfo> packs;
    MREG_ASSIGN_OR_RETURN(const auto shelves, fs_.List(packs_));
    for (const auto& shelf : shelves) {
      if (shelf.type != FileType::kDirectory) continue;
      const std::string path = JoinPath(packs_, shelf.name);
      MREG_ASSIGN_OR_RETURN(const auto files, fs_.List(path));
      for (const auto& file : files) {
        if (!file.name.ends_with(kSuffix)) continue;
        const auto id = PackId::FromHex(
            std::string_view(file.name).substr(0, file.name.size() - kSuffix.size()));
        if (!id.ok()) continue;
        const auto info = Describe(*id);
        if (absl::IsNotFound(info.status())) continue;  // removed since its folder was listed
        if (!info.ok()) return info.status();
        packs.push_back(*info);
      }
    }
    return packs;
  }

  absl::Status Remove(const PackId& id) override {
    MREG_RETURN_IF_ERROR(fs_.Remove(PathOf(id)));
    open_.Erase(id);
    return absl::OkStatus();
  }

  absl::Status RecoverUploads(
      const std::function<absl::Status(const ReadableFile&)>& visit) override {
    MREG_ASSIGN_OR_RETURN(const auto entries, fs_.List(incoming_));
    for (const auto& entry : entries) {
      MREG_RETURN_IF_ERROR(IgnoreAbsence(Recover(JoinPath(incoming_, entry.name), visit)));
    }
    return absl::OkStatus();
  }

 private:
  std::string PathOf(const PackId& id) const {
    const std::string hex = id.ToHex();
    return fmt::format("{}/{}/{}{}", packs_, hex.substr(0, 2), hex, kSuffix);
  }

  absl::StatusOr<PackInfo> Describe(const PackId& id) const {
    const std::string path = PathOf(id);
    MREG_ASSIGN_OR_RETURN(const TimePoint written, fs_.ModifiedAt(path));
    MREG_ASSIGN_OR_RETURN(const auto opened, fs_.OpenRead(path));
    MREG_ASSIGN_OR_RETURN(const uint64_t size, opened->Size());
    return PackInfo{id, size, written};
  }

  // Its writer, or somebody else who recovers it, may have taken it away meanwhile.
  static absl::Status IgnoreAbsence(const absl::Status& status) {
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }

  absl::Status Recover(const std::string& path,
                       const std::function<absl::Status(const ReadableFile&)>& visit) {
    MREG_ASSIGN_OR_RETURN(const auto file, fs_.OpenRead(path));
    MREG_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
    MREG_ASSIGN_OR_RETURN(const bool is_held, fs_.IsBeingWritten(path));
    // An empty one may be a moment old, and holds nothing to lose.
    if (is_held || size == 0) return absl::OkStatus();
    MREG_RETURN_IF_ERROR(visit(*file));
    return fs_.Remove(path);
  }

  absl::StatusOr<std::shared_ptr<ReadableFile>> Open(const PackId& id) const {
    if (auto file = open_.Find(id)) return file;
    MREG_ASSIGN_OR_RETURN(auto opened, fs_.OpenRead(PathOf(id)));
    std::shared_ptr<ReadableFile> file = std::move(opened);
    open_.Insert(id, file);
    return file;
  }

  FileSystem& fs_;
  const std::string packs_;
  const std::string incoming_;
  mutable OpenPacks open_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PackStore>> OpenPackFolder(FileSystem& fs,
                                                          const std::string& directory) {
  auto folder = std::make_unique<PackFolder>(fs, directory);
  MREG_RETURN_IF_ERROR(folder->Initialize());
  return folder;
}

}  // namespace mreg::content
