#include "storage/catalog/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/ascii.h"
#include "schema/base/status.h"

namespace mreg::catalog {
namespace {

constexpr size_t kMostBytes = 4'096, kMostItems = 64, kMostValues = 256, kMostWords = 32;
constexpr double kLargest = 1LL << 60;

// kYesOrTerm: yes, no, or a value as of kTerm.
enum class Kind : uint8_t { kTerm, kYes, kYesOrTerm, kNumber, kVersion, kSort };

struct Key {
  std::string_view name;
  std::string_view canonical;
  Kind kind;
  Number number = {};
};

constexpr Key kKeys[] = {
    {"custom", "custom", Kind::kYes},
    {"danger", "danger", Kind::kTerm},
    {"dataset", "dataset", Kind::kTerm},
    {"domain", "domain", Kind::kTerm},
    {"dtype", "dtype", Kind::kTerm},
    {"external", "external", Kind::kYes},
    {"ir", "ir", Kind::kNumber, Number::kIr},
    {"language", "language", Kind::kTerm},
    {"library", "library", Kind::kTerm},
    {"license", "license", Kind::kTerm},
    {"lint", "lint", Kind::kTerm},
    {"namespace", "namespace", Kind::kTerm},
    {"nodes", "nodes", Kind::kNumber, Number::kNodes},
    {"ns", "namespace", Kind::kTerm},
    {"op", "op", Kind::kTerm},
    {"opset", "opset", Kind::kNumber, Number::kOpset},
    {"params", "params", Kind::kNumber, Number::kParameters},
    {"producer", "producer", Kind::kTerm},
    {"quantised", "quantised", Kind::kYes},
    {"quantized", "quantised", Kind::kYes},
    {"repo", "repo", Kind::kTerm},
    {"size", "size", Kind::kNumber, Number::kSize},
    {"sort", "sort", Kind::kSort},
    {"tag", "tag", Kind::kTerm},
    {"target", "target", Kind::kTerm},
    {"task", "task", Kind::kTerm},
    {"validated", "validated", Kind::kYesOrTerm},
    {"version", "version", Kind::kVersion},
};

// What people call ONNX's types.
constexpr std::pair<std::string_view, std::string_view> kTypeAliases[] = {
    {"f16", "float16"},    {"fp16", "float16"},  {"half", "float16"}, {"f32", "float"},
    {"fp32", "float"},     {"float32", "float"}, {"f64", "double"},   {"fp64", "double"},
    {"float64", "double"}, {"bf16", "bfloat16"}, {"i4", "int4"},      {"u4", "uint4"},
    {"i8", "int8"},        {"u8", "uint8"},      {"i16", "int16"},    {"u16", "uint16"},
    {"i32", "int32"},      {"u32", "uint32"},    {"i64", "int64"},    {"u64", "uint64"},
};

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kByteUnits[] = {
    {"", 1},
    {"b", 1},
    {"k", 1e3},
    {"kb", 1e3},
    {"m", 1e6},
    {"mb", 1e6},
    {"g", 1e9},
    {"gb", 1e9},
    {"t", 1e12},
    {"tb", 1e12},
    {"kib", 1024.},
    {"mib", 1024. * 1024},
    {"gib", 1024. * 1024 * 1024},
    {"tib", 1024. * 1024 * 1024 * 1024},
};
constexpr Unit kCountUnits[] = {{"", 1},    {"k", 1e3}, {"m", 1e6},
                                {"b", 1e9}, {"g", 1e9}, {"t", 1e12}};

enum class Comparison : uint8_t { kIs, kLess, kAtMost, kGreater, kAtLeast };

// One blank-separated piece of the query.
struct Item {
  std::string_view text;  // as typed, for messages
  bool is_negated = false;
  std::string_view key;  // empty: words
  Comparison comparison = Comparison::kIs;
  std::string_view rest;  // what is behind key and comparison
};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }
bool IsKeyLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsYesOrNo(std::string_view lower) {
  return lower == "yes" || lower == "true" || lower == "no" || lower == "false";
}

// At least as many as FTS5 may find in `text`, each of which may cost it a walk over all entries:
// runs of ASCII letters and digits, and of what is not ASCII every second character.
size_t MostWords(std::string_view text) {
  size_t runs = 0, others = 0;
  bool is_within = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_letter = absl::ascii_isalnum(byte);
    if (is_letter && !is_within) ++runs;
    if (byte >= 0xc0) ++others;
    is_within = is_letter;
  }
  return runs + (others + 1) / 2;
}

absl::Status Wrong(std::string_view item, std::string_view reason) {
  return absl::InvalidArgumentError(fmt::format("in the query, '{}': {}", item, reason));
}

// The number of letters to insert, remove or replace.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

absl::Status UnknownKey(const Item& item) {
  constexpr size_t kLongestKey = 20;
  const std::string key = Lower(item.key.substr(0, kLongestKey));
  const auto nearest = std::ranges::min_element(
      kKeys, {}, [&](const Key& known) { return EditDistance(key, known.name); });
  return Wrong(item.text, fmt::format("'{}' is no key; the nearest is '{}'. Put the item in quotes "
                                      "to search for it as text",
                                      item.key, nearest->name));
}

