#include "storage/registry/content_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "schema/base/display.h"
#include "schema/base/status.h"
#include "schema/formats/inspection/file_view.h"
#include "storage/content/stored_file.h"
#include "storage/registry/path_rules.h"

namespace mreg::registry {
namespace {

using formats::ContentKind;
using formats::ContentVerdict;

absl::Status Refuse(std::string_view path, std::string_view what, ContentRule rule) {
  return absl::InvalidArgumentError(
      fmt::format("{} {}\nThe rules of this namespace refuse that (content.{}); who runs the "
                  "registry can allow it.",
                  EscapeForDisplay(path), what, NameOf(rule)));
}

}  // namespace

absl::Status ContentCheck::CheckArtifact(std::string_view path, const content::Recipe& recipe) {
  return Check(path, recipe.artifact, *content::OpenStored(content_, recipe));
}

absl::Status ContentCheck::CheckText(std::string_view path, const ArtifactId& id, ByteView text) {
  return Check(path, id, formats::BytesFile(Bytes(text)));
}

absl::Status ContentCheck::Check(std::string_view path, const ArtifactId& id,
                                 const ReadableFile& file) {
  if (new_.contains(id)) return absl::OkStatus();
  auto verdict = formats::InspectContent(file);
  if (!verdict.ok()) {
    return Annotate(verdict.status(), fmt::format("look into {}", EscapeForDisplay(path)));
  }
  MREG_RETURN_IF_ERROR(RefuseUnsafe(path, *verdict));
  MREG_RETURN_IF_ERROR(CheckModel(path, verdict->onnx));
  new_.emplace(id, *std::move(verdict));
  return absl::OkStatus();
}

absl::Status ContentCheck::CheckModel(std::string_view path,
                                      const formats::OnnxFindings& findings) const {
  if (!findings.custom_domains.empty() && Refuses(ContentRule::kCustomDomains)) {
    return Refuse(path,
                  fmt::format("needs operators of {}, which no runtime brings",
                              EscapeForDisplay(findings.custom_domains.front())),
                  ContentRule::kCustomDomains);
  }
  if (findings.ep_context_nodes > 0 && Refuses(ContentRule::kEpContext)) {
    return Refuse(path, "holds what was compiled for one device (EPContext)",
                  ContentRule::kEpContext);
  }
  return absl::OkStatus();
}

absl::Status ContentCheck::CheckTree(std::span<const TreeFile> files) {
  Sizes sizes;
  for (const TreeFile& file : files) {
    const auto found = new_.find(file.artifact);
    if (found == new_.end() || found->second.onnx.external.empty()) continue;
    if (sizes.empty()) {
      for (const TreeFile& other : files) sizes.emplace(other.path, other.size);
    }
    MREG_RETURN_IF_ERROR(CheckExternal(file.path, found->second.onnx, sizes));
  }
  return Refuses(ContentRule::kUnknownBinary) ? CheckUnknown(files) : absl::OkStatus();
}

absl::Status ContentCheck::CheckExternal(std::string_view path,
                                         const formats::OnnxFindings& findings,
                                         const Sizes& sizes) const {
  if (!Refuses(ContentRule::kExternalEscape)) return absl::OkStatus();
  for (const formats::ExternalFile& file : findings.external) {
    if (!formats::StaysBelowModel(file.location)) {
      return Refuse(path,
                    fmt::format("has tensors in {}, which is not in its folder or below it",
                                EscapeForDisplay(file.location)),
                    ContentRule::kExternalEscape);
    }
    const auto size = sizes.find(PathBeside(path, file.location));
    if (size != sizes.end() && size->second < file.end) {
      return Refuse(path,
                    fmt::format("has tensors beyond the end of {}, which has {} bytes",
                                EscapeForDisplay(size->first), size->second),
                    ContentRule::kExternalEscape);
    }
  }
  return absl::OkStatus();
}

absl::Status ContentCheck::CheckUnknown(std::span<const TreeFile> files) {
  std::vector<TreeFile> unknown;
  for (const TreeFile& file : files) {
    const auto found = new_.find(file.artifact);
    const bool is_unknown = found != new_.end() && found->second.kind == ContentKind::kUnknown;
    if (is_unknown) unknown.push_back(file);
  }
  if (unknown.empty()) return absl::OkStatus();
  std::set<std::string, std::less<>> explained;
  for (const TreeFile& file : files) {
    MREG_ASSIGN_OR_RETURN(const ContentVerdict verdict, VerdictOf(file.artifact));
    for (const formats::ExternalFile& external : verdict.onnx.external) {
      if (formats::StaysBelowModel(external.location)) {
        explained.insert(PathBeside(file.path, external.location));
      }
    }
  }
  for (const TreeFile& file : unknown) {
    if (explained.contains(file.path)) continue;
    const ContentVerdict& verdict = new_.at(file.artifact);
    const std::string where =
        verdict.member.empty() ? "" : fmt::format(", in {}", EscapeForDisplay(verdict.member));
    return Refuse(file.path,
                  fmt::format("is neither of a known format nor the external data of a model of "
                              "its version: {}{}",
                              EscapeForDisplay(verdict.description), where),
                  ContentRule::kUnknownBinary);
  }
  return absl::OkStatus();
}

absl::StatusOr<ContentVerdict> ContentCheck::VerdictOf(const ArtifactId& artifact) {
  if (const auto found = new_.find(artifact); found != new_.end()) return found->second;
  if (const auto found = others_.find(artifact); found != others_.end()) return found->second;
  MREG_ASSIGN_OR_RETURN(const auto recipe, find_recipe_(artifact));
  if (!recipe) return ContentVerdict();
  MREG_ASSIGN_OR_RETURN(ContentVerdict verdict,
                        formats::InspectContent(*content::OpenStored(content_, *recipe)));
  return others_.emplace(artifact, std::move(verdict)).first->second;
}

}  // namespace mreg::registry
