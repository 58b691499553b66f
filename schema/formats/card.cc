#include "schema/formats/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "schema/base/status.h"
#include "schema/formats/card_body.h"
#include "schema/formats/yaml.h"

namespace mreg::formats {
namespace {

// Sorted. https://huggingface.co/docs/hub/repositories-licenses
constexpr std::string_view kLicenses[] = {"afl-3.0",
                                          "agpl-3.0",
                                          "apache-2.0",
                                          "apple-amlr",
                                          "apple-ascl",
                                          "artistic-2.0",
                                          "bigcode-openrail-m",
                                          "bigscience-bloom-rail-1.0",
                                          "bigscience-openrail-m",
                                          "bsd",
                                          "bsd-2-clause",
                                          "bsd-3-clause",
                                          "bsd-3-clause-clear",
                                          "bsl-1.0",
                                          "c-uda",
                                          "cc",
                                          "cc-by-2.0",
                                          "cc-by-2.5",
                                          "cc-by-3.0",
                                          "cc-by-4.0",
                                          "cc-by-nc-2.0",
                                          "cc-by-nc-3.0",
                                          "cc-by-nc-4.0",
                                          "cc-by-nc-nd-3.0",
                                          "cc-by-nc-nd-4.0",
                                          "cc-by-nc-sa-2.0",
                                          "cc-by-nc-sa-3.0",
                                          "cc-by-nc-sa-4.0",
                                          "cc-by-nd-4.0",
                                          "cc-by-sa-3.0",
                                          "cc-by-sa-4.0",
                                          "cc0-1.0",
                                          "cdla-permissive-1.0",
                                          "cdla-permissive-2.0",
                                          "cdla-sharing-1.0",
                                          "creativeml-openrail-m",
                                          "deepfloyd-if-license",
                                          "ecl-2.0",
                                          "epl-1.0",
                                          "epl-2.0",
                                          "etalab-2.0",
                                          "eupl-1.1",
                                          "eupl-1.2",
                                          "fair-noncommercial-research-license",
                                          "gemma",
                                          "gfdl",
                                          "gpl",
                                          "gpl-2.0",
                                          "gpl-3.0",
                                          "grok2-community",
                                          "h-research",
                                          "intel-research",
                                          "isc",
                                          "lgpl",
                                          "lgpl-2.1",
                                          "lgpl-3.0",
                                          "lgpl-lr",
                                          "llama2",
                                          "llama3",
                                          "llama3.1",
                                          "llama3.2",
                                          "llama3.3",
                                          "llama4",
                                          "lppl-1.3c",
                                          "mit",
                                          "mpl-2.0",
                                          "ms-pl",
                                          "ncsa",
                                          "odbl",
                                          "odc-by",
                                          "ofl-1.1",
                                          "open-mdw",
                                          "openrail",
                                          "openrail++",
                                          "osl-3.0",
                                          "other",
                                          "pddl",
                                          "postgresql",
                                          "unknown",
                                          "unlicense",
                                          "wtfpl",
                                          "zlib"};

// The text up to a line's end, which is taken off `rest` too; without a carriage return.
ByteView TakeLine(ByteView& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  ByteView line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
    line.remove_suffix(1);
  }
  return line;
}

struct Parts {
  std::optional<ByteView> front_matter;
  ByteView body;
};

Parts Split(ByteView readme) {
  constexpr ByteView kByteOrderMark = "\xef\xbb\xbf", kFence = "---";
  if (readme.starts_with(kByteOrderMark)) readme.remove_prefix(kByteOrderMark.size());
  ByteView rest = readme;
  if (TakeLine(rest) != kFence) return {std::nullopt, readme};
  const ByteView inside = rest;
  while (!rest.empty()) {
    const ByteView before = rest;
    if (TakeLine(rest) == kFence) return {inside.substr(0, inside.size() - before.size()), rest};
  }
  return {std::nullopt, readme};
}

// Takes what a card needs out of the front matter, and tells what is wrong with it.
class CardReader {
 public:
  explicit CardReader(Card& card) : card_(card) {}

  void Problem(std::string text) {
    if (card_.problems.size() < kMaxCardProblems) card_.problems.push_back(std::move(text));
  }

  void Read(const YamlValue& root) {
    if (root.kind == YamlValue::Kind::kNull) return;
    if (root.kind != YamlValue::Kind::kMap) {
      return Problem(
          fmt::format("the front matter is {}, not keys and values", KindName(root.kind)));
    }
    CheckKeys(root);
    for (const auto& [key, member] : kTexts) card_.*member = TextAt(root, key);
    for (const auto& [key, member] : kLists) card_.*member = ListAt(root, key);
    CheckLicense();
    if (const YamlValue* const index = root.Find("model-index")) ReadModelIndex(*index);
  }

 private:
  static constexpr std::pair<std::string_view, std::string Card::*> kTexts[] = {
      {"license", &Card::license},
      {"license_name", &Card::license_name},
      {"pipeline_tag", &Card::task},
      {"library_name", &Card::library_name},
      {"base_model_relation", &Card::base_model_relation}};
  static constexpr std::pair<std::string_view, std::vector<std::string> Card::*> kLists[] = {
      {"tags", &Card::tags},
      {"datasets", &Card::datasets},
      {"metrics", &Card::metrics},
      {"language", &Card::languages},
      {"base_model", &Card::base_models}};

  void CheckKeys(const YamlValue& root) {
    std::vector<std::string_view> keys;
    for (const YamlValue& member : root.members) keys.push_back(member.key);
    std::ranges::sort(keys);
    for (size_t i = 1; i < keys.size(); ++i) {
      if (keys[i] == keys[i - 1] && (i < 2 || keys[i] != keys[i - 2])) {
        Problem(fmt::format("{}: stands more than once; the first counts", Named(keys[i])));
      }
    }
  }

