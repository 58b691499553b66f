#include "schema/formats/inspection/keras_config.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace mreg::formats {
namespace {

constexpr size_t kMaxDepth = 512;

// Keras itself and the packages of its makers.
bool IsKerasModule(std::string_view module) {
  const std::string_view package = module.substr(0, module.find('.'));
  constexpr std::array<std::string_view, 6> kPackages = {"keras",     "tf_keras", "keras_hub",
                                                         "keras_nlp", "keras_cv", "builtins"};
  for (const std::string_view own : kPackages) {
    if (package == own) return true;
  }
  return false;
}

// Python's own types that a configuration may name.
bool IsPlainType(std::string_view name) {
  return name == "slice" || name == "tuple" || name == "dict" || name == "list" || name == "type";
}

bool IsLambda(std::string_view name) {
  return name == "Lambda" || name == "__lambda__" || name == "__class__" || name == "function" ||
         name.ends_with(">Lambda");
}

// Sees every occurrence of a key, of which a parsed document would keep the last only.
class Handler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::optional<std::string> found;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

  bool key(string_t& name) override {
    key_ = name;
    return true;
  }

  bool string(string_t& text) override {
    if (levels_.empty()) return true;
    Level& level = levels_.back();
    if (key_ == "class_name") level.class_name = text;
    if (key_ == "module") level.module = text;
    if (key_ == "class_name" || key_ == "module") Check(level);
    key_.clear();
    return !found;
  }

 private:
  struct Level {
    std::string module;
    std::string class_name;
  };

  bool Enter() {
    levels_.emplace_back();
    return levels_.size() < kMaxDepth;
  }

  bool Leave() {
    levels_.pop_back();
    return true;
  }

  void Check(const Level& level) {
    if (IsLambda(level.class_name)) {
      found = level.class_name.ends_with("Lambda") ? "a Lambda layer" : "a Python function";
    } else if (!level.module.empty() && !level.class_name.empty() &&
               (!IsKerasModule(level.module) ||
                (level.module.starts_with("builtins") && !IsPlainType(level.class_name)))) {
      found = "the class " + level.module + "." + level.class_name;
    }
  }

  std::vector<Level> levels_;
  std::string key_;
};

}  // namespace

std::optional<std::string> CodeInKerasConfig(ByteView json) {
  Handler handler;
  nlohmann::json::sax_parse(json, &handler);
  return std::move(handler.found);
}

}  // namespace mreg::formats
