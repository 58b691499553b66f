// Pushing to and pulling from a Remote: who has to send what, in a constant number of round trips.
// Specification: docs/formats/sync.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/ids.h"
#include "storage/content/content_store.h"
#include "storage/content/file_assembler.h"
#include "storage/history/repository.h"
#include "storage/sync/remote.h"

namespace mreg::sync {

// Called with the bytes on the wire so far and in all, from the thread that transfers.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

// One reference to be moved on the remote.
struct PushItem {
  std::string reference;           // there: refs/heads/main
  std::optional<ObjectId> target;  // a local commit or tag; nothing: remove it
};

struct PushOutcome {
  std::vector<history::ReferenceMove> moves;  // made; empty: everything was up to date
  uint64_t file_bytes = 0;                    // of all files that the pushed versions added
  uint64_t new_bytes = 0;                     // plain bytes of the chunks the remote lacked
  uint64_t sent_bytes = 0;                    // on the wire, of chunks
  uint64_t chunks = 0;                        // in those files
  uint64_t sent_chunks = 0;
};

enum class Force { kNo, kYes };
enum class DryRun { kNo, kYes };

// Sends what the remote lacks and moves its references. The remote's own state is the expected
// one, so that somebody else's push in between is not overwritten: Aborted, or FailedPrecondition
// if the branch has commits there that are not in `target`. Both mean: fetch first. NotFound if
// content is missing here. With DryRun nothing is sent but the offer.
absl::StatusOr<PushOutcome> Push(const history::Repository& history,
                                 const content::ContentStore& content, Remote& remote,
                                 std::span<const PushItem> items, Force force, DryRun dry_run,
                                 const std::string& reason, const Progress& progress);

struct FetchedHistory {
  std::vector<history::Reference> references;  // of the remote, as they are there
  std::string head;                            // the remote's main branch: refs/heads/main
  uint64_t objects = 0;                        // that were new
};

// Brings the remote's branches and tags with all their history, and no files: afterwards every
// listed reference's objects are in `history`, durably. It moves no reference.
// NotFound if there is no such repository.
absl::StatusOr<FetchedHistory> FetchHistory(history::Repository& history, Remote& remote);

struct FetchOutcome {
  uint64_t file_bytes = 0;      // of the files asked for
  uint64_t received_bytes = 0;  // on the wire, of chunks
  uint64_t chunks = 0;
  uint64_t received_chunks = 0;
};

// What FetchFiles would do.
struct FetchPlan {
  uint64_t files = 0;             // that are not here, or not whole
  uint64_t file_bytes = 0;        // of them
  uint64_t chunks = 0;            // in them
  uint64_t missing_chunks = 0;    // of these, not here
  uint64_t missing_bytes = 0;     // of those, plain
  uint64_t receive_bytes = 0;     // on the wire
  bool receives_at_most = false;  // receive_bytes is the most: some chunks are encoded on the way
};

// Asks what FetchFiles would bring; nothing is kept.
absl::StatusOr<FetchPlan> PlanFetch(content::ContentStore& content, Remote& remote,
                                    std::span<const ArtifactId> files);

// Brings the files that `content` lacks. Each chunk is proved on arrival and kept even if the
// connection breaks. Where `outputs` are given (they outlive the call), files are put together
// there while their chunks arrive. Each file is proved as a whole then, or when it is first
// written out (ContentStore::CopyVerified).
absl::StatusOr<FetchOutcome> FetchFiles(content::ContentStore& content, Remote& remote,
                                        std::span<const ArtifactId> files, const Progress& progress,
                                        content::FileOutputs* outputs = nullptr);

}  // namespace mreg::sync
