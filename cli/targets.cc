#include "cli/targets.h"

#include <fmt/format.h>

#include <utility>

#include "cli/display.h"
#include "cli/terminal/units.h"
#include "schema/base/file_system.h"

namespace mreg::cli {

using targets::Finding;
using targets::Support;
using terminal::Json;

targets::TargetSet TargetsOf(const Context& context) {
  return {PosixFileSystem(), JoinPath(context.environment().config_directory, "targets")};
}

Json VerdictJson(const targets::Target& target, const targets::Verdict& verdict) {
  Json findings = Json::Array();
  for (const Finding& finding : verdict.findings) {
    findings.Append(Json::Object({{"support", targets::SupportName(finding.support)},
                                  {"kind", targets::KindName(finding.kind)},
                                  {"domain", finding.domain},
                                  {"operator", finding.op},
                                  {"since", finding.since},
                                  {"node", finding.node},
                                  {"nodes", finding.nodes},
                                  {"message", finding.message},
                                  {"advice", finding.advice}}));
  }
  return Json::Object({{"target", target.profile.name},
                       {"support", targets::SupportName(verdict.support)},
                       {"nodes", verdict.nodes},
                       {"fallback", target.profile.fallback},
                       {"fallback_nodes", verdict.fallback_nodes},
                       {"findings", std::move(findings)}});
}

std::string PaintSupport(const terminal::Terminal& terminal, Support support) {
  const auto style = support == Support::kSupported ? terminal::Style::kGreen
                     : support == Support::kUnknown ? terminal::Style::kYellow
                                                    : terminal::Style::kRed;
  return terminal.Paint(style, targets::SupportName(support));
}

std::string FormatFindings(const targets::Verdict& verdict) {
  std::string text;
  for (const Finding& finding : verdict.findings) {
    std::string where;
    if (finding.nodes > 0) {
      where = fmt::format(" (node {}", Shown(finding.node));
      where += finding.nodes > 1 ? fmt::format(" and {} more)", finding.nodes - 1) : ")";
    }
    text += fmt::format("    {}{}\n", Shown(finding.message), where);
    if (!finding.advice.empty()) text += fmt::format("      {}\n", Shown(finding.advice));
  }
  return text;
}

}  // namespace mreg::cli
