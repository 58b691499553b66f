#include "storage/registry/collector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/status.h"
#include "storage/history/stored_cleanup.h"
#include "storage/registry/attestation_rows.h"

namespace mreg::registry {
namespace {

constexpr size_t kObjectsInBatch = 1'024;

absl::StatusOr<std::vector<history::Reference>> ReferencesOf(kv::KeyValueStore& store,
                                                             uint64_t repository) {
  MREG_ASSIGN_OR_RETURN(const auto history, history::OpenStored(store, repository, nullptr));
  return history->references().List("refs/");
}

}  // namespace

Collector::Collector(kv::KeyValueStore& store, content::ContentStore& content,
                     const Repositories& repositories, const journal::Journal& journal,
                     Members& members, Leases& leases, Upkeep& upkeep, const Clock& clock)
    : store_(store),
      content_(content),
      repositories_(repositories),
      journal_(journal),
      members_(members),
      leases_(leases),
      upkeep_(upkeep),
      clock_(clock) {}

absl::StatusOr<GcReport> Collector::Run(const GcOptions& options,
                                        const content::GcProgress& progress) {
  MREG_ASSIGN_OR_RETURN(const auto turn, upkeep_.BeginCollection());
  auto report = RunInTurn(options, progress, turn.stop());
  if (absl::IsCancelled(report.status())) return Upkeep::Closed();
  return report;
}

absl::StatusOr<GcReport> Collector::RunInTurn(const GcOptions& options,
                                              const content::GcProgress& progress,
                                              const std::stop_token& stop) {
  const TimePoint now = clock_.Now();
  MREG_ASSIGN_OR_RETURN(const auto head, journal_.Head());
  const auto round = leases_.BeginRound(head.size);
  MREG_ASSIGN_OR_RETURN(const Marked marked,
                        Mark(round.since(), now - options.grace, progress, stop));
  GcReport report;
  for (const Garbage& garbage : marked.garbage) report.objects += garbage.objects.size();
  MREG_ASSIGN_OR_RETURN(report.plan, content::PlanGc(content_, marked.files, {now, options.grace}));
  if (options.mode == GcMode::kPlanOnly) return report;
  MREG_ASSIGN_OR_RETURN(report.outcome,
                        content::ExecuteGc(content_, report.plan, leases_, progress, stop));
  for (const Garbage& garbage : marked.garbage) {
    MREG_RETURN_IF_ERROR(RemoveObjects(garbage, report));
  }
  MREG_ASSIGN_OR_RETURN(report.removed_members, members_.RemoveAbsent());
  return report;
}

// References are listed before the journal is read: one that is gone by then is told of there.
absl::StatusOr<Collector::Marked> Collector::Mark(uint64_t since, TimePoint not_before,
                                                  const content::GcProgress& progress,
                                                  const std::stop_token& stop) const {
  MREG_ASSIGN_OR_RETURN(const auto numbers, repositories_.ReadNumbers());
  std::vector<Garbage> repositories;
  for (uint64_t number = 1; number < numbers.end; ++number) {
    MREG_ASSIGN_OR_RETURN(auto references, ReferencesOf(store_, number));
    repositories.push_back({number, std::move(references), {}, {}});
  }
  MREG_ASSIGN_OR_RETURN(const auto former, ReadFormerTargets(journal_, since, not_before));
  absl::flat_hash_map<uint64_t, std::vector<ObjectId>> former_by_number;
  for (const auto& [name, targets] : former) {
    const auto number = numbers.by_name.find(name);
    if (number != numbers.by_name.end()) former_by_number[number->second] = targets;
  }
  Marked marked;
  for (Garbage& repository : repositories) {
    if (stop.stop_requested()) return absl::CancelledError("it was stopped");
    const absl::Status status =
        MarkRepository(repository, former_by_number[repository.repository], marked);
    if (!status.ok()) {
      return absl::DataLossError(fmt::format("the history of repository number {}: {}",
                                             repository.repository, MessageOf(status)));
    }
    if (progress) progress("reading history", repository.repository, repositories.size());
    if (!repository.objects.empty() || !repository.attestations.empty()) {
      marked.garbage.push_back(std::move(repository));
    }
  }
  return marked;
}

absl::Status Collector::MarkRepository(Garbage& repository, std::span<const ObjectId> former,
                                       Marked& marked) const {
  MREG_ASSIGN_OR_RETURN(const auto history,
                        history::OpenStored(store_, repository.repository, nullptr));
  GcMarks marks;
  std::vector<ObjectId> tips;
  for (const history::Reference& reference : repository.references) {
    tips.push_back(reference.target);
  }
  MREG_RETURN_IF_ERROR(MarkHistory(*history, tips, marks));
  for (const ObjectId& target : former) {
    if (marks.objects.contains(target)) continue;
    const absl::Status status = MarkHistory(*history, {&target, 1}, marks);
    // A collection with a shorter grace has taken it, or some of it.
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  marked.files.insert(marks.files.begin(), marks.files.end());
  MREG_ASSIGN_OR_RETURN(repository.objects,
                        history::ListStoredObjects(store_, repository.repository));
  std::erase_if(repository.objects, [&](const ObjectId& id) { return marks.objects.contains(id); });
  const uint64_t number = repository.repository;
  return ScanAttestations(store_, number, std::nullopt, [&](const AttestationRow& row) {
    const auto tree = ObjectId::FromBytes(row.record.tree());
    if (!tree.ok() || !marks.objects.contains(*tree)) {
      repository.attestations.push_back(AttestationKey(number, row.version, row.id));
    }
    return true;
  });
}

// Nobody relies on its objects, and it is as it was marked.
absl::StatusOr<bool> Collector::IsQuiet(const Garbage& garbage,
                                        const Leases::RegistryStep& step) const {
  if (step.HoldsRepository(garbage.repository)) return false;
  MREG_ASSIGN_OR_RETURN(const auto references, ReferencesOf(store_, garbage.repository));
  return references == garbage.references;
}

// Whether they are gone.
absl::StatusOr<bool> Collector::RemoveAttestations(const Garbage& garbage, GcReport& report) {
  if (garbage.attestations.empty()) return true;
  const Leases::RegistryStep step(leases_);
  MREG_ASSIGN_OR_RETURN(const bool is_quiet, IsQuiet(garbage, step));
  if (!is_quiet) return false;
  kv::Batch batch;
  for (const Bytes& key : garbage.attestations) batch.Remove(kv::Table::kAttestations, key);
  MREG_RETURN_IF_ERROR(store_.Commit(batch));
  report.removed_attestations += garbage.attestations.size();
  return true;
}

// Attestations go before the version that they are about.
absl::Status Collector::RemoveObjects(const Garbage& garbage, GcReport& report) {
  MREG_ASSIGN_OR_RETURN(const bool has_removed, RemoveAttestations(garbage, report));
  if (!has_removed) {
    ++report.busy_repositories;
    return absl::OkStatus();
  }
  std::span<const ObjectId> left = garbage.objects;
  while (!left.empty()) {
    const auto some = left.first(std::min(left.size(), kObjectsInBatch));
    const Leases::RegistryStep step(leases_);
    MREG_ASSIGN_OR_RETURN(const bool is_quiet, IsQuiet(garbage, step));
    if (!is_quiet) {
      ++report.busy_repositories;
      return absl::OkStatus();
    }
    kv::Batch batch;
    history::StageObjectRemoval(garbage.repository, some, batch);
    MREG_RETURN_IF_ERROR(store_.Commit(batch));
    report.removed_objects += some.size();
    left = left.subspan(some.size());
  }
  return absl::OkStatus();
}

}  // namespace mreg::registry
