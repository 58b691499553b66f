// What a command works with.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/environment.h"
#include "cli/interrupts.h"
#include "cli/terminal/terminal.h"
#include "cli/workspace/workspace.h"
#include "schema/base/clock.h"

namespace mreg::cli {

// One thread at a time.
class Context {
 public:
  // All outlive it.
  Context(const Environment& environment, terminal::Terminal& terminal, const Clock& clock,
          Interrupts& interrupts)
      : environment_(environment), terminal_(terminal), clock_(clock), interrupts_(interrupts) {}

  const Environment& environment() const { return environment_; }
  terminal::Terminal& terminal() { return terminal_; }
  const Clock& clock() const { return clock_; }
  Interrupts& interrupts() { return interrupts_; }
  workspace::UserPaths paths() const { return {environment_.store_directory}; }

  // The folder that relative paths start at.
  absl::StatusOr<std::string> CurrentDirectory() const;

  // The clone that the current folder is in. NotFound if it is in none.
  absl::StatusOr<std::unique_ptr<workspace::Workspace>> OpenWorkspace() const;

 private:
  const Environment& environment_;
  terminal::Terminal& terminal_;
  const Clock& clock_;
  Interrupts& interrupts_;
};

}  // namespace mreg::cli
