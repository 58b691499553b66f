#include "storage/registry/derivation.h"

#include <algorithm>

namespace mreg::registry {
namespace {

constexpr std::string_view kFrom = "Derived-From: ", kHow = "Derived-How: ";
constexpr size_t kMostSources = 64;
constexpr size_t kMostText = 256;  // bytes

void AddSource(std::string_view value, Derivation& derivation) {
  constexpr size_t kDigits = 2 * CommitId::kBytes;
  const auto commit = CommitId::FromHex(value.substr(0, kDigits));
  if (!commit.ok() || derivation.sources.size() == kMostSources) return;
  value.remove_prefix(kDigits);
  const bool has_name = value.starts_with(" (") && value.ends_with(")");
  if (!value.empty() && !has_name) return;
  const std::string_view name = has_name ? value.substr(2, value.size() - 3) : "";
  if (std::ranges::find(derivation.sources, *commit, &Derivation::Source::commit) !=
      derivation.sources.end()) {
    return;
  }
  derivation.sources.push_back({*commit, std::string(name.substr(0, kMostText))});
}

}  // namespace

Derivation ParseDerivation(std::string_view message) {
  message = message.substr(0, message.find_last_not_of(" \t\r\n") + 1);
  const size_t gap = message.rfind("\n\n");
  if (gap == message.npos) return {};
  std::string_view rest = message.substr(gap + 2);
  Derivation derivation;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with(kFrom)) AddSource(line.substr(kFrom.size()), derivation);
    if (line.starts_with(kHow)) {
      derivation.how = std::string(line.substr(kHow.size()).substr(0, kMostText));
    }
  }
  if (derivation.how.empty()) derivation.sources.clear();
  return derivation;
}

}  // namespace mreg::registry
