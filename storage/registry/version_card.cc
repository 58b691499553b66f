#include "storage/registry/version_card.h"

#include <fmt/format.h>

#include <algorithm>

#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::registry {

absl::StatusOr<std::optional<formats::Card>> ReadCard(const history::Repository& repository,
                                                      const Manifest& manifest) {
  const auto file = std::ranges::find(manifest.files, kCardPath, &ManifestEntry::path);
  if (file == manifest.files.end() || file->is_artifact || file->size > formats::kMaxCardBytes) {
    return std::nullopt;
  }
  MREG_ASSIGN_OR_RETURN(const history::RawObject blob, repository.ReadObject(file->blob));
  return formats::ParseCard(blob.data);
}

std::vector<std::string> NotesOnCard(std::string_view path, ByteView text) {
  std::vector<std::string> notes;
  if (path != kCardPath) return notes;
  const auto card = formats::ParseCard(text);
  if (!card.ok()) return {EscapeForDisplay(MessageOf(card.status()))};
  for (const std::string& problem : card->problems) {
    notes.push_back(EscapeForDisplay(fmt::format("card: {}", problem)));
  }
  return notes;
}

}  // namespace mreg::registry
