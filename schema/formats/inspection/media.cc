#include "schema/formats/inspection/media.h"

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "schema/formats/inspection/file_view.h"

namespace mreg::formats {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t kHead = 64;

uint32_t ReadU32Be(ByteView data) { return __builtin_bswap32(ReadU32Le(data)); }

// From chunk to chunk up to IEND, which has to be the last.
absl::StatusOr<bool> IsPng(const ReadableFile& file, uint64_t size) {
  for (uint64_t at = 8; at + 12 <= size;) {
    MREG_ASSIGN_OR_RETURN(const Bytes chunk, ReadPart(file, at, 8));
    if (chunk.size() < 8) return false;
    at += 12 + uint64_t{ReadU32Be(chunk)};
    if (chunk.ends_with("IEND")) return at == size;
  }
  return false;
}

// A RIFF file tells its length, without the eight bytes in front and a byte that evens it out.
bool HasRiffLength(ByteView head, uint64_t size) {
  const uint64_t length = uint64_t{ReadU32Le(head.substr(4))} + 8;
  return length == size || length + length % 2 == size;
}

absl::StatusOr<bool> EndsWith(const ReadableFile& file, uint64_t size, ByteView end) {
  MREG_ASSIGN_OR_RETURN(const Bytes tail, ReadPart(file, size - end.size(), end.size()));
  return tail == end;
}

}  // namespace

absl::StatusOr<std::optional<Media>> RecogniseMedia(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  MREG_ASSIGN_OR_RETURN(const Bytes head, ReadPart(file, 0, kHead));
  if (head.size() < 14) return std::nullopt;
  bool fits = false;
  Media media;
  if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) {
    media.name = "PNG image";
    MREG_ASSIGN_OR_RETURN(fits, IsPng(file, size));
  } else if (head.starts_with("\xff\xd8\xff"sv)) {
    media.name = "JPEG image";
    MREG_ASSIGN_OR_RETURN(fits, EndsWith(file, size, "\xff\xd9"sv));
  } else if (head.starts_with("GIF87a") || head.starts_with("GIF89a")) {
    media.name = "GIF image";
    MREG_ASSIGN_OR_RETURN(fits, EndsWith(file, size, "\x3b"sv));
  } else if (head.starts_with("RIFF")) {
    const bool is_webp = head.substr(8, 4) == "WEBP";
    media =
        is_webp ? Media{MediaKind::kImage, "WebP image"} : Media{MediaKind::kAudio, "WAV sound"};
    fits = (is_webp || head.substr(8, 4) == "WAVE") && HasRiffLength(head, size);
  } else if (head.starts_with("BM")) {
    media.name = "BMP image";
    fits = ReadU32Le(ByteView(head).substr(2)) == size;
  } else if (head.starts_with("fLaC\0"sv)) {
    media = {MediaKind::kAudio, "FLAC sound"};
    fits = true;
  } else if (head.starts_with("OggS\0"sv)) {
    media = {MediaKind::kAudio, "Ogg sound"};
    fits = true;
  }
  return fits ? std::optional(media) : std::nullopt;
}

}  // namespace mreg::formats
