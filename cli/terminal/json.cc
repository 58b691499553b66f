#include "cli/terminal/json.h"

#include <nlohmann/json.hpp>

#include "schema/base/display.h"

namespace mreg::terminal {

struct JsonWriter {
  using Document = nlohmann::ordered_json;

  Document operator()(const Json::Members& members) const {
    Document object = Document::object();
    for (const Json::Member& member : members) object[member.first] = Build(member.second);
    return object;
  }
  Document operator()(const Json::Elements& elements) const {
    Document array = Document::array();
    for (const Json& element : elements) array.push_back(Build(element));
    return array;
  }
  template <typename Scalar>
  Document operator()(const Scalar& scalar) const {
    return Document(scalar);
  }

  static Document Build(const Json& json) { return std::visit(JsonWriter{}, json.value_); }
};

struct JsonReader {
  static Json Build(const nlohmann::ordered_json& document) {
    if (document.is_boolean()) return document.get<bool>();
    if (document.is_number_unsigned()) return document.get<uint64_t>();
    if (document.is_number_integer()) return document.get<int64_t>();
    if (document.is_number()) return document.get<double>();
    if (document.is_string()) return document.get<std::string>();
    Json json;
    if (document.is_array()) {
      json = Json::Array();
      for (const auto& element : document) json.Append(Build(element));
    } else if (document.is_object()) {
      json = Json::Object();
      for (const auto& member : document.items()) json.Set(member.key(), Build(member.value()));
    }
    return json;
  }
};

Json Json::Parse(std::string_view text) {
  return JsonReader::Build(nlohmann::ordered_json::parse(text, nullptr, false));
}

Json Json::Object(std::initializer_list<Member> members) {
  Json object;
  object.value_ = Members(members);
  return object;
}

Json Json::Array() {
  Json array;
  array.value_ = Elements();
  return array;
}

Json& Json::Set(std::string name, Json value) {
  std::get<Members>(value_).emplace_back(std::move(name), std::move(value));
  return *this;
}

Json& Json::Append(Json value) {
  std::get<Elements>(value_).push_back(std::move(value));
  return *this;
}

std::string Json::ToText() const {
  constexpr int kIndent = 2;
  const std::string text = JsonWriter::Build(*this).dump(kIndent, ' ', /*ensure_ascii=*/false,
                                                         nlohmann::json::error_handler_t::replace);
  return EscapeJsonForDisplay(text) + "\n";
}

std::optional<std::string> FindText(std::string_view document, std::string_view member) {
  const auto json = nlohmann::json::parse(document, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto found = json.find(std::string(member));
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace mreg::terminal
