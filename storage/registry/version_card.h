// The card of a version: the README.md at its top. Nothing is refused for what a card says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/formats/card.h"
#include "storage/history/repository.h"
#include "storage/registry/manifest.h"

namespace mreg::registry {

inline constexpr char kCardPath[] = "README.md";

// Nothing if the version has none, or one that is no text of at most formats::kMaxCardBytes.
absl::StatusOr<std::optional<formats::Card>> ReadCard(const history::Repository& repository,
                                                      const Manifest& manifest);

// What is wrong with the card that the file `text` at `path` is: one line each, escaped. None for
// a file that is no card.
std::vector<std::string> NotesOnCard(std::string_view path, ByteView text);

}  // namespace mreg::registry
