#include "schema/formats/inspection/hdf5_scanner.h"

#include <algorithm>
#include <string_view>

#include "schema/base/status.h"
#include "schema/formats/inspection/byte_cursor.h"
#include "schema/formats/inspection/file_view.h"

namespace mreg::formats {
namespace {

constexpr ByteView kSignature = "\x89HDF\r\n\x1a\n";
constexpr size_t kContext = 8;

bool IsPrintable(ByteView text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// Searches text that may be cut between two windows.
class Search {
 public:
  void Take(uint64_t offset, ByteView run) {
    const uint64_t begin = offset - kept_.size();
    kept_ += run;
    if (kept_.find("model_config") != kept_.npos) is_model_ = true;
    // JSON can write the word with escapes for its letters; Keras itself never does.
    for (const std::string_view word : {"Lambda", "\\u004", "\\u006"}) Find(begin, word);
    const size_t overlap = std::min<size_t>(kept_.size(), 64);
    kept_.erase(0, kept_.size() - overlap);
  }

  std::optional<uint64_t> found() const { return is_model_ ? found_ : std::nullopt; }

 private:
  // Weights can have the same bytes by chance, but no text around them.
  void Find(uint64_t begin, std::string_view word) {
    for (size_t at = kept_.find(word); at != kept_.npos && !found_; at = kept_.find(word, at + 1)) {
      if (at < kContext || kept_.size() - at < word.size() + kContext) continue;
      if (IsPrintable(ByteView(kept_).substr(at - kContext, word.size() + 2 * kContext))) {
        found_ = begin + at;
      }
    }
  }

  Bytes kept_;
  std::optional<uint64_t> found_;
  bool is_model_ = false;
};

absl::StatusOr<std::optional<uint64_t>> FindSignature(const ReadableFile& file, uint64_t size) {
  for (uint64_t at = 0; at < size; at = at == 0 ? 512 : at * 2) {
    MREG_ASSIGN_OR_RETURN(const Bytes bytes, ReadPart(file, at, kSignature.size()));
    if (bytes == kSignature) return at;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<Hdf5>> FindHdf5(const ReadableFile& file) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  MREG_ASSIGN_OR_RETURN(const auto signature, FindSignature(file, size));
  if (!signature) return std::nullopt;
  Search search;
  ByteCursor cursor(file);
  for (ByteView run; cursor.NextRun(run);) search.Take(cursor.position() - run.size(), run);
  MREG_RETURN_IF_ERROR(cursor.status());
  return Hdf5{*signature, search.found()};
}

}  // namespace mreg::formats
