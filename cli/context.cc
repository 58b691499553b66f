#include "cli/context.h"

#include <filesystem>

#include "cli/hint.h"
#include "schema/base/status.h"

namespace mreg::cli {

absl::StatusOr<std::string> Context::CurrentDirectory() const {
  std::error_code error;
  const auto current = std::filesystem::current_path(error);
  if (error) return ErrnoStatus(error.value(), "find the current folder");
  return current.string();
}

absl::StatusOr<std::unique_ptr<workspace::Workspace>> Context::OpenWorkspace() const {
  MREG_ASSIGN_OR_RETURN(const std::string current, CurrentDirectory());
  auto workspace = workspace::FindWorkspace(current, paths(), clock_);
  if (absl::IsNotFound(workspace.status())) {
    return WithHint(workspace.status(),
                    "`mreg init` begins a repository here, `mreg clone URL` fetches one");
  }
  return workspace;
}

}  // namespace mreg::cli