// The text up to the next blank that is not in quotes, taken off `text`.
absl::StatusOr<std::string_view> TakePiece(std::string_view& text) {
  size_t end = 0;
  bool is_quoted = false;
  for (; end < text.size() && (is_quoted || !IsBlank(text[end])); ++end) {
    if (text[end] == '"') is_quoted = !is_quoted;
  }
  const std::string_view piece = text.substr(0, end);
  if (is_quoted) return Wrong(piece, "a quotation mark is not closed");
  text.remove_prefix(end);
  return piece;
}

Comparison TakeComparison(std::string_view& rest) {
  const bool or_equal = rest.size() > 1 && rest[1] == '=';
  const char first = rest[0];
  const bool has_two = (first == '<' || first == '>') && or_equal;
  rest.remove_prefix(has_two ? 2 : 1);
  if (first == '<') return or_equal ? Comparison::kAtMost : Comparison::kLess;
  if (first == '>') return or_equal ? Comparison::kAtLeast : Comparison::kGreater;
  return Comparison::kIs;
}

Item SplitPiece(std::string_view piece) {
  Item item;
  item.text = item.rest = piece;
  if (piece.starts_with('-')) {
    item.is_negated = true;
    item.rest.remove_prefix(1);
  }
  const size_t length =
      static_cast<size_t>(std::ranges::find_if_not(item.rest, IsKeyLetter) - item.rest.begin());
  if (length == 0 || length == item.rest.size()) return item;
  if (std::string_view(":<>=").find(item.rest[length]) == std::string_view::npos) return item;
  item.key = item.rest.substr(0, length);
  item.rest.remove_prefix(length);
  item.comparison = TakeComparison(item.rest);
  return item;
}

