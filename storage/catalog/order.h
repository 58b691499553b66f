// In which order entries are found, a page at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/catalog/bitmap.h"

namespace mreg::catalog {

// An entry's place: greater ones come first.
struct Place {
  int64_t rank = 0;
  EntryId id = 0;
  auto operator<=>(const Place&) const = default;
};

// "rank.id".
std::string FormatPlace(const Place& place);
// InvalidArgument for any other text.
absl::StatusOr<Place> ParsePlace(std::string_view text);

// The first `most` of `match` behind `before`: those of `first` with rank 1, the others with 0.
std::vector<Place> FirstByGroup(const Bitmap& match, const Bitmap& first,
                                const std::optional<Place>& before, size_t most);
// The same with the numbers of a column as ranks.
std::vector<Place> FirstByNumber(const Bitmap& match, const std::vector<int64_t>& column,
                                 const std::optional<Place>& before, size_t most);

}  // namespace mreg::catalog
