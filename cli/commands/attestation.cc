#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/reference_names.h"
#include "cli/remote_access.h"
#include "cli/terminal/table.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

using registry::Attestation;
using terminal::Align;
using terminal::Json;

// The version that is meant, at the remote that is meant.
struct Asked {
  NamedRemote remote;
  sync::RemoteVersion version;
};

absl::StatusOr<Asked> VersionAsked(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const auto workspace, context.OpenWorkspace());
  MREG_ASSIGN_OR_RETURN(const CommitId commit,
                        ResolveRevision(workspace->history(), arguments.Get("REVISION", "HEAD")));
  MREG_ASSIGN_OR_RETURN(NamedRemote remote, ChooseRemote(*workspace, arguments.Get("remote")));
  MREG_ASSIGN_OR_RETURN(sync::RemoteVersion version, VersionAt(context, remote, commit));
  return Asked{std::move(remote), std::move(version)};
}

std::string SignatureText(const Attestation& attestation) {
  if (!attestation.content.is_signed()) return "unsigned";
  std::vector<std::string> keys;
  for (const std::string& key : attestation.content.key_ids) {
    keys.push_back(key.empty() ? "an unnamed key" : Shown(key));
  }
  return fmt::format("says it is signed by {}: not verified", fmt::join(keys, ", "));
}

std::string FormatList(std::span<const Attestation> list) {
  terminal::Table table(
      {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  for (const Attestation& one : list) {
    const auto& test = one.content.test;
    std::vector<std::string> files;
    for (const signing::Subject& file : one.content.files) files.push_back(Shown(file.name));
    table.AddRow({one.id.ToShortHex(), test ? test->result : Shown(one.content.predicate_type),
                  test ? Shown(test->target) : "", fmt::format("{}", fmt::join(files, ", ")),
                  "by " + Shown(one.actor), SignatureText(one)});
  }
  return table.ToText();
}

absl::StatusOr<ExitCode> RunList(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const Asked asked, VersionAsked(context, arguments));
  const auto list = sync::ListAttestations(asked.version);
  if (!list.ok()) return AdviseOnAttestations(list.status(), asked.remote);
  terminal::Terminal& terminal = context.terminal();
  if (arguments.wants_json()) {
    terminal.Print(Json::Parse(sync::AttestationsToJson(*list)).ToText());
    return ExitCode::kOk;
  }
  terminal.Print(FormatList(list->attestations));
  if (list->attestations.empty()) terminal.Note("nothing is attested of this version");
  return ExitCode::kOk;
}

// The one whose id begins with `text`.
absl::StatusOr<registry::AttestationId> FindId(std::span<const Attestation> list,
                                               std::string_view text) {
  constexpr size_t kFewestDigits = 4;
  std::vector<registry::AttestationId> found;
  for (const Attestation& one : list) {
    if (text.size() >= kFewestDigits && one.id.ToHex().starts_with(text)) found.push_back(one.id);
  }
  if (found.size() == 1) return found[0];
  if (!found.empty()) {
    return absl::InvalidArgumentError(fmt::format("several begin with {}", Shown(text)));
  }
  return absl::NotFoundError(fmt::format("the version has no attestation {}", Shown(text)));
}

absl::StatusOr<ExitCode> RunShow(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const Asked asked, VersionAsked(context, arguments));
  const auto list = sync::ListAttestations(asked.version);
  if (!list.ok()) return AdviseOnAttestations(list.status(), asked.remote);
  MREG_ASSIGN_OR_RETURN(const auto id, FindId(list->attestations, arguments.Get("ID")));
  const auto document = sync::ReadAttestation(asked.version, id);
  if (!document.ok()) return AdviseOnRemote(document.status(), asked.remote.url);
  context.terminal().Print(*document);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunAdd(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(
      const Bytes document,
      ReadSmallFile(PosixFileSystem(), arguments.Get("FILE"), registry::kMaxAttestationBytes));
  MREG_ASSIGN_OR_RETURN(const Asked asked, VersionAsked(context, arguments));
  const auto added = sync::AddAttestation(asked.version, document);
  if (!added.ok()) return AdviseOnAttestations(added.status(), asked.remote);
  context.terminal().Note(fmt::format("{}: {}", added->is_new ? "recorded" : "was there already",
                                      added->id.ToShortHex()));
  return ExitCode::kOk;
}

constexpr Option kRemoteOption = {
    .name = "remote",
    .value = "NAME",
    .help = "Which remote to ask (default: the branch's remote, or origin)"};
constexpr Option kOptions[] = {kRemoteOption};
constexpr Positional kVersion = {"REVISION", Count::kOptional, "The version (default: HEAD)"};

constexpr Positional kListPositionals[] = {kVersion};
constexpr Example kListExamples[] = {
    {"attestation list v1", "What is said of the version v1, and by whom."}};

constexpr Positional kShowPositionals[] = {
    {"ID", Count::kOne, "The attestation's SHA-256, or how it begins"}, kVersion};
constexpr Example kShowExamples[] = {
    {"attestation show 5f2c91ab v1", "Its bytes, as they were added."}};

constexpr Positional kAddPositionals[] = {
    {"FILE", Count::kOne, "An in-toto statement, or a DSSE envelope around one"}, kVersion};
constexpr Example kAddExamples[] = {
    {"attestation add provenance.json v1", "Keep with v1 what another tool says of it."}};

}  // namespace

const Command kAttestationListCommand = {
    .name = "attestation list",
    .group = Group::kLook,
    .summary = "Show what is attested of a version",
    .goal = "list the attestations",
    .details =
        "An attestation is a statement about a version's digest: that it passed a validation on a "
        "target, how it was made. The registry keeps them with who added them. It verifies no "
        "signatures: one that is shown as signed has to be verified with the key that you trust.",
    .positionals = kListPositionals,
    .options = kOptions,
    .examples = kListExamples,
    .output = Output::kTextOrJson,
    .run = RunList,
};

const Command kAttestationShowCommand = {
    .name = "attestation show",
    .group = Group::kLook,
    .summary = "Print an attestation as it was added",
    .goal = "show the attestation",
    .details =
        "The bytes are what a signature is about: other tools verify it with them. They are "
        "not escaped for a terminal.",
    .positionals = kShowPositionals,
    .options = kOptions,
    .examples = kShowExamples,
    .run = RunShow,
};

const Command kAttestationAddCommand = {
    .name = "attestation add",
    .group = Group::kShare,
    .summary = "Keep an attestation with a version",
    .goal = "add the attestation",
    .details =
        "The statement has to name the version's digest (`mreg show` tells it) among its subjects, "
        "and else nothing but the version's files by path and SHA-256. Whoever may push may add; "
        "what was added stays as long as the version. `mreg validate --record` adds what it "
        "found.",
    .positionals = kAddPositionals,
    .options = kOptions,
    .examples = kAddExamples,
    .run = RunAdd,
};

}  // namespace mreg::cli
