// YAML as a tree. Internal to schema/formats; the library that reads it stays in yaml.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"

namespace mreg::formats {

// Of lists and maps within each other; a card's model-index has 7.
inline constexpr size_t kMaxYamlDepth = 16;

// A node as it is written: numbers and truth values are texts.
struct YamlValue {
  enum class Kind { kNull, kText, kList, kMap };
  Kind kind = Kind::kNull;
  std::string key;  // in the map that it is a member of
  std::string text;
  std::vector<YamlValue> members;  // of a list or map

  // The first; null if this is no map, or has no key `name`.
  const YamlValue* Find(std::string_view name) const;
};

std::string_view KindName(YamlValue::Kind kind);  // "a list"

// The tree is never larger than its text: InvalidArgument, with the line, for an alias, as for what
// is no YAML, more than one document, a key that is no text, and what is nested deeper than
// kMaxYamlDepth. `first_line` is the number of the text's first line in its file.
absl::StatusOr<YamlValue> ParseYaml(ByteView text, int first_line);

}  // namespace mreg::formats
