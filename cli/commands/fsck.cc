#include "storage/content/fsck.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/remote_access.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "storage/registry/registry.h"
#include "storage/sync/repair.h"

namespace mreg::cli {
namespace {

using content::FsckDepth;
using registry::RegistryCheck;
using terminal::Json;

// Every object that a reference leads to is read, and so hashed.
void CheckHistory(const history::Repository& history, std::vector<std::string>& problems) {
  const auto references = history.references().List("refs/");
  if (!references.ok()) return problems.emplace_back(MessageOf(references.status())), void();
  for (const history::Reference& reference : *references) {
    const auto objects = history.ObjectsBetween({&reference.target, 1}, {});
    if (!objects.ok()) {
      problems.push_back(fmt::format("{}: {}", reference.name, MessageOf(objects.status())));
      continue;
    }
    for (const ObjectId& id : *objects) {
      const auto object = history.ReadObject(id);
      if (!object.ok()) problems.emplace_back(MessageOf(object.status()));
    }
  }
}

std::function<void(uint64_t)> ShowOn(terminal::ProgressBar& bar, uint64_t total) {
  return [&bar, total](uint64_t done) { bar.Update("checking", done, total); };
}

absl::StatusOr<RegistryCheck> CheckStore(Context& context, FsckDepth depth) {
  MREG_ASSIGN_OR_RETURN(
      const auto store,
      registry::LocalStore::Open(context.environment().store_directory, PosixFileSystem()));
  MREG_ASSIGN_OR_RETURN(const content::StoreStats stats, store->content().Stats());
  terminal::ProgressBar bar(context.terminal());
  RegistryCheck check;
  MREG_ASSIGN_OR_RETURN(check.content,
                        content::Fsck(store->content(), depth, ShowOn(bar, stats.pack_bytes)));
  // Outside a clone there is only the store to be checked.
  const auto workspace = context.OpenWorkspace();
  if (workspace.ok()) CheckHistory((*workspace)->history(), check.problems);
  if (!workspace.ok() && !absl::IsNotFound(workspace.status())) return workspace.status();
  return check;
}

// Fetches what `damaged` names from the remote.
absl::StatusOr<sync::RepairOutcome> Repair(Context& context, const Arguments& arguments,
                                           std::span<const ChunkId> damaged) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const NamedRemote from, ChooseRemote(*workspace, arguments.Get("remote")));
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(context, from.url, sync::CreateFolder::kNo));
  MREG_ASSIGN_OR_RETURN(registry::LocalStore* const store, workspace->store());
  terminal::ProgressBar bar(context.terminal());
  const auto outcome =
      sync::Repair(store->content(), *remote, damaged,
                   [&](uint64_t done, uint64_t total) { bar.Update("receiving", done, total); });
  if (!outcome.ok()) return AdviseOnRemote(outcome.status(), from.url);
  return outcome;
}

void NoteRepair(terminal::Terminal& terminal, const sync::RepairOutcome& outcome) {
  terminal.Note(fmt::format("{} repaired, {} received",
                            terminal::FormatCount(outcome.repaired, "chunk", "chunks"),
                            terminal::FormatSize(outcome.received_bytes)));
  if (outcome.unknown_files == 0) return;
  terminal.Note(
      fmt::format("{} the remote does not have; `--remote NAME` names another",
                  terminal::FormatCount(outcome.unknown_files, "damaged file", "damaged files")));
}

absl::StatusOr<RegistryCheck> CheckRegistry(Context& context, const std::string& folder,
                                            FsckDepth depth) {
  const registry::Caller owner = registry::Access::Owner();
  MREG_ASSIGN_OR_RETURN(const auto registry,
                        registry::OpenRegistry(folder, registry::OpenMode::kExisting, {},
                                               PosixFileSystem(), context.clock()));
  MREG_ASSIGN_OR_RETURN(const content::StoreStats stats, registry->Stats(owner));
  terminal::ProgressBar bar(context.terminal());
  return registry->Check(owner, depth, ShowOn(bar, stats.pack_bytes));
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  if (arguments.Has("repair") && (arguments.Has("registry") || arguments.Has("quick"))) {
    return absl::InvalidArgumentError(
        "--repair is for the user's store, and reads it all: neither --registry nor --quick");
  }
  const FsckDepth depth = arguments.Has("quick") ? FsckDepth::kIndex : FsckDepth::kContent;
  MREG_ASSIGN_OR_RETURN(RegistryCheck check,
                        arguments.Has("registry")
                            ? CheckRegistry(context, arguments.Get("registry"), depth)
                            : CheckStore(context, depth));
  sync::RepairOutcome repair;
  if (arguments.Has("repair") && !check.content.problems.empty()) {
    MREG_ASSIGN_OR_RETURN(repair, Repair(context, arguments, check.content.damaged));
    NoteRepair(context.terminal(), repair);
    MREG_ASSIGN_OR_RETURN(check, CheckStore(context, FsckDepth::kContent));
  }
  std::vector<std::string>& problems = check.problems;
  problems.insert(problems.end(), check.content.problems.begin(), check.content.problems.end());
  terminal::Terminal& terminal = context.terminal();
  if (arguments.wants_json()) {
    terminal.Print(Json::Object({{"packs", check.content.packs},
                                 {"chunks", check.content.chunks},
                                 {"artifacts", check.content.artifacts},
                                 {"full", depth == FsckDepth::kContent},
                                 {"repaired", repair.repaired},
                                 {"received_bytes", repair.received_bytes},
                                 {"problems", Json::ArrayOf(problems)}})
                       .ToText());
  } else {
    for (const std::string& problem : problems) terminal.Print(Shown(problem) + "\n");
  }
  terminal.Note(fmt::format(
      "checked {}, {}, {}: {}", terminal::FormatCount(check.content.artifacts, "file", "files"),
      terminal::FormatCount(check.content.chunks, "chunk", "chunks"),
      terminal::FormatCount(check.content.packs, "pack", "packs"),
      problems.empty() ? "sound" : terminal::FormatCount(problems.size(), "problem", "problems")));
  return problems.empty() ? ExitCode::kOk : ExitCode::kVerificationFailed;
}

constexpr Option kOptions[] = {
    {.name = "quick", .help = "Only look whether everything is there, without reading it all"},
    {.name = "registry", .value = "DIR", .help = "Check a registry's folder instead"},
    {.name = "repair", .help = "Fetch what is damaged or lost again, then check again"},
    {.name = "remote",
     .value = "NAME",
     .help = "Where to fetch it (default: the current branch's remote, else origin)"}};

constexpr Example kExamples[] = {
    {"fsck", "Read and hash everything in the user's store and this clone's history."},
    {"fsck --repair --remote backup", "Replace what is damaged by what the remote has."},
    {"fsck --registry /srv/models", "Check a registry that no daemon is serving."}};

}  // namespace

const Command kFsckCommand = {
    .name = "fsck",
    .group = Group::kCare,
    .summary = "Check that everything stored is sound",
    .goal = "check",
    .details =
        "Changes nothing without --repair. That replaces damaged and lost chunks of files in the "
        "user's store by those of a remote of this clone, each proved before it counts, and "
        "removes what cannot be read and is not used. Exits with 5 if there are problems, after a "
        "repair: if some are left.",
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
