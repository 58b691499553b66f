#include "cli/runner/protocol.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "schema/base/base64.h"
#include "schema/base/status.h"

namespace mreg::runner {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<Refusal, std::string_view>, 3> kRefusals = {{
    {Refusal::kUnsupported, "unsupported"},
    {Refusal::kInvalid, "invalid"},
    {Refusal::kFailed, "failed"},
}};

std::string ToLine(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

json ToJson(const Tensor& tensor) {
  json object = {{"name", tensor.name}, {"type", tensor.type}, {"shape", tensor.shape}};
  if (tensor.type == "string") {
    json texts = json::array();
    for (const std::string& text : tensor.strings) texts.push_back(Base64Encode(text));
    object["strings"] = std::move(texts);
  } else {
    object["data"] = Base64Encode(tensor.data);
  }
  return object;
}

// Throws json::exception as all of nlohmann's do; Malformed is one kind more.
struct Malformed {};

Bytes FromBase64(const json& text) {
  auto bytes = Base64Decode(text.get_ref<const std::string&>());
  if (!bytes) throw Malformed();
  return *std::move(bytes);
}

Tensor TensorOf(const json& object) {
  Tensor tensor{object.at("name"), object.at("type"), object.at("shape"), "", {}};
  if (tensor.type == "string") {
    for (const json& text : object.at("strings")) tensor.strings.push_back(FromBase64(text));
  } else {
    tensor.data = FromBase64(object.at("data"));
  }
  if (!CheckTensor(tensor).ok()) throw Malformed();
  return tensor;
}

std::vector<Tensor> TensorsOf(const json& array) {
  std::vector<Tensor> tensors;
  for (const json& object : array) tensors.push_back(TensorOf(object));
  return tensors;
}

json ToJson(const std::vector<Tensor>& tensors) {
  json array = json::array();
  for (const Tensor& tensor : tensors) array.push_back(ToJson(tensor));
  return array;
}

json ToJson(const std::vector<ValueDescription>& values) {
  json array = json::array();
  for (const ValueDescription& value : values) {
    array.push_back({{"name", value.name}, {"type", value.type}, {"shape", value.shape}});
  }
  return array;
}

std::vector<ValueDescription> ValuesOf(const json& array) {
  std::vector<ValueDescription> values;
  for (const json& object : array) {
    values.push_back({object.at("name"), object.at("type"), object.at("shape")});
  }
  return values;
}

json ToJson(const LoadRequest& request) {
  json object = {{"do", "load"}};
  if (request.path.empty()) {
    object["bytes"] = Base64Encode(request.model);
  } else {
    object["model"] = request.path;
  }
  const LoadSettings& settings = request.settings;
  if (!settings.provider.empty()) object["provider"] = settings.provider;
  if (!settings.optimizes) object["optimize"] = false;
  if (settings.threads > 0) object["threads"] = settings.threads;
  if (!settings.profile.empty()) object["profile"] = settings.profile;
  return object;
}

json ToJson(const RunRequest& request) {
  return {{"do", "run"}, {"inputs", ToJson(request.inputs)}};
}

json ToJson(const UnloadRequest&) { return {{"do", "unload"}}; }

json ToJson(const ReadyAnswer& answer) {
  return {{"event", "ready"},
          {"protocol", kProtocolVersion},
          {"runner", answer.runner},
          {"runtime", answer.runtime},
          {"version", answer.version},
          {"library", answer.library},
          {"providers", answer.providers}};
}

json ToJson(const LoadedAnswer& answer) {
  return {{"event", "loaded"},
          {"seconds", answer.seconds},
          {"inputs", ToJson(answer.inputs)},
          {"outputs", ToJson(answer.outputs)}};
}

json ToJson(const RanAnswer& answer) {
  return {{"event", "ran"},
          {"seconds", answer.seconds},
          {"peak_bytes", answer.peak_bytes},
          {"outputs", ToJson(answer.outputs)}};
}

json ToJson(const UnloadedAnswer& answer) {
  json providers = json::array();
  for (const ProviderUse& use : answer.providers) {
    providers.push_back({{"provider", use.provider}, {"nodes", use.nodes}});
  }
  return {{"event", "unloaded"}, {"providers", std::move(providers)}};
}

json ToJson(const FailedAnswer& answer) {
  return {{"event", "failed"}, {"kind", RefusalName(answer.refusal)}, {"message", answer.message}};
}

Request RequestOf(const json& object) {
  const std::string what = object.at("do");
  if (what == "run") return RunRequest{TensorsOf(object.at("inputs"))};
  if (what == "unload") return UnloadRequest{};
  if (what != "load") throw Malformed();
  LoadRequest request;
  if (object.contains("model")) {
    request.path = object.at("model");
  } else {
    request.model = FromBase64(object.at("bytes"));
  }
  request.settings = {object.value("provider", ""), object.value("optimize", true),
                      object.value("threads", 0), object.value("profile", "")};
  return request;
}

Answer FailureOf(const json& object) {
  FailedAnswer answer{Refusal::kFailed, object.at("message")};
  const std::string kind = object.at("kind");
  for (const auto& [refusal, name] : kRefusals) {
    if (kind == name) answer.refusal = refusal;
  }
  return answer;
}

Answer AnswerOf(const json& object) {
  const std::string event = object.at("event");
  if (event == "failed") return FailureOf(object);
  if (event == "loaded") {
    return LoadedAnswer{object.at("seconds"), ValuesOf(object.at("inputs")),
                        ValuesOf(object.at("outputs"))};
  }
  if (event == "ran") {
    return RanAnswer{object.at("seconds"), object.value("peak_bytes", uint64_t{0}),
                     TensorsOf(object.at("outputs"))};
  }
  if (event == "unloaded") {
    UnloadedAnswer answer;
    for (const json& use : object.value("providers", json::array())) {
      answer.providers.push_back({use.at("provider"), use.at("nodes")});
    }
    return answer;
  }
  if (event != "ready" || object.at("protocol") != kProtocolVersion) throw Malformed();
  return ReadyAnswer{object.at("runner"), object.at("runtime"), object.at("version"),
                     object.value("library", ""),
                     object.value("providers", std::vector<std::string>())};
}

template <typename Message>
absl::StatusOr<Message> ParseLine(std::string_view line, Message (*of)(const json&)) {
  try {
    return of(json::parse(line));
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(
        fmt::format("a line is not in the runner's protocol: {}", error.what()));
  } catch (const Malformed&) {
    return absl::InvalidArgumentError("a line is not in the runner's protocol");
  }
}

}  // namespace

std::string_view RefusalName(Refusal refusal) {
  for (const auto& [known, name] : kRefusals) {
    if (known == refusal) return name;
  }
  return "";
}

std::string FormatRequest(const Request& request) {
  return std::visit([](const auto& message) { return ToLine(ToJson(message)); }, request);
}

std::string FormatAnswer(const Answer& answer) {
  return std::visit([](const auto& message) { return ToLine(ToJson(message)); }, answer);
}

absl::StatusOr<Request> ParseRequest(std::string_view line) { return ParseLine(line, RequestOf); }

absl::StatusOr<Answer> ParseAnswer(std::string_view line) { return ParseLine(line, AnswerOf); }

}  // namespace mreg::runner
