#include "storage/history/object_format.h"

#include <fmt/format.h>

#include <cstdlib>

#include "schema/base/status.h"

namespace mreg::history {
namespace {

constexpr int kMinutesInDay = 24 * 60;
// git takes these off both ends of a name.
constexpr std::string_view kTrimmed = " .,:;<>\"\\'";

bool IsPlain(std::string_view text) {
  for (const unsigned char c : text) {
    if (c < 0x20 || c == '<' || c == '>') return false;
  }
  return true;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kTrimmed);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kTrimmed) + 1 - first);
}

bool IsRecordable(std::string_view text) { return IsPlain(text) && !Trim(text).empty(); }

absl::Status Check(const Signature& who) {
  if (!IsRecordable(who.name) || !IsRecordable(who.email)) {
    return absl::InvalidArgumentError(
        fmt::format("git cannot record the name '{}' and address '{}'", who.name, who.email));
  }
  if (who.seconds < 0 || std::abs(who.offset_minutes) >= kMinutesInDay) {
    return absl::InvalidArgumentError(fmt::format("git cannot record the time {} with offset {}",
                                                  who.seconds, who.offset_minutes));
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(std::string_view message) {
  if (message.find('\0') == std::string_view::npos) return absl::OkStatus();
  return absl::InvalidArgumentError("a message with a zero byte cannot be recorded");
}

std::string Line(std::string_view role, const Signature& who) {
  const int offset = std::abs(who.offset_minutes);
  return fmt::format("{} {} <{}> {} {}{:02}{:02}\n", role, Trim(who.name), Trim(who.email),
                     who.seconds, who.offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
}

}  // namespace

absl::StatusOr<Bytes> FormatCommit(const Commit& commit) {
  MREG_RETURN_IF_ERROR(Check(commit.author));
  MREG_RETURN_IF_ERROR(Check(commit.committer));
  MREG_RETURN_IF_ERROR(CheckMessage(commit.message));
  Bytes data = fmt::format("tree {}\n", commit.tree.ToHex());
  for (const CommitId& parent : commit.parents) {
    data += fmt::format("parent {}\n", parent.ToHex());
  }
  data += Line("author", commit.author);
  data += Line("committer", commit.committer);
  return data + "\n" + commit.message;
}

absl::StatusOr<Bytes> FormatTag(const AnnotatedTag& tag, ObjectType target_type) {
  MREG_RETURN_IF_ERROR(Check(tag.tagger));
  MREG_RETURN_IF_ERROR(CheckMessage(tag.message));
  if (!IsValidReferenceName(fmt::format("refs/tags/{}", tag.name))) {
    return absl::InvalidArgumentError(fmt::format("'{}' is not a tag's name", tag.name));
  }
  return fmt::format("object {}\ntype {}\ntag {}\n{}\n{}", tag.target.ToHex(),
                     ObjectTypeName(target_type), tag.name, Line("tagger", tag.tagger),
                     tag.message);
}

void AppendTreeEntry(Bytes& tree, uint32_t mode, std::string_view name, const ObjectId& id) {
  tree += fmt::format("{:o} {}", mode, name);
  tree.push_back('\0');
  tree.append(id.bytes());
}

std::string_view ObjectTypeName(ObjectType type) {
  switch (type) {
    case ObjectType::kCommit:
      return "commit";
    case ObjectType::kTree:
      return "tree";
    case ObjectType::kBlob:
      return "blob";
    case ObjectType::kTag:
      return "tag";
  }
  return "object";
}

}  // namespace mreg::history
