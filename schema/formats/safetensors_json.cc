#include "schema/formats/safetensors_json.h"

#include <fmt/format.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

namespace mreg::formats {
namespace {

constexpr size_t kMaxShape = 256;

// Where in the header the parser is.
enum class Place {
  kStart,
  kHeader,    // names of tensors
  kMetadata,  // inside __metadata__
  kEntry,     // members of a tensor
  kShape,
  kOffsets,
  kEnd,
};

// A state machine over nlohmann's SAX events. Every event that the format does not allow at its
// place stops the parser, which also bounds the depth.
class Events {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  bool null() { return Refuse("null"); }
  bool boolean(bool) { return Refuse("a boolean"); }
  bool number_integer(number_integer_t) { return Refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) { return Refuse("a fraction"); }
  bool binary(binary_t&) { return Refuse("binary data"); }

  bool number_unsigned(number_unsigned_t value) {
    if (place_ == Place::kShape && entry_.shape.size() < kMaxShape) {
      entry_.shape.push_back(value);
      return true;
    }
    if (place_ == Place::kOffsets && entry_.data_offsets.size() < 2) {
      entry_.data_offsets.push_back(value);
      return true;
    }
    return Refuse("a number");
  }

  bool string(string_t& value) {
    if (place_ == Place::kMetadata) return true;
    if (place_ != Place::kEntry || key_ != "dtype") return Refuse("a string");
    entry_.dtype = std::move(value);
    return true;
  }

  bool start_object(size_t) {
    if (place_ == Place::kStart) {
      place_ = Place::kHeader;
      return true;
    }
    if (place_ != Place::kHeader) return Refuse("an object");
    place_ = key_ == "__metadata__" ? Place::kMetadata : Place::kEntry;
    entry_ = {};
    entry_.name = key_;
    members_ = 0;
    return true;
  }

  bool end_object() {
    if (place_ == Place::kHeader) {
      place_ = Place::kEnd;
      return true;
    }
    if (place_ == Place::kEntry) {
      if (members_ != kAllMembers) return Refuse("the end of a tensor without all its members");
      if (entry_.data_offsets.size() != 2) return Refuse("data_offsets without two numbers");
      entries_.push_back(std::move(entry_));
    }
    place_ = Place::kHeader;
    return true;
  }

  bool start_array(size_t) {
    if (place_ != Place::kEntry || key_ == "dtype") return Refuse("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() {
    place_ = Place::kEntry;
    return true;
  }

  bool key(string_t& name) {
    key_ = std::move(name);
    if (place_ != Place::kEntry) return true;
    const unsigned member = MemberBit(key_);
    if (member == 0 || (members_ & member) != 0) return Refuse("an unknown or repeated member");
    members_ |= member;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
    return Fail(fmt::format("broken JSON at byte {}", position));
  }

  std::vector<SafetensorsEntry> TakeEntries() { return std::move(entries_); }
  const std::string& error() const { return error_; }

 private:
  static constexpr unsigned kAllMembers = 7;
  static unsigned MemberBit(const std::string& key) {
    if (key == "dtype") return 1;
    if (key == "shape") return 2;
    return key == "data_offsets" ? 4 : 0;
  }

  bool Refuse(std::string_view what) {
    return Fail(fmt::format("unexpected {} in or after tensor {}", what, entries_.size()));
  }
  bool Fail(std::string reason) {
    if (error_.empty()) error_ = std::move(reason);
    return false;
  }

  Place place_ = Place::kStart;
  std::string key_;
  unsigned members_ = 0;
  SafetensorsEntry entry_;
  std::vector<SafetensorsEntry> entries_;
  std::string error_;
};

}  // namespace

absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsJson(ByteView json) {
  Events events;
  try {
    if (nlohmann::json::sax_parse(json.begin(), json.end(), &events)) return events.TakeEntries();
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(fmt::format("parse safetensors header: {}", error.what()));
  }
  return absl::InvalidArgumentError(fmt::format("parse safetensors header: {}", events.error()));
}

}  // namespace mreg::formats
