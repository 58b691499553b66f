#include "storage/catalog/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>

namespace mreg::catalog {
namespace {

template <typename T>
bool ParseWhole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

void TakeDescending(const Bitmap& from, EntryId below, int64_t rank, size_t most,
                    std::vector<Place>& places) {
  uint64_t left = below == 0 ? 0 : from.rank(below - 1);
  for (; left > 0 && places.size() < most; --left) {
    EntryId id = 0;
    from.select(static_cast<uint32_t>(left - 1), &id);
    places.push_back({rank, id});
  }
}

}  // namespace

std::string FormatPlace(const Place& place) { return fmt::format("{}.{}", place.rank, place.id); }

absl::StatusOr<Place> ParsePlace(std::string_view text) {
  const size_t point = text.find('.');
  Place place;
  if (point == std::string_view::npos || !ParseWhole(text.substr(0, point), place.rank) ||
      !ParseWhole(text.substr(point + 1), place.id)) {
    return absl::InvalidArgumentError("the page to go on from is none that a search gave");
  }
  return place;
}

std::vector<Place> FirstByGroup(const Bitmap& match, const Bitmap& first,
                                const std::optional<Place>& before, size_t most) {
  std::vector<Place> places;
  for (const int64_t rank : {1, 0}) {
    if (places.size() >= most || (before && before->rank < rank)) continue;
    const bool is_within = before && before->rank == rank;
    const EntryId below = is_within ? before->id : std::numeric_limits<EntryId>::max();
    TakeDescending(rank == 1 ? match & first : match - first, below, rank, most, places);
  }
  return places;
}

std::vector<Place> FirstByNumber(const Bitmap& match, const std::vector<int64_t>& column,
                                 const std::optional<Place>& before, size_t most) {
  std::vector<Place> places;
  for (const EntryId id : match) {
    const Place place{column[id], id};
    if (!before || place < *before) places.push_back(place);
  }
  const auto kept = places.begin() + static_cast<ptrdiff_t>(std::min(most, places.size()));
  std::partial_sort(places.begin(), kept, places.end(), std::greater<>());
  places.erase(kept, places.end());
  return places;
}

}  // namespace mreg::catalog
