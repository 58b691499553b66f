#include "daemon/http/unix_listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::http {
namespace {

absl::Status CannotListen(const std::string& path, std::string_view reason) {
  return absl::UnavailableError(fmt::format("cannot listen on {}: {}", path, reason));
}

UniqueFd OpenSocket() {
  return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// The address of a path of any length: a long one is reached through its directory's descriptor,
// which must stay open while the address is used.
class UnixAddress {
 public:
  explicit UnixAddress(const std::string& path) {
    address_.sun_family = AF_UNIX;
    std::string name = path;
    if (name.size() >= sizeof(address_.sun_path)) {
      directory_ = UniqueFd(open(ParentPath(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      name = fmt::format("/proc/self/fd/{}/{}", directory_.get(), path.substr(path.rfind('/') + 1));
    }
    fits_ = name.size() < sizeof(address_.sun_path);
    if (fits_) std::memcpy(address_.sun_path, name.c_str(), name.size() + 1);
  }

  bool fits() const { return fits_; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }

 private:
  sockaddr_un address_{};
  UniqueFd directory_;
  bool fits_ = false;
};

// Only a refusal says that nobody is there: a full queue, for one, says that somebody is.
bool IsStale(const UnixAddress& address) {
  const UniqueFd probe = OpenSocket();
  return connect(probe.get(), address.get(), sizeof(sockaddr_un)) != 0 && errno == ECONNREFUSED;
}

bool IsSocket(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

bool Bind(int fd, const UnixAddress& address) {
  return bind(fd, address.get(), sizeof(sockaddr_un)) == 0;
}

absl::Status BindOrReplace(int fd, const UnixAddress& address, const std::string& path) {
  if (Bind(fd, address)) return absl::OkStatus();
  if (errno != EADDRINUSE) return CannotListen(path, std::strerror(errno));
  if (!IsSocket(path)) return CannotListen(path, "there is a file of that name");
  if (!IsStale(address)) return CannotListen(path, "another server answers there");
  unlink(path.c_str());
  if (Bind(fd, address)) return absl::OkStatus();
  return CannotListen(path, std::strerror(errno));
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Listen(const std::string& path) {
  const UnixAddress address(path);
  if (!address.fits())
    return absl::InvalidArgumentError(fmt::format("{} has too long a name", path));
  UniqueFd fd = OpenSocket();
  // Linux gives the file the mode of the socket, so there is no moment at which it is wider.
  if (!fd.ok() || fchmod(fd.get(), 0600) != 0) return CannotListen(path, std::strerror(errno));
  MREG_RETURN_IF_ERROR(BindOrReplace(fd.get(), address, path));
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || listen(fd.get(), SOMAXCONN) != 0) {
    return CannotListen(path, std::strerror(errno));
  }
  return std::unique_ptr<UnixListener>(
      new UnixListener(std::move(fd), path, info.st_dev, info.st_ino));
}

UnixListener::~UnixListener() {
  struct stat info;
  if (lstat(path_.c_str(), &info) != 0) return;
  if (info.st_dev == device_ && info.st_ino == inode_) unlink(path_.c_str());
}

bool PeerIsOwner(int fd) {
  ucred peer;
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

}  // namespace mreg::http
