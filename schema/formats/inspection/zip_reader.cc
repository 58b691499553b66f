#include "schema/formats/inspection/zip_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "schema/formats/inspection/file_view.h"

namespace mreg::formats {
namespace {

using namespace std::string_view_literals;

constexpr ByteView kLocal = "PK\3\4"sv;
constexpr ByteView kEntry = "PK\1\2"sv;
constexpr ByteView kEnd = "PK\5\6"sv;
constexpr ByteView kEnd64 = "PK\6\6"sv;
constexpr ByteView kEnd64Locator = "PK\6\7"sv;
constexpr size_t kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr uint64_t kTail = (64 << 10) + kEndBytes;
constexpr uint64_t kMaxDirectory = 16 << 20;
constexpr uint16_t kEncrypted = 1 | 1 << 6 | 1 << 13;

// Where the directory is said to lie.
struct Directory {
  uint64_t position = 0;  // of its first byte in the file
  uint64_t size = 0;
  uint64_t begin = 0;  // bytes in front of the archive
};

class Reader {
 public:
  Reader(const ReadableFile& file, uint64_t size) : file_(file), size_(size) {}

  absl::StatusOr<std::optional<ZipArchive>> Read() {
    MREG_ASSIGN_OR_RETURN(const Bytes head, ReadPart(file_, 0, 4));
    MREG_ASSIGN_OR_RETURN(const auto directory, FindDirectory());
    if (!directory) {
      if (head != kLocal) return std::nullopt;
      archive_.fault = "a zip archive without its directory";
      return std::move(archive_);
    }
    archive_.begin = directory->begin;
    MREG_RETURN_IF_ERROR(ReadDirectory(*directory));
    return std::move(archive_);
  }

 private:
  // The last end record that leads to one.
  absl::StatusOr<std::optional<Directory>> FindDirectory() {
    const uint64_t length = std::min(size_, kTail);
    MREG_ASSIGN_OR_RETURN(const Bytes tail, ReadPart(file_, size_ - length, length));
    for (size_t at = tail.rfind(kEnd); at != tail.npos; at = tail.rfind(kEnd, at - 1)) {
      if (tail.size() - at >= kEndBytes) {
        MREG_ASSIGN_OR_RETURN(const auto found, Follow(size_ - length + at, tail.substr(at)));
        if (found) return found;
      }
      if (at == 0) break;
    }
    return std::nullopt;
  }

  absl::StatusOr<std::optional<Directory>> Follow(uint64_t end_at, ByteView end) {
    uint64_t count = ReadU16Le(end.substr(10));
    uint64_t size = ReadU32Le(end.substr(12));
    uint64_t offset = ReadU32Le(end.substr(16));
    uint64_t directory_end = end_at;
    MREG_RETURN_IF_ERROR(FollowLong(end_at, directory_end, count, size, offset));
    if (count == 0 && size == 0 && end_at == 0) return Directory{0, 0, 0};
    if (size < kEntryBytes || size > directory_end) return std::nullopt;
    // Readers differ in which of the two they believe, where bytes were put in front.
    for (const uint64_t position : {directory_end - size, offset}) {
      MREG_ASSIGN_OR_RETURN(const Bytes entry, ReadPart(file_, position, kEntry.size()));
      if (entry != kEntry) continue;
      const uint64_t begin = position >= offset ? position - offset : 0;
      return Directory{position, std::min(size, size_ - position), begin};
    }
    return std::nullopt;
  }

  // Zip64's end record, if it is there.
  absl::Status FollowLong(uint64_t end_at, uint64_t& directory_end, uint64_t& count, uint64_t& size,
                          uint64_t& offset) {
    if (end_at < kLocatorBytes + kEnd64Bytes) return absl::OkStatus();
    const uint64_t locator_at = end_at - kLocatorBytes;
    MREG_ASSIGN_OR_RETURN(const Bytes locator, ReadPart(file_, locator_at, kLocatorBytes));
    if (!locator.starts_with(kEnd64Locator)) return absl::OkStatus();
    for (const uint64_t at : {locator_at - kEnd64Bytes, ReadU64Le(ByteView(locator).substr(8))}) {
      if (at > locator_at) continue;
      MREG_ASSIGN_OR_RETURN(const Bytes record, ReadPart(file_, at, kEnd64Bytes));
      if (record.size() < kEnd64Bytes || !record.starts_with(kEnd64)) continue;
      directory_end = at;
      count = ReadU64Le(ByteView(record).substr(32));
      size = ReadU64Le(ByteView(record).substr(40));
      offset = ReadU64Le(ByteView(record).substr(48));
      break;
    }
    return absl::OkStatus();
  }

