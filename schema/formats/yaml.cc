#include "schema/formats/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>

#include "schema/formats/card_body.h"

namespace mreg::formats {
namespace {

// Makes a YamlValue of what yaml-cpp reads. What it refuses it throws, as yaml-cpp does.
class ValueBuilder : public YAML::EventHandler {
 public:
  YamlValue Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(has_begun_, true)) Refuse(mark, "more than one document");
  }
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "an alias; write its value out");
  }
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {
    if (!TakeKey("")) Add(YamlValue::Kind::kNull);
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    if (!TakeKey(text)) Add(YamlValue::Kind::kText)->text = text;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(mark, YamlValue::Kind::kList);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(mark, YamlValue::Kind::kMap);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Container {
    YamlValue* value;
    std::optional<std::string> key;  // of a map, whose value is awaited
  };

  [[noreturn]] static void Refuse(const YAML::Mark& mark, const char* reason) {
    throw YAML::ParserException(mark, reason);
  }

  // Whether a map is open that awaits a key; it is `text` then.
  bool TakeKey(const std::string& text) {
    if (open_.empty() || open_.back().value->kind != YamlValue::Kind::kMap || open_.back().key) {
      return false;
    }
    open_.back().key = text;
    return true;
  }

  YamlValue* Add(YamlValue::Kind kind) {
    YamlValue* added = &root_;
    if (!open_.empty()) {
      Container& into = open_.back();
      added = &into.value->members.emplace_back();
      added->key = into.key.value_or("");
      into.key.reset();
    }
    added->kind = kind;
    return added;
  }

  void Open(const YAML::Mark& mark, YamlValue::Kind kind) {
    if (TakeKey("")) Refuse(mark, "a key that is no text");
    if (open_.size() == kMaxYamlDepth) Refuse(mark, "lists and maps too deep within each other");
    open_.push_back({Add(kind), std::nullopt});
  }

  YamlValue root_;
  std::vector<Container> open_;  // the innermost last
  bool has_begun_ = false;
};

}  // namespace

const YamlValue* YamlValue::Find(std::string_view name) const {
  if (kind != Kind::kMap) return nullptr;
  const auto found = std::ranges::find(members, name, &YamlValue::key);
  return found == members.end() ? nullptr : &*found;
}

std::string_view KindName(YamlValue::Kind kind) {
  switch (kind) {
    case YamlValue::Kind::kNull:
      return "nothing";
    case YamlValue::Kind::kText:
      return "a text";
    case YamlValue::Kind::kList:
      return "a list";
    case YamlValue::Kind::kMap:
      return "a map";
  }
  return "";
}

absl::StatusOr<YamlValue> ParseYaml(ByteView text, int first_line) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    ValueBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.Take();
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        fmt::format("line {}: {}", error.mark.line + first_line, OneLine(error.msg)));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(OneLine(error.what()));
  }
}

}  // namespace mreg::formats
