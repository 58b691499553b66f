#include "storage/history/merge_text.h"

#include <algorithm>
#include <array>

#include "schema/base/status.h"
#include "storage/history/git_handle.h"
#include "storage/history/git_status.h"

namespace mreg::history {
namespace {

constexpr size_t kLargestText = 4 << 20;
// Pointers with extensions too: the lines of two of them must not be mixed either.
constexpr std::string_view kAnyPointer = "version https://git-lfs.github.com/spec/";

// git_merge_file_result is a plain struct that owns a buffer.
class MergedText {
 public:
  ~MergedText() { git_merge_file_result_free(&result); }
  git_merge_file_result result = {};
};

bool IsText(ByteView data) {
  return data.size() <= kLargestText && data.find('\0') == ByteView::npos &&
         !data.starts_with(kAnyPointer);
}

git_merge_file_input ToInput(ByteView data) {
  git_merge_file_input input = GIT_MERGE_FILE_INPUT_INIT;
  input.ptr = data.empty() ? "" : data.data();
  input.size = data.size();
  return input;
}

}  // namespace

absl::StatusOr<std::optional<ObjectId>> MergeText(Repository& repository, const ObjectId& base,
                                                  const ObjectId& ours, const ObjectId& theirs) {
  std::array<RawObject, 3> texts;
  std::array<git_merge_file_input, 3> inputs;
  const std::array<ObjectId, 3> ids = {base, ours, theirs};
  for (size_t i = 0; i < ids.size(); ++i) {
    MREG_ASSIGN_OR_RETURN(texts[i], repository.ReadObject(ids[i]));
    if (!IsText(texts[i].data)) return std::nullopt;
    inputs[i] = ToInput(texts[i].data);
  }
  MergedText merged;
  const int code =
      git_merge_file(&merged.result, &inputs[0], &inputs[1], &inputs[2], /*opts=*/nullptr);
  if (code < 0) return GitStatus(code, "merge the lines of a file");
  if (merged.result.automergeable == 0) return std::nullopt;
  MREG_ASSIGN_OR_RETURN(
      const ObjectId blob,
      repository.WriteObject(ObjectType::kBlob, {merged.result.ptr, merged.result.len}));
  return blob;
}

}  // namespace mreg::history
