#include "cli/workspace/external_data.h"

#include <filesystem>
#include <set>
#include <utility>

#include "storage/registry/path_rules.h"

namespace mreg::workspace {
namespace {

std::set<std::string, std::less<>> FoldersAbove(std::span<const std::string> paths) {
  std::set<std::string, std::less<>> folders;
  for (std::string_view path : paths) {
    while (!path.empty()) {
      path = FolderOf(path);
      folders.emplace(path);
    }
  }
  return folders;
}

}  // namespace

std::optional<std::string> ResolveLocation(std::string_view model_path, std::string_view location) {
  if (location.empty() || location.front() == '/' || location.find('\0') != location.npos) {
    return std::nullopt;
  }
  const std::filesystem::path joined = std::filesystem::path(FolderOf(model_path)) / location;
  std::string path = joined.lexically_normal().string();
  if (!registry::CheckPath(path).ok()) return std::nullopt;
  return path;
}

void ExternalData::AddModel(std::string_view model_path, const onnx::ModelScan& scan) {
  for (const onnx::ExternalTensor& tensor : scan.external) {
    const auto path = ResolveLocation(model_path, tensor.location);
    if (!path) continue;
    ranges_[*path].push_back({tensor.name, tensor.type, tensor.offset, tensor.length, tensor.dims});
  }
}

void ExternalData::AddStagedModels(const WorkTree& tree, const history::StagingIndex& index,
                                   std::span<const std::string> data_paths) {
  const auto folders = FoldersAbove(data_paths);
  for (const history::StagedFile& staged : index.files()) {
    const std::string& path = staged.entry.path;
    if (!path.ends_with(".onnx") || !folders.contains(FolderOf(path))) continue;
    const auto file = tree.OpenFile(path);
    if (!file.ok()) continue;
    const auto layout = content::PlanLayout(**file, {});
    if (layout.ok() && layout->model) AddModel(path, *layout->model);
  }
}

const std::vector<content::ExternalRange>& ExternalData::RangesOf(std::string_view path) const {
  static const std::vector<content::ExternalRange> kNone;
  const auto found = ranges_.find(path);
  return found == ranges_.end() ? kNone : found->second;
}

}  // namespace mreg::workspace
