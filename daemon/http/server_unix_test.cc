// The socket in the data folder.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

#include "daemon/http/server.h"
#include "daemon/http/server_fixture.h"
#include "schema/base/file_system.h"

namespace mreg::http {
namespace {

class ServerUnix : public ServerFixture {
 protected:
  ServerUnix() {
    directory_ = JoinPath(testing::TempDir(), "unix-XXXXXX");
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    options_.unix_socket = JoinPath(directory_, "socket");
  }

  absl::Status StartAnother() {
    return StartServer({.unix_socket = options_.unix_socket}, handler_, nullptr).status();
  }

  std::string directory_;
};

TEST_F(ServerUnix, ServesItsOwner) {
  Start();
  TestClient client = TestClient::Unix(options_.unix_socket);
  EXPECT_EQ(client.Ask(Get("/who"))->body, "unix owner");
  EXPECT_EQ(client.Ask(Request11("POST", "/echo", "body"))->body, "body");
}

TEST_F(ServerUnix, IsOpenToItsOwnerOnly) {
  const mode_t before = umask(0);
  Start();
  umask(before);
  struct stat info;
  ASSERT_EQ(stat(options_.unix_socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

// Gives up root in this thread alone.
void BecomeNobody() {
  constexpr uid_t kNobody = 65'534;
  syscall(SYS_setresuid, kNobody, kNobody, kNobody);
}

TEST_F(ServerUnix, TurnsOthersAwayEvenIfItsModeWasWidened) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  Start();
  ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
  ASSERT_EQ(chmod(options_.unix_socket.c_str(), 0777), 0);
  std::jthread([this] {
    BecomeNobody();
    TestClient client = TestClient::Unix(options_.unix_socket);
    EXPECT_FALSE(client.Ask(Get("/hello")));
  }).join();
  EXPECT_EQ(handler_.started, 0);
}

TEST_F(ServerUnix, NeedsNoPlaceAmongTheConnections) {
  options_.limits.max_connections = 0;
  Start();
  EXPECT_EQ(TestClient::Unix(options_.unix_socket).Ask(Get("/hello"))->status, 200);
}

TEST_F(ServerUnix, IsRemovedAtTheEnd) {
  Start();
  server_->Stop(std::chrono::milliseconds(0));
  EXPECT_FALSE(*PosixFileSystem().Exists(options_.unix_socket));
}

TEST_F(ServerUnix, ADeadServersSocketIsReplaced) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(options_.unix_socket.begin(), options_.unix_socket.end(), address.sun_path);
  {
    const UniqueFd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  Start();
  EXPECT_EQ(TestClient::Unix(options_.unix_socket).Ask(Get("/hello"))->status, 200);
}

TEST_F(ServerUnix, ALivingServersSocketIsNot) {
  Start();
  EXPECT_EQ(StartAnother().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(TestClient::Unix(options_.unix_socket).Ask(Get("/hello"))->status, 200);
}

TEST_F(ServerUnix, AFileOfItsNameIsNot) {
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), options_.unix_socket, "precious").ok());
  EXPECT_EQ(StartAnother().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*ReadSmallFile(PosixFileSystem(), options_.unix_socket, 100), "precious");
}

TEST_F(ServerUnix, MayLieDeeperThanASocketsAddressReaches) {
  std::string deep = directory_;
  for (int i = 0; i < 5; ++i) deep = JoinPath(deep, std::string(40, 'd'));
  ASSERT_TRUE(PosixFileSystem().CreateDirectories(deep).ok());
  options_.unix_socket = JoinPath(deep, "socket");
  Start();
  const UniqueFd directory(open(deep.c_str(), O_PATH | O_DIRECTORY));
  TestClient client = TestClient::Unix(fmt::format("/proc/self/fd/{}/socket", directory.get()));
  EXPECT_EQ(client.Ask(Get("/hello"))->status, 200);
  EXPECT_EQ(StartAnother().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace mreg::http
