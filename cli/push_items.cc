#include "cli/push_items.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cli/author.h"
#include "cli/checkout.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "cli/transfers.h"
#include "schema/base/status.h"

namespace mreg::cli {

using sync::PushItem;
using workspace::Workspace;

namespace {

// A branch, or a tag, or (to be removed there) either.
absl::StatusOr<PushItem> ItemOf(const history::Repository& history, const std::string& name,
                                bool is_removal) {
  for (const std::string_view prefix : {kBranchPrefix, kTagPrefix}) {
    const std::string reference = fmt::format("{}{}", prefix, name);
    MREG_ASSIGN_OR_RETURN(const auto target, history.references().Read(reference));
    if (target) return PushItem{reference, is_removal ? std::nullopt : target};
  }
  if (is_removal) return PushItem{fmt::format("{}{}", kBranchPrefix, name), std::nullopt};
  return absl::NotFoundError(fmt::format("there is no branch or tag {}", Shown(name)));
}

absl::StatusOr<PushItem> CurrentBranch(const history::Repository& history) {
  MREG_ASSIGN_OR_RETURN(const auto head, history.HeadBranch());
  if (!head) {
    return WithHint(absl::FailedPreconditionError("HEAD is on no branch"),
                    "name what to push: `mreg push REMOTE BRANCH`");
  }
  MREG_ASSIGN_OR_RETURN(const auto target, history.references().Read(*head));
  if (target) return PushItem{*head, target};
  return WithHint(
      absl::NotFoundError(fmt::format("branch {} has no commits", ShortReference(*head))),
      "`mreg add`, then `mreg commit`");
}

}  // namespace

absl::StatusOr<std::vector<PushItem>> ChoosePushItems(const history::Repository& history,
                                                      const Arguments& arguments) {
  std::vector<PushItem> items;
  for (const std::string& name : arguments.All("BRANCH")) {
    MREG_ASSIGN_OR_RETURN(PushItem item, ItemOf(history, name, arguments.Has("delete")));
    items.push_back(std::move(item));
  }
  if (items.empty() && arguments.Has("delete")) {
    return absl::InvalidArgumentError("--delete needs a remote and what to remove there");
  }
  if (items.empty()) {
    MREG_ASSIGN_OR_RETURN(PushItem item, CurrentBranch(history));
    items.push_back(std::move(item));
  }
  if (!arguments.Has("tags")) return items;
  MREG_ASSIGN_OR_RETURN(const auto tags, history.references().List(kTagPrefix));
  for (const history::Reference& tag : tags) items.push_back({tag.name, tag.target});
  return items;
}

// What the remote has now, as far as its branches are followed here.
absl::Status MoveTracking(Context& context, Workspace& workspace, const NamedRemote& to,
                          std::span<const PushItem> items) {
  history::References& references = workspace.history().references();
  std::vector<history::ReferenceMove> moves;
  for (const PushItem& item : items) {
    if (!item.reference.starts_with(kBranchPrefix)) continue;
    const std::string name = TrackingReference(to.name, item.reference);
    MREG_ASSIGN_OR_RETURN(const auto now, references.Read(name));
    if (now != item.target) moves.push_back({name, now, item.target});
  }
  if (moves.empty()) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const auto author, ChooseAuthor(context, workspace));
  const Interrupts::Hold hold(context.interrupts());
  const absl::Status status =
      references.Move(moves, RecordOf(author, context.clock().Now(), "update by push"));
  // Another command of this clone has seen the remote since: its word is newer.
  return absl::IsAborted(status) ? absl::OkStatus() : status;
}

absl::Status FollowBranches(Context& context, Workspace& workspace, const NamedRemote& to,
                            std::span<const PushItem> items) {
  for (const PushItem& item : items) {
    if (!item.reference.starts_with(kBranchPrefix) || !item.target) continue;
    MREG_RETURN_IF_ERROR(SetUpstream(context, workspace, item.reference, to.name, item.reference));
  }
  return absl::OkStatus();
}

}  // namespace mreg::cli
