// What requests under way count on, so that garbage collection beside them leaves it alone.
// Why they may live in memory: docs/decisions/0008-collecting-beside-writers.md.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "schema/base/clock.h"
#include "schema/base/ids.h"
#include "storage/content/gc.h"

namespace mreg::registry {

// From an offer's answer to the push that relies on it: an upload of some terabytes.
inline constexpr std::chrono::hours kLeaseLength{24};

// Of one registry, whose folder one process has open. Thread-safe.
class Leases final : public content::GcGuard {
  struct Hold {
    uint64_t repository = 0;
    uint64_t journal_size = 0;
    uint64_t first_lease = 0;  // leases of this number and later are not forgotten
    auto operator<=>(const Hold&) const = default;
  };

 public:
  Leases(const Clock& clock, std::chrono::milliseconds length) : clock_(clock), length_(length) {}

  // Keeps these for `length` from now on, and longer: until the collection that is under way and
  // the repository holds that exist now have ended. To be called before looking whether they are
  // there: what is there afterwards stays.
  void Keep(const ArtifactId& artifact);
  void Keep(std::span<const ChunkId> chunks);
  // The same, and that they need no bases themselves: others are to become differences to them.
  void KeepAsBases(std::span<const ChunkId> chunks);

  // Keeps all git objects of a repository while it lives, and whatever its references came to
  // since the journal had `journal_size` entries: a push relies on those it saw.
  class RepositoryHold {
   public:
    // `journal_size` is to be read before, the references after.
    RepositoryHold(Leases& leases, uint64_t repository, uint64_t journal_size);
    ~RepositoryHold();
    RepositoryHold(const RepositoryHold&) = delete;
    RepositoryHold& operator=(const RepositoryHold&) = delete;

   private:
    Leases& leases_;
    std::set<Hold>::iterator hold_;
  };

  // A collection or optimization. One at a time; leases that had run out are forgotten when it
  // begins, no others before it ends.
  class Round {
   public:
    Round(Leases& leases, uint64_t since) : leases_(&leases), since_(since) {}
    Round(Round&& other) noexcept
        : leases_(std::exchange(other.leases_, nullptr)), since_(other.since_) {}
    Round& operator=(Round&&) = delete;
    ~Round();

    // Pushes under way rely on what references were moved from since the journal's entry of this
    // number.
    uint64_t since() const { return since_; }

   private:
    Leases* leases_;
    const uint64_t since_;
  };
  // To be called after `journal_size` was read and before anything is marked, while there is none:
  // see Upkeep.
  Round BeginRound(uint64_t journal_size);

  // As content::GcGuard::Step, for repositories too. Only while there is a round, one at a time.
  class RegistryStep final : public Step {
   public:
    explicit RegistryStep(Leases& leases);
    ~RegistryStep() override;
    bool Holds(const ArtifactId& artifact) const override;
    bool Holds(const ChunkId& chunk) const override;
    bool HoldsRepository(uint64_t repository) const;
    bool HoldsAsBase(const ChunkId& chunk) const;

   private:
    Leases& leases_;
  };
  std::unique_ptr<Step> BeginStep() override { return std::make_unique<RegistryStep>(*this); }

  size_t size() const;

 private:
  // The first bytes of an id: should two ids share them, one stays a little longer.
  using Mark = uint64_t;

  template <typename Id>
  static Mark MarkOf(const Id& id);
  bool Contains(Mark mark) const;
  void ForgetExpired();

  struct Lease {
    TimePoint end;
    uint64_t number = 0;
    bool is_of_base = false;  // once it is, for as long as the chunk is kept
  };
  enum class KeepFor { kItself, kDifferences };
  void Keep(std::span<const ChunkId> chunks, KeepFor purpose);

  const Clock& clock_;
  const std::chrono::milliseconds length_;
  mutable std::mutex mutex_;
  std::condition_variable step_ended_;
  bool in_round_ = false;
  bool in_step_ = false;
  uint64_t next_lease_ = 0;
  absl::flat_hash_map<Mark, Lease> leases_;
  size_t next_cleaning_ = 1 << 16;  // at so many leases, where no collection ever does it
  std::set<Hold> holds_;
};

}  // namespace mreg::registry
