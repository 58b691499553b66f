#include "storage/registry/names.h"

#include <algorithm>
#include <utility>

namespace mreg::registry {
namespace {

constexpr size_t kMaxPart = 96;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool IsValidNamePart(std::string_view part) {
  if (part.empty() || part.size() > kMaxPart || !IsAlphanumeric(part.front())) return false;
  if (part.ends_with(".git") || part.ends_with('.')) return false;
  if (part.find("..") != std::string_view::npos) return false;
  return std::all_of(part.begin(), part.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

absl::StatusOr<RepositoryName> RepositoryName::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos && IsValidNamePart(text.substr(0, slash)) &&
      IsValidNamePart(text.substr(slash + 1))) {
    return RepositoryName(std::string(text.substr(0, slash)), std::string(text.substr(slash + 1)));
  }
  return absl::InvalidArgumentError(
      "a repository is called namespace/name, of letters, digits, '.', '_' and '-'");
}

RepositoryName::RepositoryName(std::string space, std::string name)
    : space_(std::move(space)), name_(std::move(name)) {}

}  // namespace mreg::registry
