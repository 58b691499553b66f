// A command of mreg as data: what it is called, takes and does. Parsing, help, the manual and the
// completion scripts are all made from it.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "cli/exit_code.h"

namespace mreg::cli {

class Arguments;
class Context;

struct Option {
  std::string_view name;        // "message" for --message
  char letter = 0;              // 'm' for -m; 0: none
  std::string_view value = {};  // "TEXT" of --message TEXT; empty: a switch
  std::string_view help = {};   // begins with a capital, ends without a full stop
  bool repeats = false;         // may be given several times
};

enum class Count { kOne, kOptional, kSome, kAny };  // kSome: one or more

struct Positional {
  std::string_view name;  // "REVISION"
  Count count = Count::kOne;
  std::string_view help;
};

struct Example {
  std::string_view line;  // without "mreg "
  std::string_view what;
};

enum class Group { kBegin, kWork, kLook, kHistory, kShare, kCare, kSelf };

enum class Output { kText, kTextOrJson };

struct Command {
  std::string_view name;  // "push"; "remote add"
  Group group;
  std::string_view summary;       // half a line
  std::string_view goal;          // of "mreg: cannot <goal>: ..."
  std::string_view details = {};  // paragraphs parted by empty lines; may be empty
  std::span<const Positional> positionals = {};
  std::span<const Option> options = {};
  std::span<const Example> examples = {};
  Output output = Output::kText;  // kTextOrJson: takes --json
  absl::StatusOr<ExitCode> (*run)(Context& context, const Arguments& arguments);
};

}  // namespace mreg::cli
