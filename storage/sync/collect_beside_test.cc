// Pushes, pulls, checks and collections without any grace, all at once: nothing that was
// acknowledged is lost. MREG_COLLECT_SECONDS makes it run longer.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"

namespace mreg::sync {
namespace {

using testing::IsEmpty;

constexpr int kPushers = 3;
constexpr unsigned kPieces = 12;
// Short, so that much is collected. What an offer counted on may be gone by the push then, which
// says so and is made again; what was acknowledged may not.
constexpr std::chrono::milliseconds kLease{5};

// Few pieces and many files, so that much of what is pushed was there before, is there for
// another, or is about to be collected.
Bytes Piece(unsigned number) { return RandomBytes(20'000 + number * 9'000, number); }

class World {
 public:
  World() {
    for (unsigned i = 0; i < kPieces; ++i) pieces_.push_back(Piece(i));
    for (const char* name : {"acme/r0", "acme/r1"}) {
      const auto repository = *registry::RepositoryName::Parse(name);
      EXPECT_TRUE(registry_->repositories().Create(registry::Access::Owner(), repository).ok());
    }
  }

  std::unique_ptr<Remote> Connect(const std::string& repository) {
    return MakeLocalRemote(*registry_, registry::Access::Owner(),
                           *registry::RepositoryName::Parse(repository), repository);
  }

  // Commits and pushes to a branch of its own, and removes it now and then.
  void PushUntil(const std::stop_token& stop, unsigned seed, int number) {
    std::mt19937 random(seed);
    const auto remote = Connect(fmt::format("acme/r{}", number % 2));
    const std::string branch = fmt::format("refs/heads/b{}", number);
    Site site;
    std::vector<CommitId> history;
    while (!stop.stop_requested()) {
      const bool begins_anew = random() % 3 == 0;
      std::map<std::string, Bytes> files;
      for (unsigned i = 0; i < 1 + random() % 2; ++i) {
        files[fmt::format("f{}", i)] = pieces_[random() % kPieces] + pieces_[random() % kPieces];
      }
      // Versions from before, which are known here and collected there, come back too.
      const bool is_old = !history.empty() && random() % 3 == 0;
      if (!is_old) {
        const auto parents =
            begins_anew || history.empty() ? std::vector<CommitId>() : std::vector{history.back()};
        history.push_back(site.Commit(files, parents));
      }
      const CommitId commit = is_old ? history[random() % history.size()] : history.back();
      Forget(branch);
      const auto pushed = site.PushTo(*remote, commit, branch, Force::kYes);
      if (absl::IsNotFound(pushed.status())) {
        ++refusals;
        continue;
      }
      ASSERT_TRUE(pushed.ok()) << pushed.status();
      Acknowledge(branch, number % 2, site, commit);
      ++pushes;
      if (random() % 4 == 0) {
        Forget(branch);
        const PushItem item{branch, std::nullopt};
        ASSERT_TRUE(sync::Push(*site.history, site.content, *remote, {&item, 1}, Force::kYes,
                               DryRun::kNo, "remove", nullptr)
                        .ok());
      }
    }
  }

  // A branch that nobody moves keeps what it has, whatever happens beside it.
  void PullUntil(const std::stop_token& stop) {
    const auto remote = Connect("acme/still");
    while (!stop.stop_requested()) {
      Site site;
      ASSERT_TRUE(FetchHistory(*site.history, *remote).ok());
      const ArtifactId id = IdOf<ArtifactId>(still_);
      const auto fetched = FetchFiles(site.content, *remote, {&id, 1}, nullptr);
      ASSERT_TRUE(fetched.ok()) << fetched.status();
      ASSERT_EQ(*site.Read(id), still_);
      ++pulls;
    }
  }

  void CheckUntil(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ExpectSound();
      ++checks;
    }
  }

  void CollectUntil(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto report = Collect();
      ASSERT_TRUE(report.ok()) << report.status();
      ASSERT_THAT(report->outcome.problems, IsEmpty());
      removed_chunks += report->outcome.removed_chunks;
      removed_packs += report->outcome.removed_packs;
      removed_objects += report->removed_objects;
      ++collections;
    }
  }

  absl::StatusOr<registry::GcReport> Collect() {
    return registry_->CollectGarbage(registry::Access::Owner(),
                                     {registry::GcMode::kExecute, std::chrono::milliseconds(0)},
                                     nullptr);
  }

  void ExpectSound() {
    const auto check =
        registry_->Check(registry::Access::Owner(), content::FsckDepth::kContent, nullptr);
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_THAT(check->problems, IsEmpty());
    EXPECT_THAT(check->content.problems, IsEmpty());
  }

