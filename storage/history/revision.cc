#include "storage/history/revision.h"

#include <fmt/format.h>

#include <charconv>

#include "schema/base/status.h"
#include "storage/history/references.h"

namespace mreg::history {
namespace {

constexpr size_t kLongestRevision = 1024;

absl::Status NotARevision(std::string_view text) {
  return absl::InvalidArgumentError(
      fmt::format("'{}' is not a revision: a branch, tag or commit, then ~N or ^N", text));
}

// Takes one step off the front of `text`; N is 1 where it is left out.
absl::StatusOr<RevisionStep> TakeStep(std::string_view& text) {
  const bool is_tilde = text.front() == '~';
  text.remove_prefix(1);
  uint64_t number = 1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return NotARevision(text);
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.empty() && text.front() != '~' && text.front() != '^') return NotARevision(text);
  return is_tilde ? RevisionStep{1, number} : RevisionStep{number, 1};
}

}  // namespace

absl::StatusOr<Revision> ParseRevision(std::string_view text) {
  if (text.size() > kLongestRevision) return NotARevision(text.substr(0, 100));
  const std::string_view base = text.substr(0, text.find_first_of("~^"));
  if (!IsValidReferenceName(fmt::format("refs/heads/{}", base))) return NotARevision(text);
  Revision revision{std::string(base), {}};
  for (std::string_view rest = text.substr(base.size()); !rest.empty();) {
    const auto step = TakeStep(rest);
    if (!step.ok()) return NotARevision(text);
    revision.steps.push_back(*step);
  }
  return revision;
}

}  // namespace mreg::history
