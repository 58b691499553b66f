#include "schema/onnx/operator_table.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "schema/base/fields.h"
#include "schema/onnx/operators_data.h"

namespace mreg::onnx {
namespace {

// A set of types, whose maps have commas of their own: "map(int64, float)".
Fields SplitTypes(std::string_view text) {
  Fields types;
  int depth = 0;
  size_t begin = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    depth += (text[at] == '(') - (text[at] == ')');
    if (text[at] != ',' || depth > 0) continue;
    types.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  types.push_back(text.substr(begin));
  return types;
}

// A list of the table: "-" is an empty one.
Fields SplitList(std::string_view text) { return text == "-" ? Fields{} : Split(text, ';'); }

int64_t ToNumber(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<OperatorParameter> ToParameters(std::string_view text) {
  using Count = OperatorParameter::Count;
  std::vector<OperatorParameter> parameters;
  for (std::string_view item : SplitList(text)) {
    Count count = Count::kOne;
    if (item.ends_with('?')) count = Count::kOptional;
    if (item.ends_with('*')) count = Count::kVariadic;
    if (item.ends_with("**")) count = Count::kVariadicAnyType;
    item = item.substr(0, item.find_last_not_of("?*") + 1);
    parameters.push_back({item, count});
  }
  return parameters;
}

std::vector<OperatorAttribute> ToAttributes(std::string_view text) {
  std::vector<OperatorAttribute> attributes;
  for (std::string_view item : SplitList(text)) {
    const bool is_required = item.ends_with('!');
    if (is_required) item.remove_suffix(1);
    const size_t colon = item.rfind(':');
    attributes.push_back({item.substr(0, colon), item.substr(colon + 1), is_required});
  }
  return attributes;
}

std::string_view FullDomain(std::string_view domain) {
  return domain.empty() ? std::string_view("ai.onnx") : domain;
}

auto KeyOf(const OperatorSchema& schema) {
  return std::tuple(schema.domain, schema.name, schema.since);
}

}  // namespace

const OperatorTable& OperatorTable::Get() {
  static const auto* const kTable = new OperatorTable(kOperatorsData);
  return *kTable;
}

OperatorTable::OperatorTable(std::string_view text) {
  // Constraints point into it.
  const Fields lines = Split(text, '\n');
  type_sets_.reserve(lines.size());
  for (const std::string_view line : lines) {
    if (line.starts_with("types\t")) AddTypes(line);
    if (line.starts_with("op\t")) AddOperator(line);
  }
  std::ranges::sort(schemas_, {}, KeyOf);
  for (const OperatorSchema& schema : schemas_) {
    int64_t& newest = newest_[schema.domain];
    newest = std::max(newest, schema.since);
  }
}

void OperatorTable::AddTypes(std::string_view line) {
  type_sets_.push_back(SplitTypes(Split(line, '\t')[2]));
}

void OperatorTable::AddOperator(std::string_view line) {
  const Fields fields = Split(line, '\t');
  OperatorSchema schema;
  schema.domain = fields[1];
  schema.name = fields[2];
  schema.since = ToNumber(fields[3]);
  schema.is_deprecated = fields[4].find('d') != std::string_view::npos;
  schema.is_function = fields[4].find('f') != std::string_view::npos;
  schema.inputs = ToParameters(fields[5]);
  schema.outputs = ToParameters(fields[6]);
  for (const std::string_view item : SplitList(fields[7])) {
    const size_t equals = item.rfind('=');
    const auto number = static_cast<size_t>(ToNumber(item.substr(equals + 1)));
    schema.constraints.push_back({item.substr(0, equals), &type_sets_.at(number)});
  }
  schema.attributes = ToAttributes(fields[8]);
  schema.body = SplitList(fields[9]);
  schemas_.push_back(std::move(schema));
}

const OperatorSchema* OperatorTable::Find(std::string_view domain, std::string_view name,
                                          int64_t opset) const {
  const std::tuple key(FullDomain(domain), name, opset);
  const auto after = std::ranges::upper_bound(schemas_, key, {}, KeyOf);
  if (after == schemas_.begin()) return nullptr;
  const OperatorSchema& found = *std::prev(after);
  return found.domain == std::get<0>(key) && found.name == name ? &found : nullptr;
}

int64_t OperatorTable::NewestOpset(std::string_view domain) const {
  const auto found = newest_.find(FullDomain(domain));
  return found == newest_.end() ? 0 : found->second;
}

const OperatorParameter* ParameterAt(const std::vector<OperatorParameter>& parameters, size_t at) {
  using Count = OperatorParameter::Count;
  if (at < parameters.size()) return &parameters[at];
  if (parameters.empty()) return nullptr;
  const OperatorParameter& last = parameters.back();
  const bool goes_on = last.count == Count::kVariadic || last.count == Count::kVariadicAnyType;
  return goes_on ? &last : nullptr;
}

}  // namespace mreg::onnx
