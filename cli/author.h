// Who makes a commit.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cli/context.h"
#include "cli/workspace/workspace.h"
#include "storage/history/repository.h"

namespace mreg::cli {

// "Name <address>", now, at this machine's clock. InvalidArgument for any other form.
absl::StatusOr<history::Signature> ParseAuthor(std::string_view text, TimePoint now);

// The first of: MREG_AUTHOR, the clone's user.name and user.email, the user's (settings.toml),
// login name and host name.
absl::StatusOr<history::Signature> ChooseAuthor(Context& context,
                                                const workspace::Workspace& workspace);

// Says why and by whom references are moved, for their logs.
history::MoveRecord RecordOf(const history::Signature& author, TimePoint now, std::string reason);

}  // namespace mreg::cli
