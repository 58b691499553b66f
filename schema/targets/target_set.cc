#include "schema/targets/target_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/status.h"
#include "schema/targets/builtin_profiles.h"

namespace mreg::targets {
namespace {

constexpr std::string_view kSuffix = ".tsv";
constexpr int kMaxBases = 8;

// The text of the built-in profile of that name; nothing if there is none.
std::optional<std::string_view> FindBuiltin(std::string_view name) {
  const std::string line = fmt::format("\nname\t{}\n", name);
  for (const std::string_view* const text : BuiltinProfiles()) {
    if (text->find(line) != std::string_view::npos) return *text;
  }
  return std::nullopt;
}

}  // namespace

std::string TargetSet::PathOf(std::string_view name) const {
  return JoinPath(folder_, fmt::format("{}{}", name, kSuffix));
}

absl::StatusOr<std::vector<TargetHead>> TargetSet::List() const {
  std::vector<TargetHead> list;
  for (const std::string_view* const text : BuiltinProfiles()) {
    MREG_ASSIGN_OR_RETURN(Profile head, ParseProfileHead(*text));
    list.push_back({std::move(head), true});
  }
  const auto entries = fs_.List(folder_);
  if (!entries.ok() && !absl::IsNotFound(entries.status())) return entries.status();
  for (size_t i = 0; entries.ok() && i < entries->size(); ++i) {
    const std::string& file = (*entries)[i].name;
    if (!file.ends_with(kSuffix)) continue;
    const std::string path = JoinPath(folder_, file);
    MREG_ASSIGN_OR_RETURN(const Bytes text, ReadSmallFile(fs_, path, kMaxProfileBytes));
    auto head = ParseProfileHead(text);
    if (!head.ok()) return Annotate(head.status(), path);
    list.push_back({*std::move(head), false});
  }
  std::ranges::sort(list, {}, [](const TargetHead& target) { return target.head.name; });
  return list;
}

absl::StatusOr<Bytes> TargetSet::TextOf(std::string_view name) const {
  if (const auto text = FindBuiltin(name)) return Bytes(*text);
  if (!IsProfileName(name)) {
    return absl::InvalidArgumentError("a target's name has 1 to 64 of a-z, 0-9, '.', '_', '-'");
  }
  auto text = ReadSmallFile(fs_, PathOf(name), kMaxProfileBytes);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(fmt::format("there is no target {}", name));
  }
  return text;
}

absl::StatusOr<Profile> TargetSet::LoadRefined(std::string_view name, int depth) const {
  if (depth > kMaxBases) {
    return absl::FailedPreconditionError(
        fmt::format("the target {} is based on itself, or on too many others", name));
  }
  MREG_ASSIGN_OR_RETURN(const Bytes text, TextOf(name));
  auto profile = ParseProfile(text);
  if (!profile.ok()) return Annotate(profile.status(), fmt::format("target {}", name));
  if (profile->base.empty()) return profile;
  MREG_ASSIGN_OR_RETURN(const Profile base, LoadRefined(profile->base, depth + 1));
  return Refine(base, *std::move(profile));
}

absl::StatusOr<Target> TargetSet::Load(std::string_view name) const {
  Target target;
  MREG_ASSIGN_OR_RETURN(target.profile, LoadRefined(name, 0));
  if (target.profile.fallback.empty()) return target;
  MREG_ASSIGN_OR_RETURN(target.fallback, LoadRefined(target.profile.fallback, 0));
  return target;
}

absl::Status TargetSet::Add(const Profile& profile, bool replaces) {
  if (FindBuiltin(profile.name)) {
    return absl::AlreadyExistsError(fmt::format("{} is built in", profile.name));
  }
  MREG_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(PathOf(profile.name)));
  if (exists && !replaces) {
    return absl::AlreadyExistsError(fmt::format("there is a target {} already", profile.name));
  }
  MREG_RETURN_IF_ERROR(fs_.CreateDirectories(folder_));
  return WriteFileAtomically(fs_, PathOf(profile.name), FormatProfile(profile));
}

absl::Status TargetSet::Remove(std::string_view name) {
  if (FindBuiltin(name)) {
    return absl::FailedPreconditionError(fmt::format("{} is built in", name));
  }
  MREG_RETURN_IF_ERROR(TextOf(name).status());
  MREG_RETURN_IF_ERROR(fs_.Remove(PathOf(name)));
  return fs_.SyncDirectory(folder_);
}

}  // namespace mreg::targets