  // A key or text in a message.
  static std::string Named(std::string_view text) {
    constexpr size_t kMost = 64;
    std::string line = OneLine(text.substr(0, kMaxCardText));
    if (line.size() > kMost) line = "a long text";
    return line;
  }

  // "" if it is none, or too long.
  std::string TextOf(const YamlValue& value, std::string_view where) {
    if (value.kind == YamlValue::Kind::kNull) return "";
    const YamlValue* text = &value;
    if (value.kind == YamlValue::Kind::kList && value.members.size() == 1) {
      text = &value.members.front();
    }
    if (text->kind != YamlValue::Kind::kText) {
      Problem(fmt::format("{}: is {}, not a text", where, KindName(value.kind)));
      return "";
    }
    if (text->text.size() > kMaxCardText) {
      Problem(fmt::format("{}: is longer than {} bytes", where, kMaxCardText));
      return "";
    }
    return OneLine(text->text);
  }

  std::string TextAt(const YamlValue& map, std::string_view key) {
    const YamlValue* const value = map.Find(key);
    return value == nullptr ? "" : TextOf(*value, key);
  }

  // A text is a list of one.
  std::vector<std::string> ListAt(const YamlValue& map, std::string_view key) {
    std::vector<std::string> texts;
    const YamlValue* const value = map.Find(key);
    if (value == nullptr) return texts;
    if (value->kind == YamlValue::Kind::kMap) {
      Problem(fmt::format("{}: is a map, not a list of texts", key));
    } else if (value->kind == YamlValue::Kind::kText) {
      AddText(*value, key, texts);
    }
    if (value->kind != YamlValue::Kind::kList) return texts;
    for (const YamlValue& element : value->members) {
      if (texts.size() == kMaxCardList) {
        Problem(fmt::format("{}: has more than {} texts", key, kMaxCardList));
        break;
      }
      AddText(element, key, texts);
    }
    return texts;
  }

  void AddText(const YamlValue& element, std::string_view key, std::vector<std::string>& to) {
    std::string text = TextOf(element, key);
    if (!text.empty()) to.push_back(std::move(text));
  }

  void CheckLicense() {
    const std::string& id = card_.license;
    if (id.empty() || std::ranges::binary_search(kLicenses, std::string_view(id))) return;
    const std::string lower = absl::AsciiStrToLower(id);
    const bool is_case = std::ranges::binary_search(kLicenses, std::string_view(lower));
    Problem(is_case ? fmt::format("license: {} is written {}", id, lower)
                    : fmt::format("license: {} is no known id; say other, and license_name",
                                  Named(id)));
  }

  void ReadModelIndex(const YamlValue& index) {
    if (index.kind == YamlValue::Kind::kNull) return;
    if (index.kind != YamlValue::Kind::kList) {
      return Problem(fmt::format("model-index: is {}, not a list", KindName(index.kind)));
    }
    for (const YamlValue& model : index.members) {
      for (const YamlValue* const result : ElementsAt(model, "results")) ReadResult(*result);
    }
  }

  // What the list at `key` has.
  std::vector<const YamlValue*> ElementsAt(const YamlValue& map, std::string_view key) {
    std::vector<const YamlValue*> elements;
    const YamlValue* const list = map.Find(key);
    if (list == nullptr || list->kind != YamlValue::Kind::kList) {
      Problem(fmt::format("model-index: something has no list of {}", key));
      return elements;
    }
    for (const YamlValue& element : list->members) elements.push_back(&element);
    return elements;
  }

  void ReadResult(const YamlValue& result) {
    CardResult common;
    if (const YamlValue* const task = result.Find("task"))
      common.task = Either(*task, "type", "name");
    if (const YamlValue* const dataset = result.Find("dataset")) {
      common.dataset = Either(*dataset, "name", "type");
    }
    for (const YamlValue* const metric : ElementsAt(result, "metrics")) {
      if (card_.results.size() == kMaxCardList) {
        return Problem(fmt::format("model-index: has more than {} values", kMaxCardList));
      }
      CardResult& added = card_.results.emplace_back(common);
      added.metric = Either(*metric, "name", "type");
      added.value = TextAt(*metric, "value");
      if (added.metric.empty() || added.value.empty()) {
        Problem("model-index: a metric has no type or no value");
        card_.results.pop_back();
      }
    }
  }

  std::string Either(const YamlValue& map, std::string_view first, std::string_view second) {
    std::string text = TextAt(map, first);
    return text.empty() ? TextAt(map, second) : text;
  }

  Card& card_;
};

void ReadFrontMatter(ByteView text, Card& card) {
  constexpr int kFirstLine = 2;  // after the fence
  CardReader reader(card);
  if (text.size() > kMaxFrontMatterBytes) {
    return reader.Problem(
        fmt::format("the front matter has more than {} KiB", kMaxFrontMatterBytes >> 10));
  }
  const auto root = ParseYaml(text, kFirstLine);
  if (!root.ok()) {
    return reader.Problem(fmt::format("the front matter is no YAML that is taken here: {}",
                                      MessageOf(root.status())));
  }
  reader.Read(*root);
}

}  // namespace

absl::StatusOr<Card> ParseCard(ByteView readme) {
  if (readme.size() > kMaxCardBytes) {
    return absl::InvalidArgumentError(
        fmt::format("a card of more than {} MiB is not read", kMaxCardBytes >> 20));
  }
  Card card;
  const Parts parts = Split(readme);
  if (parts.front_matter) ReadFrontMatter(*parts.front_matter, card);
  CardBody body = ReadCardBody(parts.body);
  card.title = std::move(body.title);
  card.summary = std::move(body.summary);
  return card;
}

}  // namespace mreg::formats
