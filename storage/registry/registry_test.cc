#include "storage/registry/registry.h"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

namespace mreg::registry {
namespace {

// One of them creates it, the others find it or have to wait: none takes what another has just
// made for somebody else's files.
TEST(RegistryFolder, IsCreatedByOneOfManyAtATime) {
  std::string parent = JoinPath(testing::TempDir(), "registry-XXXXXX");
  ASSERT_NE(mkdtemp(parent.data()), nullptr);
  const SystemClock clock;
  for (int round = 0; round < 60; ++round) {
    const std::string folder = JoinPath(parent, std::to_string(round));
    std::vector<absl::Status> statuses(8);
    std::barrier begin(static_cast<std::ptrdiff_t>(statuses.size()));
    {
      std::vector<std::jthread> openers;
      for (absl::Status& status : statuses) {
        openers.emplace_back([&] {
          begin.arrive_and_wait();
          status = OpenRegistry(folder, OpenMode::kCreate, {}, PosixFileSystem(), clock).status();
        });
      }
    }
    for (const absl::Status& status : statuses) {
      EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
    }
  }
}

}  // namespace
}  // namespace mreg::registry
