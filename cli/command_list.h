// Every command, defined in a file of its own in cli/commands/.
#pragma once

#include "cli/command.h"

namespace mreg::cli {

extern const Command kAddCommand;
extern const Command kAttestationAddCommand;
extern const Command kAttestationListCommand;
extern const Command kAttestationShowCommand;
extern const Command kBranchCommand;
extern const Command kCheckCommand;
extern const Command kCloneCommand;
extern const Command kCommitCommand;
extern const Command kCompletionCommand;
extern const Command kConfigCommand;
extern const Command kDiffCommand;
extern const Command kFetchCommand;
extern const Command kFsckCommand;
extern const Command kGcCommand;
extern const Command kHelpCommand;
extern const Command kInitCommand;
extern const Command kInspectCommand;
extern const Command kLintCommand;
extern const Command kLogCommand;
extern const Command kLoginCommand;
extern const Command kLogoutCommand;
extern const Command kLsCommand;
extern const Command kMergeCommand;
extern const Command kPullCommand;
extern const Command kPushCommand;
extern const Command kRemoteAddCommand;
extern const Command kRemoteListCommand;
extern const Command kRemoteRemoveCommand;
extern const Command kRemoteSetUrlCommand;
extern const Command kRestoreCommand;
extern const Command kSearchCommand;
extern const Command kLineageCommand;
extern const Command kShowCommand;
extern const Command kStatusCommand;
extern const Command kStoreOptimizeCommand;
extern const Command kStoreStatsCommand;
extern const Command kSwitchCommand;
extern const Command kTagCommand;
extern const Command kTargetAddCommand;
extern const Command kTargetListCommand;
extern const Command kTargetProbeCommand;
extern const Command kTargetRemoveCommand;
extern const Command kTargetShowCommand;
extern const Command kValidateCommand;
extern const Command kVersionCommand;

}  // namespace mreg::cli
