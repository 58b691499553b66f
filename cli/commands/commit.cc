#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/arguments.h"
#include "cli/author.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/derivation.h"
#include "cli/display.h"
#include "cli/hint.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

// The tracked files that changed, as `commit --all` takes them.
absl::Status AddTracked(workspace::Workspace& workspace, std::span<const Source> sources) {
  MREG_ASSIGN_OR_RETURN(const workspace::StatusReport status, workspace.Status());
  std::vector<std::string> paths;
  for (const workspace::ChangedFile& file : status.unstaged) paths.push_back(file.path);
  if (paths.empty()) return absl::OkStatus();
  return workspace.Add(paths, workspace.root(), CommitsOf(sources), nullptr).status();
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const history::Signature author,
                        arguments.Has("author")
                            ? ParseAuthor(arguments.Get("author"), context.clock().Now())
                            : ChooseAuthor(context, *workspace));
  MREG_ASSIGN_OR_RETURN(const auto sources,
                        ResolveSources(*workspace, arguments.All("derived-from")));
  MREG_ASSIGN_OR_RETURN(
      const std::string message,
      WithDerivation(fmt::format("{}", fmt::join(arguments.All("message"), "\n\n")), sources,
                     arguments.Get("how")));
  const Interrupts::Hold hold(context.interrupts());
  if (arguments.Has("all")) MREG_RETURN_IF_ERROR(AddTracked(*workspace, sources));
  const auto commit = workspace->Commit(message, author, {});
  if (absl::IsFailedPrecondition(commit.status())) {
    return WithHint(commit.status(),
                    "`mreg add PATH` takes changes into the next commit, `mreg status` lists them");
  }
  if (!commit.ok()) return commit.status();
  MREG_ASSIGN_OR_RETURN(const auto branch, workspace->history().HeadBranch());
  context.terminal().Note(fmt::format("[{} {}] {}", branch ? ShortReference(*branch) : "no branch",
                                      commit->ToShortHex(), SubjectOf(message)));
  return ExitCode::kOk;
}

constexpr Option kOptions[] = {
    {.name = "message",
     .letter = 'm',
     .value = "TEXT",
     .help = "What the version is about; given again, a further paragraph",
     .repeats = true},
    {.name = "all", .letter = 'a', .help = "Add all changed and removed tracked files first"},
    {.name = "derived-from",
     .value = "REVISION",
     .help = "The version that this one was made from, also as NAMESPACE/NAME@REVISION; given "
             "again, a further one",
     .repeats = true},
    {.name = "how",
     .value = "WAY",
     .help = "How: fine-tune, quantize, cast, optimize, distill or merge"},
    {.name = "author", .value = "AUTHOR", .help = "The author, as 'Name <address>'"}};

constexpr Example kExamples[] = {
    {"commit -m 'silero v5'", "Make a version of what was added."},
    {"commit -a -m 'new thresholds'", "Add what changed and make a version."},
    {"commit -m 'int8' --derived-from v1 --how quantize", "Say what it was made from."}};

}  // namespace

const Command kCommitCommand = {
    .name = "commit",
    .group = Group::kWork,
    .summary = "Make a version of what was added",
    .goal = "commit",
    .details =
        "The author is the first of --author, MREG_AUTHOR, the clone's and the user's "
        "user.name and user.email (see `mreg help config`), login and host name.\n\n"
        "What a version was made from is kept in its message, as lines Derived-From and "
        "Derived-How that `mreg show` and `mreg log` show. NAMESPACE/NAME@REVISION is one of "
        "another repository, which has to be a remote of this clone, and fetched.",
    .options = kOptions,
    .examples = kExamples,
    .run = Run,
};

}  // namespace mreg::cli
