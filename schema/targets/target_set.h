// The targets that a user has: those built in, and own ones in a folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/file_system.h"
#include "schema/targets/profile.h"

namespace mreg::targets {

struct Target {
  Profile profile;  // refined: with what its base says
  std::optional<Profile> fallback;
};

struct TargetHead {
  Profile head;  // as ParseProfileHead gives it, not refined
  bool is_builtin = false;
};

// One thread at a time.
class TargetSet {
 public:
  // `folder` has own profiles as NAME.tsv; it need not be there. `fs` outlives the set.
  TargetSet(FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  // By name. InvalidArgument for an own profile that cannot be read.
  absl::StatusOr<std::vector<TargetHead>> List() const;

  // NotFound if there is none of that name, or one that it names is missing; FailedPrecondition
  // where bases go round in a circle.
  absl::StatusOr<Target> Load(std::string_view name) const;

  // Keeps a profile under its name, durably. AlreadyExists if there is one of that name, unless it
  // is an own one and `replaces`.
  absl::Status Add(const Profile& profile, bool replaces);

  // NotFound if there is no own one of that name.
  absl::Status Remove(std::string_view name);

 private:
  std::string PathOf(std::string_view name) const;
  absl::StatusOr<Bytes> TextOf(std::string_view name) const;
  absl::StatusOr<Profile> LoadRefined(std::string_view name, int depth) const;

  FileSystem& fs_;
  const std::string folder_;
};

}  // namespace mreg::targets
