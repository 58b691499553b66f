#include "cli/card.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "cli/display.h"

namespace mreg::cli {
namespace {

using terminal::Json;

// More texts than these are counted; the JSON has them all.
constexpr size_t kShownTexts = 12;

void AddLine(std::string_view label, const std::string& value, std::string& to) {
  if (!value.empty()) to += fmt::format("{:<10}{}\n", label, Shown(value));
}

// "a, b and 3 more".
std::string Listed(std::span<const std::string> texts) {
  const auto shown = texts.first(std::min(texts.size(), kShownTexts));
  std::string line = fmt::format("{}", fmt::join(shown, ", "));
  const size_t more = texts.size() - shown.size();
  return more == 0 ? line : fmt::format("{} and {} more", line, more);
}

// "acme/base (quantized)".
std::string BaseText(const formats::Card& card) {
  const std::string models = Listed(card.base_models);
  if (models.empty() || card.base_model_relation.empty()) return models;
  return fmt::format("{} ({})", models, card.base_model_relation);
}

std::string LicenseText(const formats::Card& card) {
  if (card.license_name.empty()) return card.license;
  return card.license.empty() ? card.license_name
                              : fmt::format("{} ({})", card.license, card.license_name);
}

Json ResultsJson(std::span<const formats::CardResult> results) {
  Json array = Json::Array();
  for (const formats::CardResult& result : results) {
    array.Append(Json::Object({{"task", result.task},
                               {"dataset", result.dataset},
                               {"metric", result.metric},
                               {"value", result.value}}));
  }
  return array;
}

}  // namespace

std::string FormatCard(const formats::Card& card) {
  std::string text;
  AddLine("License:", LicenseText(card), text);
  AddLine("Task:", card.task, text);
  AddLine("Tags:", Listed(card.tags), text);
  AddLine("Base:", BaseText(card), text);
  return text;
}

Json CardJson(const formats::Card& card) {
  return Json::Object({{"license", card.license},
                       {"license_name", card.license_name},
                       {"task", card.task},
                       {"library_name", card.library_name},
                       {"tags", Json::ArrayOf(card.tags)},
                       {"datasets", Json::ArrayOf(card.datasets)},
                       {"metrics", Json::ArrayOf(card.metrics)},
                       {"languages", Json::ArrayOf(card.languages)},
                       {"base_models", Json::ArrayOf(card.base_models)},
                       {"base_model_relation", card.base_model_relation},
                       {"results", ResultsJson(card.results)},
                       {"title", card.title},
                       {"summary", card.summary},
                       {"problems", Json::ArrayOf(card.problems)}});
}

}  // namespace mreg::cli
