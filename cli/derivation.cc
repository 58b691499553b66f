#include "cli/derivation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "cli/display.h"
#include "cli/hint.h"
#include "cli/reference_names.h"
#include "schema/base/status.h"
#include "storage/registry/names.h"
#include "storage/sync/connect.h"

namespace mreg::cli {
namespace {

constexpr std::string_view kWays[] = {"fine-tune", "quantize", "cast",
                                      "optimize",  "distill",  "merge"};

struct ElsewhereRevision {
  registry::RepositoryName repository;
  std::string revision;
};

std::optional<ElsewhereRevision> ParseElsewhere(std::string_view text) {
  const size_t at = text.find('@');
  if (at == text.npos || at + 1 == text.size()) return std::nullopt;
  const auto repository = registry::RepositoryName::Parse(text.substr(0, at));
  if (!repository.ok()) return std::nullopt;
  return ElsewhereRevision{*repository, std::string(text.substr(at + 1))};
}

// The name of the remote that is that repository; nothing if none is.
absl::StatusOr<std::optional<std::string>> FindRemote(const workspace::Workspace& workspace,
                                                      const registry::RepositoryName& repository) {
  MREG_ASSIGN_OR_RETURN(const auto remotes, workspace.Remotes());
  for (const auto& [name, url] : remotes) {
    const auto parsed = sync::ParseRemoteUrl(url);
    if (parsed.ok() && parsed->repository == repository) return name;
  }
  return std::nullopt;
}

absl::StatusOr<CommitId> ResolveElsewhere(workspace::Workspace& workspace,
                                          const ElsewhereRevision& wanted) {
  MREG_ASSIGN_OR_RETURN(const auto remote, FindRemote(workspace, wanted.repository));
  if (!remote) {
    return WithHint(absl::NotFoundError(
                        fmt::format("no remote of this clone is {}", wanted.repository.ToString())),
                    "`mreg remote add NAME URL`, then `mreg fetch NAME` bring its history here");
  }
  for (const std::string& name :
       {fmt::format("{}/{}", *remote, wanted.revision), wanted.revision}) {
    const auto commit = workspace.history().Resolve(name);
    if (!absl::IsNotFound(commit.status())) return commit;
  }
  return WithHint(
      absl::NotFoundError(fmt::format("there is no {} of {} here", Shown(wanted.revision),
                                      wanted.repository.ToString())),
      fmt::format("`mreg fetch {}` brings what is new there", Shown(*remote)));
}

bool IsTrailer(std::string_view line) {
  const size_t colon = line.find(": ");
  return colon != line.npos && colon > 0 &&
         std::ranges::all_of(line.substr(0, colon), [](unsigned char letter) {
           return std::isalnum(letter) != 0 || letter == '-';
         });
}

// As git sees it: the last paragraph, if it is not the first and has trailers alone.
bool EndsInTrailers(std::string_view message) {
  const size_t gap = message.rfind("\n\n");
  if (gap == message.npos) return false;
  std::string_view rest = message.substr(gap + 2);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (!IsTrailer(rest.substr(0, end))) return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

}  // namespace

absl::StatusOr<Source> ResolveSource(workspace::Workspace& workspace, std::string_view text) {
  auto commit = ResolveRevision(workspace.history(), text);
  // A branch may be called so too.
  if (const auto elsewhere = ParseElsewhere(text); elsewhere && !commit.ok()) {
    commit = ResolveElsewhere(workspace, *elsewhere);
  }
  if (!commit.ok()) return commit.status();
  return Source{*commit, std::string(text)};
}

absl::StatusOr<std::vector<Source>> ResolveSources(workspace::Workspace& workspace,
                                                   std::span<const std::string> texts) {
  std::vector<Source> sources;
  for (const std::string& text : texts) {
    MREG_ASSIGN_OR_RETURN(sources.emplace_back(), ResolveSource(workspace, text));
  }
  return sources;
}

std::vector<CommitId> CommitsOf(std::span<const Source> sources) {
  std::vector<CommitId> commits;
  for (const Source& source : sources) commits.push_back(source.commit);
  return commits;
}

absl::StatusOr<std::string> WithDerivation(std::string_view message,
                                           std::span<const Source> sources, std::string_view how) {
  if (sources.empty() != how.empty()) {
    return absl::InvalidArgumentError("--derived-from and --how go together");
  }
  if (sources.empty()) return std::string(message);
  if (std::ranges::find(kWays, how) == std::end(kWays)) {
    return absl::InvalidArgumentError(
        fmt::format("--how is one of {}, not {}", fmt::join(kWays, ", "), Shown(how)));
  }
  std::string text(message.substr(0, message.find_last_not_of(" \t\r\n") + 1));
  if (text.empty()) return text;  // trailers are no message
  text += EndsInTrailers(text) ? "\n" : "\n\n";
  for (const Source& source : sources) {
    text += fmt::format("Derived-From: {} ({})\n", source.commit.ToHex(), source.name);
  }
  return text + fmt::format("Derived-How: {}\n", how);
}

}  // namespace mreg::cli
