// What content a registry takes, and how it tells why not. Applied when files are added and when
// they are pushed. For operators: docs/operations.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "schema/formats/inspection/inspect_content.h"

namespace mreg::registry {

// What is a namespace's own decision. Unsafe content is not: it is always refused.
enum class ContentRule {
  kUnknownBinary,   // of no known format, and no model's external data
  kCustomDomains,   // operators that need a library beside the runtime
  kExternalEscape,  // external data outside the model's folder, or beyond the data file's end
  kEpContext        // what a vendor compiled for one device
};

enum class ContentAnswer { kAllow, kRefuse };

// "unknown_binary" and so on, as operators write them; nothing for any other name.
std::optional<ContentRule> ContentRuleOf(std::string_view name);
std::string_view NameOf(ContentRule rule);

class ContentRules {
 public:
  // Of a folder without a server, whose users own it: as by default, but unknown files are allowed.
  static ContentRules OfFolder();

  // For the namespace `space`, or with "" for all that have no answer of their own.
  void Set(const std::string& space, ContentRule rule, ContentAnswer answer);

  // By default unknown files and escaping external data are refused, the others allowed.
  bool Refuses(const std::string& space, ContentRule rule) const;

 private:
  std::map<std::pair<std::string, ContentRule>, ContentAnswer> answers_;
};

// OK unless the content is unsafe; else InvalidArgument, on several lines: what was found in
// `path`, where, and how to export from the framework that wrote it. Names are escaped.
absl::Status RefuseUnsafe(std::string_view path, const formats::ContentVerdict& verdict);

// What a registry might refuse, or a user should know: one line each, names escaped.
std::vector<std::string> NotesOn(const formats::ContentVerdict& verdict);

}  // namespace mreg::registry
