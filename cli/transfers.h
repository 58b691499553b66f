// Fetching, as fetch, pull, clone, switch and restore share it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/remote_access.h"
#include "cli/terminal/json.h"
#include "storage/sync/transfer.h"

namespace mreg::cli {

struct FetchReport {
  std::vector<history::ReferenceMove> moves;  // of this clone's references
  std::vector<std::string> kept_tags;         // here and there with different targets
  std::string head;                           // the remote's main branch
  uint64_t objects = 0;                       // that were new
};

inline constexpr Option kDryRunOption = {
    .name = "dry-run", .letter = 'n', .help = "Only say what would be received and moved"};

// Brings the history of `from` and moves refs/remotes/<name>/* to what it has; new tags come
// along. No files. A dry run moves nothing; the objects that it looked at stay until a collection.
absl::StatusOr<FetchReport> FetchReferences(Context& context, workspace::Workspace& workspace,
                                            const NamedRemote& from, sync::Remote& remote,
                                            sync::DryRun dry_run);

// Says what was moved, and warns of tags that were not.
void NoteFetch(Context& context, const NamedRemote& from, const FetchReport& report);

terminal::Json FetchJson(const NamedRemote& from, const FetchReport& report);

// Asks what FetchFiles would bring. Nothing is kept.
absl::StatusOr<sync::FetchPlan> PlanFetch(workspace::Workspace& workspace,
                                          const std::vector<ArtifactId>& missing,
                                          sync::Remote& remote);

void NotePlan(Context& context, const sync::FetchPlan& plan);
terminal::Json PlanJson(const sync::FetchPlan& plan);

// Brings `files` into the user's store, from the remote of the branch HEAD is on; from `remote`
// where one is given. Says nothing and connects to nobody if there are none.
absl::Status FetchFiles(Context& context, workspace::Workspace& workspace,
                        const std::vector<ArtifactId>& files, sync::Remote* remote);

// The same for what a checkout of `commit` needs and the user's store lacks.
absl::Status FetchMissing(Context& context, workspace::Workspace& workspace, const CommitId& commit,
                          sync::Remote* remote);

// refs/remotes/origin/main of origin and refs/heads/main.
std::string TrackingReference(std::string_view remote, std::string_view branch);

// "2.33 MB: 41 of 44 chunks new, 2.10 MB sent"
std::string FormatTransfer(uint64_t file_bytes, uint64_t chunks, uint64_t new_chunks,
                           uint64_t wire_bytes, std::string_view verb);

}  // namespace mreg::cli