  absl::Status ReadDirectory(const Directory& directory) {
    if (directory.size > kMaxDirectory) {
      archive_.fault = "a zip archive with too large a directory";
      return absl::OkStatus();
    }
    MREG_ASSIGN_OR_RETURN(const Bytes bytes, ReadPart(file_, directory.position, directory.size));
    for (ByteView rest = bytes; !rest.empty();) {
      if (archive_.members.size() == kMaxZipMembers) {
        archive_.fault = "a zip archive with too many members";
        return absl::OkStatus();
      }
      if (rest.size() < kEntryBytes || !rest.starts_with(kEntry)) {
        archive_.fault = "a zip archive with a damaged directory";
        return absl::OkStatus();
      }
      MREG_RETURN_IF_ERROR(TakeEntry(rest, directory.begin));
    }
    return absl::OkStatus();
  }

  absl::Status TakeEntry(ByteView& rest, uint64_t begin) {
    const uint16_t flags = ReadU16Le(rest.substr(8));
    const uint64_t name_length = ReadU16Le(rest.substr(28));
    const uint64_t extra_length = ReadU16Le(rest.substr(30));
    const uint64_t length = kEntryBytes + name_length + extra_length + ReadU16Le(rest.substr(32));
    ZipMember member;
    member.method = ReadU16Le(rest.substr(10));
    member.crc = ReadU32Le(rest.substr(16));
    member.stored = ReadU32Le(rest.substr(20));
    member.size = ReadU32Le(rest.substr(24));
    member.offset = ReadU32Le(rest.substr(42));
    if (length > rest.size()) {
      archive_.fault = "a zip archive with a damaged directory";
      rest = {};
      return absl::OkStatus();
    }
    member.name = rest.substr(kEntryBytes, name_length);
    TakeLongSizes(rest.substr(kEntryBytes + name_length, extra_length), member);
    if ((flags & kEncrypted) != 0) member.fault = "an encrypted member";
    rest.remove_prefix(length);
    MREG_RETURN_IF_ERROR(FindContent(begin, member));
    archive_.members.push_back(std::move(member));
    return absl::OkStatus();
  }

  // Zip64's extra field has those that are all ones in the entry, in this order.
  static void TakeLongSizes(ByteView extra, ZipMember& member) {
    while (extra.size() >= 4) {
      const uint16_t id = ReadU16Le(extra);
      const size_t length = std::min<size_t>(ReadU16Le(extra.substr(2)), extra.size() - 4);
      ByteView field = extra.substr(4, length);
      extra.remove_prefix(4 + length);
      if (id != 1) continue;
      for (uint64_t* const value : {&member.size, &member.stored, &member.offset}) {
        if (*value != 0xffffffff || field.size() < 8) continue;
        *value = ReadU64Le(field);
        field.remove_prefix(8);
      }
    }
  }

  // Behind the member's own header, which has to agree with the directory.
  absl::Status FindContent(uint64_t begin, ZipMember& member) {
    const auto fail = [&](std::string_view fault) {
      if (member.fault.empty()) member.fault = fault;
      return absl::OkStatus();
    };
    if (member.offset > size_ || begin > size_ - member.offset) {
      return fail("a member outside the archive");
    }
    const uint64_t at = begin + member.offset;
    MREG_ASSIGN_OR_RETURN(const Bytes local, ReadPart(file_, at, kLocalBytes + member.name.size()));
    if (local.size() < kLocalBytes + member.name.size() || !local.starts_with(kLocal)) {
      return fail("a member without its header");
    }
    const uint64_t name_length = ReadU16Le(ByteView(local).substr(26));
    const uint64_t extra_length = ReadU16Le(ByteView(local).substr(28));
    if (name_length != member.name.size() || local.substr(kLocalBytes) != member.name) {
      fail("a member with two names").IgnoreError();
    }
    if (ReadU16Le(ByteView(local).substr(8)) != member.method) {
      fail("a member compressed in two ways").IgnoreError();
    }
    member.offset = at + kLocalBytes + name_length + extra_length;
    if (member.offset > size_ || member.stored > size_ - member.offset) {
      return fail("a member that is cut");
    }
    return absl::OkStatus();
  }

  const ReadableFile& file_;
  const uint64_t size_;
  ZipArchive archive_;
};

}  // namespace

absl::StatusOr<std::optional<ZipArchive>> ReadZip(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  return Reader(file, size).Read();
}

}  // namespace mreg::formats
