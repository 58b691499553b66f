#include "cli/targets.h"

#include <fmt/format.h>

#include "cli/display.h"
#include "cli/terminal/units.h"
#include "schema/base/file_system.h"

namespace mreg::cli {

using targets::Finding;
using targets::Support;

targets::TargetSet TargetsOf(const Context& context) {
  return {PosixFileSystem(), JoinPath(context.environment().config_directory, "targets")};
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
