#include "schema/formats/inspection/numpy_header.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "schema/formats/inspection/file_view.h"

namespace mreg::formats {
namespace {

constexpr ByteView kMagic = "\x93NUMPY";
constexpr uint64_t kMaxHeader = 1 << 20;

// The texts of a Python literal; what Python would join is joined.
std::vector<std::string> QuotedTexts(ByteView literal) {
  std::vector<std::string> texts;
  bool is_joined = false;
  while (!literal.empty()) {
    const char quote = literal.front();
    literal.remove_prefix(1);
    if (quote != '\'' && quote != '"') {
      is_joined = is_joined && ByteView(" \t\r\n\\ubrUBR").find(quote) != ByteView::npos;
      continue;
    }
    const std::string_view text = literal.substr(0, literal.find(quote));
    literal.remove_prefix(std::min(literal.size(), text.size() + 1));
    if (is_joined) {
      texts.back() += text;
    } else {
      texts.emplace_back(text);
    }
    is_joined = true;
  }
  return texts;
}

// Whether one of the comma-separated types is O or object, whatever stands around it.
bool IsObjectType(std::string_view text) {
  while (!text.empty()) {
    const std::string_view type = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), type.size() + 1));
    const size_t begin = type.find_first_not_of("<>|=0123456789() ");
    if (begin == type.npos) continue;
    std::string_view name = type.substr(begin);
    name = name.substr(0, name.find_first_of("0123456789_) "));
    if (name == "O" || name == "object" || name == "Object") return true;
  }
  return false;
}

// Bytes of an element of a type such as "<f4".
std::optional<uint64_t> ElementBytes(std::string_view type) {
  if (type.size() < 3 || type.size() > 6) return std::nullopt;
  if (std::string_view("<>|=").find(type[0]) == std::string_view::npos) return std::nullopt;
  if (std::string_view("biufcSV").find(type[1]) == std::string_view::npos) return std::nullopt;
  uint64_t bytes = 0;
  for (const char c : type.substr(2)) {
    if (c < '0' || c > '9') return std::nullopt;
    bytes = bytes * 10 + static_cast<uint64_t>(c - '0');
  }
  return bytes;
}

// The product of the shape's numbers.
std::optional<uint64_t> CountElements(ByteView header) {
  const size_t key = header.find("'shape': (");
  if (key == header.npos) return std::nullopt;
  ByteView shape = header.substr(key + 10);
  shape = shape.substr(0, shape.find(')'));
  uint64_t count = 1;
  while (!shape.empty()) {
    uint64_t dim = 0;
    bool has_digits = false;
    while (!shape.empty() && shape.front() != ',') {
      const char c = shape.front();
      shape.remove_prefix(1);
      if (c == ' ') continue;
      if (c < '0' || c > '9' || dim > uint64_t{1} << 56) return std::nullopt;
      dim = dim * 10 + static_cast<uint64_t>(c - '0');
      has_digits = true;
    }
    if (has_digits && __builtin_mul_overflow(count, dim, &count)) return std::nullopt;
    shape.remove_prefix(shape.empty() ? 0 : 1);
  }
  return count;
}

// The value of 'descr', where it is a single text.
std::string_view SimpleType(ByteView header) {
  constexpr std::string_view kKey = "'descr': '";
  const size_t key = header.find(kKey);
  if (key == header.npos) return {};
  const ByteView value = header.substr(key + kKey.size());
  return value.substr(0, value.find('\''));
}

}  // namespace

absl::StatusOr<std::optional<NumpyHeader>> ReadNumpyHeader(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const Bytes start, ReadPart(file, 0, 12));
  if (start.size() < 12 || !start.starts_with(kMagic)) return std::nullopt;
  const bool is_short = start[6] == 1;
  const uint64_t begin = is_short ? 10 : 12;
  const uint64_t length =
      is_short ? ReadU16Le(ByteView(start).substr(8)) : ReadU32Le(ByteView(start).substr(8));
  NumpyHeader header;
  header.data_offset = begin + length;
  header.has_objects = true;
  if (length > kMaxHeader) return header;
  MREG_ASSIGN_OR_RETURN(const Bytes text, ReadPart(file, begin, length));
  // An escape could write an O in another way.
  if (text.size() < length || text.find('\\') != text.npos || text.find('#') != text.npos) {
    return header;
  }
  header.has_objects = false;
  for (const std::string& quoted : QuotedTexts(text)) header.has_objects |= IsObjectType(quoted);
  const auto element = ElementBytes(SimpleType(text));
  const auto count = CountElements(text);
  uint64_t bytes = 0;
  if (element && count && !__builtin_mul_overflow(*element, *count, &bytes)) {
    header.data_length = bytes;
  }
  return header;
}

}  // namespace mreg::formats
