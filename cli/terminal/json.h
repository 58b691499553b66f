// JSON documents as commands build them: ordered members, written by one library in one place.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mreg::terminal {

// A value type. Members keep the order in which they were set.
class Json {
 public:
  Json() = default;  // null
  Json(bool value) : value_(value) {}
  template <std::integral Number>
  Json(Number value) : value_(Widen(value)) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  template <typename Value>
  Json(const std::optional<Value>& value) {
    if (value) *this = Json(*value);
  }

  using Member = std::pair<std::string, Json>;
  static Json Object(std::initializer_list<Member> members = {});
  static Json Array();
  template <typename Values>
  static Json ArrayOf(const Values& values) {
    Json array = Array();
    for (const auto& value : values) array.Append(value);
    return array;
  }

  // A document that this program wrote; null for what is no JSON.
  static Json Parse(std::string_view text);

  // On an object, with a name that it does not have yet.
  Json& Set(std::string name, Json value);
  // On an array.
  Json& Append(Json value);

  // Indented by two blanks, with a line's end. Bytes that are not UTF-8 become U+FFFD, and
  // what would garble a terminal is escaped.
  std::string ToText() const;

 private:
  using Members = std::vector<Member>;
  using Elements = std::vector<Json>;
  friend struct JsonWriter;
  friend struct JsonReader;

  template <std::integral Number>
  static auto Widen(Number value) {
    if constexpr (std::signed_integral<Number>) {
      return static_cast<int64_t>(value);
    } else {
      return static_cast<uint64_t>(value);
    }
  }

  std::variant<std::nullptr_t, bool, int64_t, uint64_t, double, std::string, Members, Elements>
      value_;
};

// The text of `member` in the JSON object `document`; nothing if it is not there or not a text.
std::optional<std::string> FindText(std::string_view document, std::string_view member);

}  // namespace mreg::terminal