// `text` at its commas, but for those in quotes, which are taken off.
std::vector<std::string> SplitValues(std::string_view text) {
  std::vector<std::string> values(1);
  bool is_quoted = false;
  for (const char c : text) {
    if (c == '"') {
      is_quoted = !is_quoted;
    } else if (c == ',' && !is_quoted) {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  return values;
}

std::optional<double> ParseAmount(std::string_view text, std::span<const Unit> units) {
  size_t length = 0;
  double value = 0, weight = 1;
  bool has_point = false, has_digit = false;
  for (; length < text.size(); ++length) {
    const char c = text[length];
    if (c == '.' && !has_point) {
      has_point = true;
    } else if (c >= '0' && c <= '9') {
      has_digit = true;
      value = value * 10 + (c - '0');
      if (has_point) weight *= 10;
    } else {
      break;
    }
  }
  const std::string name = Lower(text.substr(length));
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (!has_digit || unit == units.end() || !std::isfinite(value) || !std::isfinite(weight)) {
    return std::nullopt;
  }
  return std::min(value * unit->factor / weight, kLargest);
}

Interval IntervalOf(Comparison comparison, double amount) {
  const auto up = static_cast<int64_t>(std::ceil(amount));
  const auto down = static_cast<int64_t>(std::floor(amount));
  switch (comparison) {
    case Comparison::kLess:
      return {0, up - 1};
    case Comparison::kAtMost:
      return {0, down};
    case Comparison::kGreater:
      return {down + 1, std::numeric_limits<int64_t>::max()};
    case Comparison::kAtLeast:
      return {up, std::numeric_limits<int64_t>::max()};
    case Comparison::kIs:
      break;
  }
  return {up, down};
}

std::span<const Unit> UnitsOf(Number number) {
  if (number == Number::kSize) return kByteUnits;
  if (number == Number::kParameters || number == Number::kNodes) return kCountUnits;
  return std::span(kCountUnits).first(1);
}

class Parser {
 public:
  absl::StatusOr<Query> Parse(std::string_view text) {
    if (text.size() > kMostBytes) {
      return absl::InvalidArgumentError(
          fmt::format("the query is longer than {} bytes", kMostBytes));
    }
    if (std::ranges::any_of(text, IsControl)) {
      return absl::InvalidArgumentError("the query has a control character");
    }
    while (true) {
      text.remove_prefix(
          static_cast<size_t>(std::ranges::find_if_not(text, IsBlank) - text.begin()));
      if (text.empty()) return std::move(query_);
      if (++items_ > kMostItems) {
        return absl::InvalidArgumentError(
            fmt::format("the query has more than {} items", kMostItems));
      }
      MREG_ASSIGN_OR_RETURN(const std::string_view piece, TakePiece(text));
      MREG_RETURN_IF_ERROR(Add(SplitPiece(piece)));
    }
  }

 private:
  absl::Status Add(const Item& item) {
    if (item.key.empty()) return AddText(item);
    const auto key = std::ranges::find(kKeys, Lower(item.key), &Key::name);
    if (key == std::end(kKeys)) return UnknownKey(item);
    const auto values = SplitValues(item.rest);
    values_ += values.size();
    if (values_ > kMostValues) {
      return absl::InvalidArgumentError(
          fmt::format("the query has more than {} values", kMostValues));
    }
    if (std::ranges::any_of(values, &std::string::empty)) {
      return Wrong(item.text, fmt::format("a value of '{}' is missing", key->name));
    }
    if (key->kind == Kind::kNumber) return AddNumbers(item, *key, values);
    if (item.comparison != Comparison::kIs) {
      return Wrong(item.text, fmt::format("'{0}' is no number: write {0}:VALUE", key->name));
    }
    return AddNamed(item, *key, values);
  }

  absl::Status AddNamed(const Item& item, const Key& key, const std::vector<std::string>& values) {
    switch (key.kind) {
      case Kind::kYes:
        return AddYes(item, key, values);
      case Kind::kYesOrTerm:
        if (values.size() == 1 && IsYesOrNo(Lower(values[0]))) return AddYes(item, key, values);
        AddTerms(item, key, values);
        return absl::OkStatus();
      case Kind::kVersion:
        return AddVersion(item, values);
      case Kind::kSort:
        return AddSort(item, values);
      default:
        AddTerms(item, key, values);
        return absl::OkStatus();
    }
  }

  absl::Status AddText(const Item& item) {
    std::string phrase(item.rest);
    std::erase(phrase, '"');
    if (phrase.empty()) return Wrong(item.text, "there is nothing to search for");
    words_ += MostWords(phrase);
    if (words_ > kMostWords) {
      return absl::InvalidArgumentError(
          fmt::format("the query has more than {} words of text", kMostWords));
    }
    query_.texts.push_back({std::move(phrase), item.is_negated});
    return absl::OkStatus();
  }

  void AddTerms(const Item& item, const Key& key, const std::vector<std::string>& values) {
    TermCondition condition{.terms = {}, .is_negated = item.is_negated};
    for (const std::string& value : values) {
      std::string lower = Lower(value);
      const auto alias =
          std::ranges::find(kTypeAliases, lower, [](const auto& a) { return a.first; });
      if (key.name == "dtype" && alias != std::end(kTypeAliases)) lower = alias->second;
      condition.terms.push_back(TermOf(key.canonical, lower));
    }
    query_.terms.push_back(std::move(condition));
  }

  absl::Status AddYes(const Item& item, const Key& key, const std::vector<std::string>& values) {
    const std::string value = Lower(values[0]);
    const bool is_yes = value == "yes" || value == "true";
    if (values.size() != 1 || !IsYesOrNo(value)) {
      return Wrong(item.text, fmt::format("'{}' is yes or no", key.name));
    }
    query_.terms.push_back({{TermOf(key.canonical, "yes")}, item.is_negated == is_yes});
    return absl::OkStatus();
  }

  absl::Status AddNumbers(const Item& item, const Key& key,
                          const std::vector<std::string>& values) {
    if (item.comparison != Comparison::kIs && values.size() != 1) {
      return Wrong(item.text, "only ':' and '=' take several values");
    }
    NumberCondition condition{.number = key.number, .intervals = {}, .is_negated = item.is_negated};
    const auto units = UnitsOf(key.number);
    for (const std::string& value : values) {
      const auto amount = ParseAmount(value, units);
      if (!amount) {
        const std::string_view example = key.number == Number::kSize ? "50MB or 1.5GiB"
                                         : units.size() > 1          ? "1000, 7B or 1.5M"
                                                                     : "17";
        return Wrong(item.text, fmt::format("'{}' is a number such as {}", key.name, example));
      }
      condition.intervals.push_back(IntervalOf(item.comparison, *amount));
    }
    query_.numbers.push_back(std::move(condition));
    return absl::OkStatus();
  }

  absl::Status AddVersion(const Item& item, const std::vector<std::string>& values) {
    const std::string value = Lower(values[0]);
    if (item.is_negated || values.size() != 1 || (value != "all" && value != "latest")) {
      return Wrong(item.text, "'version' is all or latest");
    }
    query_.has_all_versions = value == "all";
    return absl::OkStatus();
  }

  absl::Status AddSort(const Item& item, const std::vector<std::string>& values) {
    constexpr std::pair<std::string_view, Sort> kOrders[] = {{"relevance", Sort::kRelevance},
                                                             {"updated", Sort::kUpdated},
                                                             {"size", Sort::kSize},
                                                             {"params", Sort::kParameters}};
    const auto order =
        std::ranges::find(kOrders, Lower(values[0]), [](const auto& o) { return o.first; });
    if (item.is_negated || values.size() != 1 || order == std::end(kOrders)) {
      return Wrong(item.text, "'sort' is relevance, updated, size or params");
    }
    query_.sort = order->second;
    return absl::OkStatus();
  }

  Query query_;
  size_t items_ = 0;
  size_t words_ = 0;
  size_t values_ = 0;
};

}  // namespace

absl::StatusOr<Query> ParseQuery(std::string_view text) { return Parser().Parse(text); }

std::string TermOf(std::string_view key, std::string_view value) {
  return Lower(fmt::format("{}:{}", key, value));
}

}  // namespace mreg::catalog
