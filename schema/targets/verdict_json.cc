#include "schema/targets/verdict_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace mreg::targets {

using Json = nlohmann::ordered_json;

std::string VerdictToJson(const Target& target, const Verdict& verdict, size_t most_findings) {
  Json findings = Json::array();
  const size_t count = std::min(verdict.findings.size(), most_findings);
  for (size_t i = 0; i < count; ++i) {
    const Finding& finding = verdict.findings[i];
    findings.push_back({{"support", SupportName(finding.support)},
                        {"kind", KindName(finding.kind)},
                        {"domain", finding.domain},
                        {"operator", finding.op},
                        {"since", finding.since},
                        {"node", finding.node},
                        {"nodes", finding.nodes},
                        {"message", finding.message},
                        {"advice", finding.advice}});
  }
  const Json json{{"target", target.profile.name},
                  {"support", SupportName(verdict.support)},
                  {"nodes", verdict.nodes},
                  {"fallback", target.profile.fallback},
                  {"fallback_nodes", verdict.fallback_nodes},
                  {"findings", std::move(findings)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mreg::targets
