// Listening on a Unix socket that only its owner can open.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "schema/base/unique_fd.h"

namespace mreg::http {

// Its destructor removes the socket's file, unless somebody has put another in its place.
class UnixListener {
 public:
  // Mode 0600 from the first moment. A socket that a dead server left is replaced; Unavailable if
  // one answers there, or if it cannot be had for another reason. `path` may be longer than a
  // socket's address can be.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Listen(const std::string& path);
  ~UnixListener();

  // To be accepted from, once.
  UniqueFd TakeFd() { return std::move(fd_); }

 private:
  UnixListener(UniqueFd fd, std::string path, dev_t device, ino_t inode)
      : fd_(std::move(fd)), path_(std::move(path)), device_(device), inode_(inode) {}

  UniqueFd fd_;
  const std::string path_;
  const dev_t device_;
  const ino_t inode_;
};

// Whether the peer of the connected Unix socket `fd` runs as the same user as this process, or as
// root.
bool PeerIsOwner(int fd);

}  // namespace mreg::http
