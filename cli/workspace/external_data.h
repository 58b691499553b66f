// Which files hold the tensors of models beside them, and where: the models say so. Internal to
// cli/workspace.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/workspace/work_tree.h"
#include "storage/content/segmenter.h"
#include "storage/history/staging_index.h"

namespace mreg::workspace {

// Where tensors lie, by the path of the file that they lie in.
class ExternalData {
 public:
  // Notes what the model at `model_path` says. A location counts only if it is a path that a
  // version may have; whether there is such a file is not asked.
  void AddModel(std::string_view model_path, const onnx::ModelScan& scan);

  // Notes what staged models say that could name one of `data_paths`: those called *.onnx in the
  // same folder or one above. A model that cannot be read says nothing.
  void AddStagedModels(const WorkTree& tree, const history::StagingIndex& index,
                       std::span<const std::string> data_paths);

  // Empty for a file that no model names.
  const std::vector<content::ExternalRange>& RangesOf(std::string_view path) const;

 private:
  std::map<std::string, std::vector<content::ExternalRange>, std::less<>> ranges_;
};

// Where a model at `model_path` finds `location`; nothing if that is absolute, leaves the work
// tree, or cannot be a path of a version.
std::optional<std::string> ResolveLocation(std::string_view model_path, std::string_view location);

}  // namespace mreg::workspace
