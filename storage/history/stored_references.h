// The references of one repository as rows of a key-value store (docs/formats/index.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/history/references.h"
#include "storage/history/repository.h"
#include "storage/kv/key_value_store.h"

namespace mreg::history {

// Thread-safe. `store` outlives it.
class StoredReferences final : public References {
 public:
  StoredReferences(kv::KeyValueStore& store, uint64_t repository, MoveHook hook);

  absl::StatusOr<std::vector<Reference>> List(std::string_view prefix) const override;
  absl::StatusOr<std::optional<ObjectId>> Read(std::string_view name) const override;
  absl::Status Move(std::span<const ReferenceMove> moves, const MoveRecord& record) override;

  absl::StatusOr<std::string> HeadBranch() const;
  absl::Status SetHeadBranch(std::string_view name);

 private:
  absl::StatusOr<kv::Batch> BuildBatch(std::span<const ReferenceMove> moves,
                                       const MoveRecord& record) const;
  absl::Status ExpectNoOtherCreation(kv::Batch& batch) const;

  kv::KeyValueStore& store_;
  const uint64_t repository_;
  const MoveHook hook_;
};

}  // namespace mreg::history