  void PushStill() {
    Site site;
    const auto remote = Connect("acme/still");
    ASSERT_TRUE(site.PushTo(*remote, site.Commit({{"m.bin", still_}})).ok());
  }

  struct Version {
    std::string repository;
    CommitId commit;
    std::map<ArtifactId, Bytes> files;  // of the whole history
  };

  void ExpectIsThere(const std::string& branch, const Version& version) {
    SCOPED_TRACE(branch);
    Site site;
    const auto remote = Connect(version.repository);
    const auto fetched = FetchHistory(*site.history, *remote);
    ASSERT_TRUE(fetched.ok()) << fetched.status();
    const history::Reference expected{branch, ToObjectId(version.commit)};
    EXPECT_THAT(fetched->references, testing::Contains(expected));
    for (const auto& [id, content] : version.files) {
      ASSERT_TRUE(FetchFiles(site.content, *remote, {&id, 1}, nullptr).ok());
      EXPECT_EQ(*site.Read(id), content);
    }
  }

  std::map<std::string, Version> acknowledged() {
    std::lock_guard lock(mutex_);
    return acknowledged_;
  }

  std::atomic<uint64_t> pushes = 0, refusals = 0, pulls = 0, checks = 0, collections = 0;
  std::atomic<uint64_t> removed_chunks = 0, removed_packs = 0, removed_objects = 0;

 private:
  void Forget(const std::string& branch) {
    std::lock_guard lock(mutex_);
    acknowledged_.erase(branch);
  }

  void Acknowledge(const std::string& branch, int number, Site& site, const CommitId& commit) {
    Version version{fmt::format("acme/r{}", number), commit, {}};
    const ObjectId tip = ToObjectId(commit);
    const auto objects = *site.history->ObjectsBetween({&tip, 1}, {});
    for (const ObjectId& id : objects) {
      const auto object = *site.history->ReadObject(id);
      if (const auto pointer = history::ParseLfsPointer(object.data)) {
        version.files[pointer->artifact] = *site.Read(pointer->artifact);
      }
    }
    std::lock_guard lock(mutex_);
    acknowledged_.insert_or_assign(branch, std::move(version));
  }

  // By it, nothing that is written is ever young; less than an hour, so that packs which are being
  // entered into the index are left alone.
  struct FastClock final : Clock {
    TimePoint Now() const override { return SystemClock().Now() + std::chrono::minutes(30); }
  };
  const FastClock clock_;
  const std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      FreshDirectory(), registry::OpenMode::kCreate, {registry::AnonymousRead::kAllowed, kLease},
      PosixFileSystem(), clock_);
  std::vector<Bytes> pieces_;
  const Bytes still_ = RandomBytes(200'000, 99);
  std::mutex mutex_;
  std::map<std::string, Version> acknowledged_;
};

std::chrono::milliseconds HowLong() {
  const char* const seconds = std::getenv("MREG_COLLECT_SECONDS");
  return std::chrono::seconds(seconds == nullptr ? 4 : std::atoi(seconds));
}

TEST(CollectBesideEverything, LosesNothingThatWasAcknowledged) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  World world;
  world.PushStill();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kPushers; ++i) {
      threads.emplace_back([&, i](const std::stop_token& stop) {
        world.PushUntil(stop, seed + static_cast<unsigned>(i), i);
      });
    }
    threads.emplace_back([&](const std::stop_token& stop) { world.PullUntil(stop); });
    threads.emplace_back([&](const std::stop_token& stop) { world.CheckUntil(stop); });
    threads.emplace_back([&](const std::stop_token& stop) { world.CollectUntil(stop); });
    std::this_thread::sleep_for(HowLong());
  }
  EXPECT_GT(world.pushes, 0u);
  EXPECT_GT(world.pulls, 0u);
  EXPECT_GT(world.checks, 0u);
  EXPECT_GT(world.collections, 0u);
  for (const auto& [branch, version] : world.acknowledged()) world.ExpectIsThere(branch, version);
  std::this_thread::sleep_for(kLease);
  ASSERT_TRUE(world.Collect().ok());
  world.ExpectSound();
  for (const auto& [branch, version] : world.acknowledged()) world.ExpectIsThere(branch, version);
  fmt::print(
      "{} pushes, {} refused, {} pulls, {} checks, {} collections of {} chunks, {} packs, {} "
      "objects\n",
      world.pushes.load(), world.refusals.load(), world.pulls.load(), world.checks.load(),
      world.collections.load(), world.removed_chunks.load(), world.removed_packs.load(),
      world.removed_objects.load());
}

}  // namespace
}  // namespace mreg::sync
