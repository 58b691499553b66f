// What was written behind a command's name, by the names that the command gave to its parts. Words
// are taken as they are: docs/decisions/0006-own-argument-parser.md.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/command.h"

namespace mreg::cli {

class Arguments {
 public:
  // True if the option was given, or the positional argument is there.
  bool Has(std::string_view name) const { return values_.contains(std::string(name)); }

  // The last value given, or `otherwise`.
  std::string Get(std::string_view name, std::string_view otherwise = "") const;

  // All values, in order.
  std::vector<std::string> All(std::string_view name) const;

  // A whole number of at least `least`, `otherwise` if it was not given; InvalidArgument if it is
  // none.
  absl::StatusOr<uint64_t> Number(std::string_view name, uint64_t otherwise,
                                  uint64_t least = 1) const;

  bool wants_json() const { return Has("json"); }
  bool wants_help() const { return Has("help"); }

  void Add(std::string_view name, std::string value) {
    values_[std::string(name)].push_back(std::move(value));
  }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

// InvalidArgument, saying what does not fit, for words that `command` does not take. What stands
// behind --help is not looked at.
absl::StatusOr<Arguments> ParseArguments(const Command& command,
                                         std::span<const std::string> words);

}  // namespace mreg::cli
