// libgit2's C handles as values that free themselves. For this room's sources only.
#pragma once

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <memory>

namespace mreg::history {

template <auto kFree>
struct GitDeleter {
  template <typename Handle>
  void operator()(Handle* handle) const {
    kFree(handle);
  }
};
template <typename Handle, auto kFree>
using GitHandle = std::unique_ptr<Handle, GitDeleter<kFree>>;

using RepositoryHandle = GitHandle<git_repository, git_repository_free>;
using OdbHandle = GitHandle<git_odb, git_odb_free>;
using OdbObjectHandle = GitHandle<git_odb_object, git_odb_object_free>;
using ObjectHandle = GitHandle<git_object, git_object_free>;
using CommitHandle = GitHandle<git_commit, git_commit_free>;
using TagHandle = GitHandle<git_tag, git_tag_free>;
using TreeHandle = GitHandle<git_tree, git_tree_free>;
using WalkHandle = GitHandle<git_revwalk, git_revwalk_free>;
using RefdbHandle = GitHandle<git_refdb, git_refdb_free>;
using ReferenceHandle = GitHandle<git_reference, git_reference_free>;
using ReferenceIteratorHandle = GitHandle<git_reference_iterator, git_reference_iterator_free>;
using TransactionHandle = GitHandle<git_transaction, git_transaction_free>;
using SignatureHandle = GitHandle<git_signature, git_signature_free>;
using IndexHandle = GitHandle<git_index, git_index_free>;
using ConfigHandle = GitHandle<git_config, git_config_free>;

}  // namespace mreg::history
