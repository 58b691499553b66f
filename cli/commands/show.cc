#include <fmt/format.h>

#include <optional>

#include "cli/arguments.h"
#include "cli/card.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/reference_names.h"
#include "cli/terminal/units.h"
#include "schema/base/status.h"
#include "storage/registry/version_card.h"

namespace mreg::cli {
namespace {

using registry::Manifest;
using terminal::Json;

std::string FormatVersion(const terminal::Terminal& terminal, const history::Commit& commit,
                          std::span<const std::string> names, const Manifest& manifest,
                          const std::optional<formats::Card>& card) {
  uint64_t bytes = 0;
  for (const registry::ManifestEntry& file : manifest.files) bytes += file.size;
  return fmt::format("{}\n{}Manifest: sha256:{}\n{}, {}\n\n{}",
                     FormatCommit(terminal, commit, names), card ? FormatCard(*card) : "",
                     registry::DigestOf(manifest).ToHex(),
                     terminal::FormatCount(manifest.files.size(), "file", "files"),
                     terminal::FormatSize(bytes), FormatFiles(manifest.files));
}

Json VersionJson(const history::Commit& commit, std::span<const std::string> names,
                 const Manifest& manifest, const std::optional<formats::Card>& card) {
  Json json = CommitJson(commit, names);
  json.Set("manifest", registry::DigestOf(manifest).ToHex());
  json.Set("card", card ? CardJson(*card) : Json());
  json.Set("files", FilesJson(manifest.files));
  return json;
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  const history::Repository& history = workspace->history();
  MREG_ASSIGN_OR_RETURN(const CommitId id,
                        ResolveRevision(history, arguments.Get("REVISION", "HEAD")));
  MREG_ASSIGN_OR_RETURN(const history::Commit commit, history.ReadCommit(id));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, registry::ReadManifest(history, id));
  MREG_ASSIGN_OR_RETURN(const auto card, registry::ReadCard(history, manifest));
  MREG_ASSIGN_OR_RETURN(const ReferenceNames all_names, ReadReferenceNames(history));
  const auto found = all_names.find(id);
  const std::vector<std::string> names =
      found == all_names.end() ? std::vector<std::string>() : found->second;
  terminal::Terminal& terminal = context.terminal();
  terminal.Print(arguments.wants_json() ? VersionJson(commit, names, manifest, card).ToText()
                                        : FormatVersion(terminal, commit, names, manifest, card));
  return ExitCode::kOk;
}

constexpr Positional kPositionals[] = {
    {"REVISION", Count::kOptional, "The version (default: HEAD)"}};

constexpr Example kExamples[] = {
    {"show", "The version that is checked out."},
    {"show v1 --json", "The version v1 with its digest and files, for a program."}};

}  // namespace

const Command kShowCommand = {
    .name = "show",
    .group = Group::kLook,
    .summary = "Show a version with its digest and files",
    .goal = "show the version",
    .details =
        "The manifest's digest is what signatures and attestations are about: it depends "
        "on the files' paths, modes, sizes and content, and on nothing else. License, task, tags "
        "and base "
        "model are told as the front matter of its README.md says.",
    .positionals = kPositionals,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
