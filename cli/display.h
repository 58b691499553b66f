// How versions, references and files are shown, alike in all commands.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/terminal/json.h"
#include "cli/terminal/terminal.h"
#include "cli/workspace/workspace.h"
#include "storage/history/repository.h"
#include "storage/registry/manifest.h"

namespace mreg::cli {

// A name or text from a repository, which may hold anything, fit for a terminal.
std::string Shown(std::string_view text);

// "main" of refs/heads/main, "v1" of refs/tags/v1, "origin/main" of refs/remotes/origin/main.
std::string ShortReference(std::string_view reference);

// The first line of a message.
std::string SubjectOf(std::string_view message);

// As git log has it: "commit", "Author:", "Date:", the message indented. `names` are the
// references that point at it.
std::string FormatCommit(const terminal::Terminal& terminal, const history::Commit& commit,
                         std::span<const std::string> names);

std::string FormatFiles(std::span<const registry::ManifestEntry> files);

std::string_view ChangeName(workspace::Change change);  // "added"
std::string_view ConflictName(history::ConflictKind kind);

// For programs.
terminal::Json CommitJson(const history::Commit& commit, std::span<const std::string> names);
terminal::Json FilesJson(std::span<const registry::ManifestEntry> files);
terminal::Json MovesJson(std::span<const history::ReferenceMove> moves);

template <typename SomeId>
terminal::Json IdJson(const std::optional<SomeId>& id) {
  return id ? terminal::Json(id->ToHex()) : terminal::Json();
}

}  // namespace mreg::cli
