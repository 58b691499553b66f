// What a registry says it keeps.
#include <gmock/gmock.h>

#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"

namespace mreg::sync {
namespace {

TEST(RegistryUsage, AddsUpFromVersionsToPacks) {
  const SystemClock clock;
  const auto registry = *registry::OpenRegistry(FreshDirectory(), registry::OpenMode::kCreate, {},
                                                PosixFileSystem(), clock);
  const auto connect = [&](const char* name) {
    return MakeLocalRemote(*registry, registry::Access::Owner(),
                           *registry::RepositoryName::Parse(name), name);
  };
  Site site;
  const Bytes model = RandomBytes(300'000, 1), other = RandomBytes(100'000, 2);
  const CommitId first = site.Commit({{"m.bin", model}, {"README.md", "text"}});
  const CommitId second = site.Commit({{"m.bin", model}, {"o.bin", other}}, {first});
  ASSERT_TRUE(site.PushTo(*connect("acme/a"), second).ok());
  ASSERT_TRUE(site.PushTo(*connect("acme/b"), first).ok());

  const auto usage = registry->MeasureUsage(registry::Access::Owner());
  ASSERT_TRUE(usage.ok()) << usage.status();
  ASSERT_EQ(usage->repositories.size(), 2u);
  EXPECT_EQ(usage->repositories[0].name, "acme/a");
  EXPECT_EQ(usage->repositories[0].versions, 2u);
  EXPECT_EQ(usage->repositories[0].version_bytes, 700'000u);
  EXPECT_EQ(usage->repositories[0].file_bytes, 400'000u);
  EXPECT_EQ(usage->repositories[1].plain_bytes, 300'000u);
  EXPECT_EQ(usage->version_bytes, 1'000'000u);
  EXPECT_EQ(usage->repeated_bytes, 600'000u);
  EXPECT_EQ(usage->version_bytes - usage->repeated_bytes + usage->unreached_bytes,
            usage->content.file_bytes);

  const PushItem removal{"refs/heads/main", std::nullopt};
  ASSERT_TRUE(sync::Push(*site.history, site.content, *connect("acme/a"), {&removal, 1}, Force::kNo,
                         DryRun::kNo, "remove", nullptr)
                  .ok());
  EXPECT_EQ(registry->MeasureUsage(registry::Access::Owner())->unreached_bytes, 100'000u);
  EXPECT_TRUE(
      absl::IsUnauthenticated(registry->MeasureUsage(registry->access().Anonymous()).status()));
}

}  // namespace
}  // namespace mreg::sync
