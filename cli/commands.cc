#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "cli/command_list.h"

namespace mreg::cli {
namespace {

constexpr auto kCommands = std::to_array<const Command*>({
    &kInitCommand,
    &kCloneCommand,
    &kConfigCommand,
    &kAddCommand,
    &kStatusCommand,
    &kCommitCommand,
    &kRestoreCommand,
    &kLogCommand,
    &kShowCommand,
    &kLsCommand,
    &kInspectCommand,
    &kCheckCommand,
    &kLintCommand,
    &kValidateCommand,
    &kTargetListCommand,
    &kTargetShowCommand,
    &kTargetAddCommand,
    &kTargetRemoveCommand,
    &kTargetProbeCommand,
    &kAttestationListCommand,
    &kAttestationShowCommand,
    &kAttestationAddCommand,
    &kDiffCommand,
    &kBranchCommand,
    &kSwitchCommand,
    &kTagCommand,
    &kMergeCommand,
    &kRemoteListCommand,
    &kRemoteAddCommand,
    &kRemoteSetUrlCommand,
    &kRemoteRemoveCommand,
    &kFetchCommand,
    &kPullCommand,
    &kPushCommand,
    &kSearchCommand,
    &kLineageCommand,
    &kLoginCommand,
    &kLogoutCommand,
    &kFsckCommand,
    &kGcCommand,
    &kStoreStatsCommand,
    &kStoreOptimizeCommand,
    &kCompletionCommand,
    &kVersionCommand,
    &kHelpCommand,
});

const Command* FindByName(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const Command* command) { return command->name == name; });
  return found == kCommands.end() ? nullptr : *found;
}

// How many letters have to be put in, left out or replaced to make `b` of `a`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::span<const Command* const> AllCommands() { return kCommands; }

FoundCommand FindCommand(std::span<const std::string> words) {
  if (words.empty()) return {};
  if (words.size() > 1) {
    const Command* const command = FindByName(fmt::format("{} {}", words[0], words[1]));
    if (command != nullptr) return {command, 2};
  }
  if (const Command* const command = FindByName(words[0])) return {command, 1};
  if (const Command* const list = FindByName(words[0] + " list")) return {list, 1};
  return {};
}

std::optional<std::string> NearestCommand(std::string_view name) {
  for (const Command* command : kCommands) {
    if (command->name.starts_with(fmt::format("{} ", name))) return std::string(command->name);
  }
  // Words that share less than half their letters are not alike.
  size_t nearest = std::max<size_t>(name.size() / 2, 1) + 1;
  std::optional<std::string> found;
  for (const Command* command : kCommands) {
    const size_t distance = EditDistance(name, command->name);
    if (distance >= nearest) continue;
    nearest = distance;
    found = command->name;
  }
  return found;
}

}  // namespace mreg::cli
