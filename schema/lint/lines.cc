#include "schema/lint/lines.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace mreg::lint {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 7> kResults = {
    "passed", "failed", "unknown", "crashed", "timed-out", "out-of-memory", "too-large"};

std::string ToText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json StageJson(const Stage& stage) {
  return {{"stage", stage.name},
          {"passed", stage.passed},
          {"message", stage.message.substr(0, kMaxMessageBytes)}};
}

// Throws what nlohmann throws where a member is missing or of another type.
absl::StatusOr<Line> ReadLine(const Json& json) {
  if (json.contains("libonnx")) return VersionLine{json.at("libonnx").get<std::string>()};
  auto message = json.at("message").get<std::string>();
  message.resize(std::min(message.size(), kMaxMessageBytes));
  if (json.contains("stage")) {
    return StageLine{json.at("stage").get<std::string>(), json.at("passed").get<bool>(),
                     std::move(message)};
  }
  const auto name = json.at("result").get<std::string>();
  const auto* const result = std::ranges::find(kResults, name);
  if (result == kResults.end()) return absl::InvalidArgumentError("a result that is none");
  return EndLine{static_cast<Result>(result - kResults.begin()), std::move(message)};
}

}  // namespace

std::string_view ResultName(Result result) { return kResults.at(static_cast<size_t>(result)); }

std::string VerdictToJson(const Verdict& verdict) {
  Json stages = Json::array();
  for (const Stage& stage : verdict.stages) stages.push_back(StageJson(stage));
  return ToText({{"result", ResultName(verdict.result)},
                 {"message", verdict.message},
                 {"libonnx", verdict.version},
                 {"stages", std::move(stages)}});
}

std::string FormatLine(const Line& line) {
  if (const auto* const version = std::get_if<VersionLine>(&line)) {
    return ToText({{"libonnx", version->libonnx}}) + "\n";
  }
  if (const auto* const stage = std::get_if<StageLine>(&line))
    return ToText(StageJson(*stage)) + "\n";
  const auto& end = std::get<EndLine>(line);
  return ToText({{"result", ResultName(end.result)},
                 {"message", end.message.substr(0, kMaxMessageBytes)}}) +
         "\n";
}

absl::StatusOr<Line> ParseLine(std::string_view text) {
  try {
    return ReadLine(Json::parse(text));
  } catch (const nlohmann::json::exception&) {
    return absl::InvalidArgumentError("a line that is none of the lint's");
  }
}

}  // namespace mreg::lint
