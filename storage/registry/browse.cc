#include "storage/registry/browse.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/display.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

class TextSource final : public ByteSource {
 public:
  explicit TextSource(Bytes text) : text_(std::move(text)), rest_(text_) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const size_t take = rest_.copy(buffer.data(), buffer.size());
    rest_.remove_prefix(take);
    return take;
  }

 private:
  const Bytes text_;
  ByteView rest_;
};

const ManifestEntry* Find(const Manifest& manifest, std::string_view path) {
  const auto found = std::lower_bound(
      manifest.files.begin(), manifest.files.end(), path,
      [](const ManifestEntry& file, std::string_view wanted) { return file.path < wanted; });
  return found == manifest.files.end() || found->path != path ? nullptr : &*found;
}

}  // namespace

Browse::Browse(const content::ContentStore& content, const Repositories& repositories,
               const Members& members)
    : content_(content), repositories_(repositories), members_(members) {}

absl::StatusOr<std::vector<history::Reference>> Browse::References(
    const Caller& caller, const RepositoryName& name) const {
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
  return history->references().List("refs/");
}

absl::StatusOr<std::vector<history::Commit>> Browse::Log(const Caller& caller,
                                                         const RepositoryName& name,
                                                         std::string_view revision,
                                                         size_t limit) const {
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
  MREG_ASSIGN_OR_RETURN(const CommitId from, history->Resolve(revision));
  std::vector<history::Commit> commits;
  MREG_RETURN_IF_ERROR(history->Walk({&from, 1}, {}, [&](const history::Commit& commit) {
    commits.push_back(commit);
    return commits.size() < limit;
  }));
  return commits;
}

absl::StatusOr<Manifest> Browse::ReadVersion(const Caller& caller, const RepositoryName& name,
                                             std::string_view revision) const {
  MREG_ASSIGN_OR_RETURN(const auto history, repositories_.Open(caller, name));
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history->Resolve(revision));
  return ReadManifest(*history, commit);
}

absl::StatusOr<Browse::Found> Browse::FindFile(const Caller& caller, const RepositoryName& name,
                                               std::string_view revision,
                                               std::string_view path) const {
  MREG_ASSIGN_OR_RETURN(auto history, repositories_.Open(caller, name));
  MREG_ASSIGN_OR_RETURN(const CommitId commit, history->Resolve(revision));
  MREG_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(*history, commit));
  const ManifestEntry* const entry = Find(manifest, path);
  if (entry == nullptr) {
    return absl::NotFoundError(fmt::format("{} has no file {} in {}", name.ToString(),
                                           EscapeForDisplay(path), EscapeForDisplay(revision)));
  }
  Found found{std::move(history), *entry, commit, std::nullopt};
  if (!entry->is_artifact) return found;
  MREG_ASSIGN_OR_RETURN(found.recipe, members_.FindRecipe(name.space(), entry->digest));
  if (found.recipe) return found;
  return absl::DataLossError(fmt::format("the content of {} is missing", entry->path));
}

absl::StatusOr<OpenedFile> Browse::OpenFile(const Caller& caller, const RepositoryName& name,
                                            std::string_view revision,
                                            std::string_view path) const {
  MREG_ASSIGN_OR_RETURN(Found found, FindFile(caller, name, revision, path));
  OpenedFile file{found.entry, found.commit, nullptr};
  if (!found.recipe) {
    MREG_ASSIGN_OR_RETURN(const history::RawObject blob,
                          found.history->ReadObject(found.entry.blob));
    file.open = [text = blob.data](uint64_t offset, uint64_t length) {
      const uint64_t begin = std::min<uint64_t>(offset, text.size());
      return std::make_unique<TextSource>(text.substr(begin, length));
    };
    return file;
  }
  file.open = [this, recipe = *std::move(found.recipe)](uint64_t offset, uint64_t length) {
    return content_.OpenRange(recipe, offset, length);
  };
  return file;
}

absl::StatusOr<FileTensors> Browse::Tensors(const Caller& caller, const RepositoryName& name,
                                            std::string_view revision,
                                            std::string_view path) const {
  MREG_ASSIGN_OR_RETURN(const Found found, FindFile(caller, name, revision, path));
  FileTensors tensors{found.entry, found.commit, {}};
  if (found.recipe) tensors.tensors = content::TensorRangesOf(*found.recipe);
  return tensors;
}

}  // namespace mreg::registry
