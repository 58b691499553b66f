#include "cli/transfers.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "cli/author.h"
#include "cli/display.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using terminal::Json;

// Where references of the remote go: branches below refs/remotes, tags to their own names.
class MovePlan {
 public:
  MovePlan(const history::References& here, std::string remote)
      : here_(here), remote_(std::move(remote)) {}

  absl::Status Add(const history::Reference& there, FetchReport& report) const {
    const bool is_branch = there.name.starts_with(kBranchPrefix);
    if (!is_branch && !there.name.starts_with(kTagPrefix)) return absl::OkStatus();
    const std::string name = is_branch ? TrackingReference(remote_, there.name) : there.name;
    MREG_ASSIGN_OR_RETURN(const auto now, here_.Read(name));
    if (now == there.target) return absl::OkStatus();
    if (now && !is_branch) {
      report.kept_tags.push_back(name);
    } else {
      report.moves.push_back({name, now, there.target});
    }
    return absl::OkStatus();
  }

 private:
  const history::References& here_;
  const std::string remote_;
};

absl::Status MoveReferences(Context& context, workspace::Workspace& workspace,
                            const NamedRemote& from, const FetchReport& report) {
  if (report.moves.empty()) return absl::OkStatus();
  MREG_ASSIGN_OR_RETURN(const auto author, ChooseAuthor(context, workspace));
  const Interrupts::Hold hold(context.interrupts());
  return workspace.history().references().Move(
      report.moves,
      RecordOf(author, context.clock().Now(), fmt::format("fetch from {}", from.name)));
}

std::string FormatMove(const history::ReferenceMove& move) {
  const std::string name = ShortReference(move.name);
  if (!move.expected) return fmt::format("  new {}  {}", move.target->ToShortHex(), name);
  return fmt::format("  {}..{}  {}", move.expected->ToShortHex(), move.target->ToShortHex(), name);
}

absl::Status FetchFrom(Context& context, workspace::Workspace& workspace, sync::Remote& remote,
                       const std::vector<ArtifactId>& files) {
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, workspace.store());
  absl::StatusOr<sync::FetchOutcome> outcome;
  {
    terminal::ProgressBar bar(context.terminal());
    const auto progress = [&](uint64_t done, uint64_t total) {
      bar.Update("receiving", done, total);
    };
    outcome = sync::FetchFiles(store->content(), remote, files, progress, &workspace.fetched());
  }
  if (!outcome.ok()) return AdviseOnRemote(outcome.status(), remote.url());
  context.terminal().Note(
      fmt::format("{}, {}", terminal::FormatCount(files.size(), "file", "files"),
                  FormatTransfer(outcome->file_bytes, outcome->chunks, outcome->received_chunks,
                                 outcome->received_bytes, "received")));
  return absl::OkStatus();
}

}  // namespace

std::string TrackingReference(std::string_view remote, std::string_view branch) {
  return fmt::format("refs/remotes/{}/{}", remote, BranchName(branch));
}

absl::StatusOr<FetchReport> FetchReferences(Context& context, workspace::Workspace& workspace,
                                            const NamedRemote& from, sync::Remote& remote,
                                            sync::DryRun dry_run) {
  auto fetched = sync::FetchHistory(workspace.history(), remote);
  if (!fetched.ok()) return AdviseOnRemote(fetched.status(), from.url);
  FetchReport report;
  report.head = fetched->head;
  if (!report.head.starts_with(kBranchPrefix)) {
    return absl::DataLossError(
        fmt::format("{} has '{}' for its main branch", from.url, Shown(report.head)));
  }
  report.objects = fetched->objects;
  const MovePlan plan(workspace.history().references(), from.name);
  for (const history::Reference& there : fetched->references) {
    MREG_RETURN_IF_ERROR(plan.Add(there, report));
  }
  if (dry_run == sync::DryRun::kNo) {
    MREG_RETURN_IF_ERROR(MoveReferences(context, workspace, from, report));
  }
  return report;
}

void NoteFetch(Context& context, const NamedRemote& from, const FetchReport& report) {
  terminal::Terminal& terminal = context.terminal();
  if (report.moves.empty()) {
    terminal.Note(fmt::format("nothing new at {}", from.url));
  } else {
    terminal.Note(fmt::format("from {}", from.url));
  }
  for (const history::ReferenceMove& move : report.moves) terminal.Note(FormatMove(move));
  for (const std::string& tag : report.kept_tags) {
    terminal.Note(fmt::format("warning: tag {} is another version there; it was left as it is here",
                              ShortReference(tag)));
  }
}

Json FetchJson(const NamedRemote& from, const FetchReport& report) {
  return Json::Object({{"remote", from.name},
                       {"url", from.url},
                       {"moves", MovesJson(report.moves)},
                       {"kept_tags", Json::ArrayOf(report.kept_tags)},
                       {"objects", report.objects}});
}

absl::Status FetchFiles(Context& context, workspace::Workspace& workspace,
                        const std::vector<ArtifactId>& files, sync::Remote* remote) {
  if (files.empty()) return absl::OkStatus();
  if (remote != nullptr) return FetchFrom(context, workspace, *remote, files);
  MREG_ASSIGN_OR_RETURN(const NamedRemote from, ChooseRemote(workspace, ""));
  MREG_ASSIGN_OR_RETURN(const auto connected,
                        ConnectTo(context, from.url, sync::CreateFolder::kNo));
  return FetchFrom(context, workspace, *connected, files);
}

absl::Status FetchMissing(Context& context, workspace::Workspace& workspace, const CommitId& commit,
                          sync::Remote* remote) {
  // What has come may tell of more. Each round brings a file at least.
  while (true) {
    MREG_ASSIGN_OR_RETURN(const auto missing, workspace.MissingFiles(commit));
    if (missing.empty()) return absl::OkStatus();
    MREG_RETURN_IF_ERROR(FetchFiles(context, workspace, missing, remote));
  }
}

absl::StatusOr<sync::FetchPlan> PlanFetch(workspace::Workspace& workspace,
                                          const std::vector<ArtifactId>& missing,
                                          sync::Remote& remote) {
  if (missing.empty()) return sync::FetchPlan{};
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, workspace.store());
  auto plan = sync::PlanFetch(store->content(), remote, missing);
  if (!plan.ok()) return AdviseOnRemote(plan.status(), remote.url());
  return plan;
}

void NotePlan(Context& context, const sync::FetchPlan& plan) {
  if (plan.files == 0) {
    context.terminal().Note("no file would be received");
    return;
  }
  context.terminal().Note(fmt::format(
      "{}, {}", terminal::FormatCount(plan.files, "file", "files"),
      FormatTransfer(plan.file_bytes, plan.chunks, plan.missing_chunks, plan.receive_bytes,
                     plan.receives_at_most ? "would be received at most" : "would be received")));
}

Json PlanJson(const sync::FetchPlan& plan) {
  return Json::Object({{"files", plan.files},
                       {"file_bytes", plan.file_bytes},
                       {"chunks", plan.chunks},
                       {"missing_chunks", plan.missing_chunks},
                       {"missing_bytes", plan.missing_bytes},
                       {"receive_bytes", plan.receive_bytes},
                       {"receives_at_most", plan.receives_at_most}});
}

std::string FormatTransfer(uint64_t file_bytes, uint64_t chunks, uint64_t new_chunks,
                           uint64_t wire_bytes, std::string_view verb) {
  return fmt::format("{}: {} of {} chunks new, {} {}", terminal::FormatSize(file_bytes), new_chunks,
                     chunks, terminal::FormatSize(wire_bytes), verb);
}

}  // namespace mreg::cli
