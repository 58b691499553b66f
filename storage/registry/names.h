// How repositories are called: namespace/name.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mreg::registry {

// Valid once made. A value type.
class RepositoryName {
 public:
  // InvalidArgument unless `text` is namespace/name, each part of 1 to 96 ASCII letters, digits,
  // '.', '_' and '-', beginning with a letter or digit, not ending in ".git" or ".", without "..".
  static absl::StatusOr<RepositoryName> Parse(std::string_view text);

  const std::string& space() const { return space_; }  // the namespace
  const std::string& name() const { return name_; }
  std::string ToString() const { return space_ + "/" + name_; }

  friend bool operator==(const RepositoryName&, const RepositoryName&) = default;

 private:
  RepositoryName(std::string space, std::string name);
  std::string space_;
  std::string name_;
};

// One part of a repository's name, also a token's: the rule above.
bool IsValidNamePart(std::string_view part);

}  // namespace mreg::registry
