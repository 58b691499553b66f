#include "cli/reference_names.h"

#include <fmt/format.h>

#include "cli/display.h"
#include "cli/hint.h"
#include "cli/remote_access.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

std::string NameOf(std::string_view reference, const std::optional<std::string>& head) {
  const std::string name = ShortReference(reference);
  if (reference.starts_with(kTagPrefix)) return fmt::format("tag: {}", name);
  return head && *head == reference ? fmt::format("HEAD -> {}", name) : name;
}

}  // namespace

absl::StatusOr<ReferenceNames> ReadReferenceNames(const history::Repository& history) {
  MREG_ASSIGN_OR_RETURN(const auto references, history.references().List("refs/"));
  MREG_ASSIGN_OR_RETURN(const auto head, history.HeadBranch());
  ReferenceNames names;
  if (!head) {
    if (const auto commit = history.Resolve("HEAD"); commit.ok()) names[*commit] = {"HEAD"};
  }
  for (const history::Reference& reference : references) {
    const auto commit = history.Peel(reference.target);
    if (commit.ok()) names[*commit].push_back(NameOf(reference.name, head));
  }
  return names;
}

absl::StatusOr<CommitId> ResolveRevision(const history::Repository& history,
                                         std::string_view revision) {
  auto commit = history.Resolve(revision);
  if (!absl::IsNotFound(commit.status())) return commit;
  const bool has_commits = history.Resolve("HEAD").ok();
  return WithHint(commit.status(),
                  has_commits ? "`mreg log`, `mreg branch` and `mreg tag` list what there is"
                              : "nothing is committed yet: `mreg add`, then `mreg commit`");
}

}  // namespace mreg::cli
