// Images and sounds, by their structure. Internal to schema/formats/inspection.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

enum class MediaKind { kImage, kAudio };

struct Media {
  MediaKind kind = MediaKind::kImage;
  std::string_view name;  // "PNG image"
};

// Nothing unless `file` begins as one and ends where its structure says. Reading errors are passed
// on. Sources: RFC 2083 (PNG), ITU T.81 (JPEG), GIF89a, RFC 9649 (WebP), RFC 2361 (RIFF), RFC 9639
// (FLAC), RFC 3533 (Ogg).
absl::StatusOr<std::optional<Media>> RecogniseMedia(const ReadableFile& file);

}  // namespace mreg::formats
