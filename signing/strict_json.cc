#include "signing/strict_json.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace mreg::signing {
namespace {

using Json = nlohmann::json;

constexpr size_t kDeepest = 64;

// Looks at the document before anything is made of it.
class Inspector {
 public:
  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(Json::number_integer_t) { return true; }
  bool number_unsigned(Json::number_unsigned_t) { return true; }
  bool number_float(Json::number_float_t, const Json::string_t&) { return true; }
  bool string(Json::string_t&) { return true; }
  bool binary(Json::binary_t&) { return true; }

  bool start_object(size_t) { return Enter(); }
  bool start_array(size_t) { return Enter(); }
  bool end_object() { return Leave(); }
  bool end_array() { return Leave(); }

  bool key(Json::string_t& name) {
    if (members_.back().insert(name).second) return true;
    return Fail("an object has a member twice");
  }

  bool parse_error(size_t position, const std::string&, const Json::exception&) {
    return Fail(fmt::format("no JSON at byte {}", position));
  }

  const std::string& error() const { return error_; }

 private:
  bool Enter() {
    if (members_.size() == kDeepest) return Fail(fmt::format("nested deeper than {}", kDeepest));
    members_.emplace_back();
    return true;
  }
  bool Leave() {
    members_.pop_back();
    return true;
  }
  bool Fail(std::string reason) {
    error_ = std::move(reason);
    return false;
  }

  std::vector<absl::flat_hash_set<std::string>> members_;  // of what is open, outermost first
  std::string error_;
};

}  // namespace

absl::StatusOr<Json> ParseStrictJson(ByteView text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    return absl::InvalidArgumentError("it begins with a byte order mark");
  }
  Inspector inspector;
  if (!Json::sax_parse(text.begin(), text.end(), &inspector)) {
    return absl::InvalidArgumentError(inspector.error());
  }
  Json document = Json::parse(text.begin(), text.end(), nullptr, false);
  if (document.is_discarded()) return absl::InvalidArgumentError("no JSON");
  return document;
}

const std::string* FindText(const Json& object, const char* member) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(member);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

}  // namespace mreg::signing
