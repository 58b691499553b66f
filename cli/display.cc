#include "cli/display.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/terminal/table.h"
#include "cli/terminal/units.h"
#include "schema/base/display.h"

namespace mreg::cli {
namespace {

using terminal::Json;
using terminal::Style;

constexpr std::string_view kMessageIndent = "    ";

// Calls `take` with each line of `text`, without its end.
template <typename Take>
void ForEachLine(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Json SignatureJson(const history::Signature& signature) {
  return Json::Object(
      {{"name", signature.name},
       {"email", signature.email},
       {"date", terminal::FormatIsoDate(signature.seconds, signature.offset_minutes)}});
}

std::string FormatParents(const history::Commit& commit) {
  if (commit.parents.size() < 2) return "";
  std::string line = "Merge: ";
  for (const CommitId& parent : commit.parents) line += " " + parent.ToShortHex();
  return line + "\n";
}

}  // namespace

std::string Shown(std::string_view text) { return EscapeForDisplay(text); }

std::string ShortReference(std::string_view reference) {
  for (const std::string_view prefix : {"refs/heads/", "refs/tags/", "refs/remotes/"}) {
    if (reference.starts_with(prefix)) return Shown(reference.substr(prefix.size()));
  }
  return Shown(reference);
}

std::string SubjectOf(std::string_view message) {
  return Shown(message.substr(0, message.find('\n')));
}

std::string FormatCommit(const terminal::Terminal& terminal, const history::Commit& commit,
                         std::span<const std::string> names) {
  std::string text = terminal.Paint(Style::kYellow, fmt::format("commit {}", commit.id.ToHex()));
  if (!names.empty()) {
    text += terminal.Paint(Style::kGreen, fmt::format(" ({})", fmt::join(names, ", ")));
  }
  text += fmt::format("\n{}Author: {} <{}>\nDate:   {}\n\n", FormatParents(commit),
                      Shown(commit.author.name), Shown(commit.author.email),
                      terminal::FormatDate(commit.author.seconds, commit.author.offset_minutes));
  ForEachLine(commit.message, [&](std::string_view line) {
    text += line.empty() ? "\n" : fmt::format("{}{}\n", kMessageIndent, Shown(line));
  });
  return text;
}

std::string FormatFiles(std::span<const registry::ManifestEntry> files) {
  terminal::Table table({terminal::Align::kLeft, terminal::Align::kRight, terminal::Align::kLeft});
  for (const registry::ManifestEntry& file : files) {
    table.AddRow({file.digest.ToShortHex(), terminal::FormatSize(file.size), Shown(file.path)});
  }
  return table.ToText();
}

std::string_view ChangeName(workspace::Change change) {
  switch (change) {
    case workspace::Change::kAdded:
      return "added";
    case workspace::Change::kModified:
      return "modified";
    case workspace::Change::kRemoved:
      return "removed";
  }
  return "";
}

std::string_view ConflictName(history::ConflictKind kind) {
  switch (kind) {
    case history::ConflictKind::kBothChanged:
      return "both changed";
    case history::ConflictKind::kBothAdded:
      return "both added";
    case history::ConflictKind::kChangedAndRemoved:
      return "changed and removed";
    case history::ConflictKind::kFileAndFolder:
      return "file and folder";
  }
  return "";
}

Json CommitJson(const history::Commit& commit, std::span<const std::string> names) {
  Json parents = Json::Array();
  for (const CommitId& parent : commit.parents) parents.Append(parent.ToHex());
  return Json::Object({{"id", commit.id.ToHex()},
                       {"parents", std::move(parents)},
                       {"author", SignatureJson(commit.author)},
                       {"committer", SignatureJson(commit.committer)},
                       {"message", commit.message},
                       {"references", Json::ArrayOf(names)}});
}

Json FilesJson(std::span<const registry::ManifestEntry> files) {
  Json array = Json::Array();
  for (const registry::ManifestEntry& file : files) {
    array.Append(Json::Object({{"path", file.path},
                               {"size", file.size},
                               {"sha256", file.digest.ToHex()},
                               {"artifact", file.is_artifact},
                               {"executable", file.mode == history::FileMode::kExecutable}}));
  }
  return array;
}

Json MovesJson(std::span<const history::ReferenceMove> moves) {
  Json array = Json::Array();
  for (const history::ReferenceMove& move : moves) {
    array.Append(Json::Object(
        {{"reference", move.name}, {"from", IdJson(move.expected)}, {"to", IdJson(move.target)}}));
  }
  return array;
}

}  // namespace mreg::cli
