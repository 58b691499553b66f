// From a URL that a person wrote to a Remote.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/registry/names.h"
#include "storage/registry/registry.h"
#include "storage/sync/http_remote.h"
#include "storage/sync/remote.h"

namespace mreg::sync {

enum class Scheme { kHttp, kFile };

struct RemoteUrl {
  Scheme scheme = Scheme::kHttp;
  std::string base;  // "http://host:port", or the registry's folder
  registry::RepositoryName repository;
  std::string ToString() const;
};

// "http(s)://host[:port]/namespace/name" or "file:///folder/namespace/name". InvalidArgument
// otherwise; a user name or password in the URL is refused, since URLs get stored and logged.
absl::StatusOr<RemoteUrl> ParseRemoteUrl(std::string_view url);

// The token for a base URL, "" if there is none.
using TokenFor = std::function<std::string(const std::string& base)>;

enum class CreateFolder { kNo, kYes };

// A registry's folder: opened here, or, where another process has it open, who serves it.
struct OpenedFolder {
  std::unique_ptr<registry::Registry> registry;
  HttpEndpoint daemon;  // where `registry` is null
};
// Waits up to 60 s for another command that has the folder open.
absl::StatusOr<OpenedFolder> OpenFolder(const std::string& folder, CreateFolder create);

// A folder that a daemon serves is reached through the daemon's socket in it; any other is opened
// here, and created if `create` says so: see OpenFolder.
absl::StatusOr<std::unique_ptr<Remote>> Connect(const RemoteUrl& url, const TokenFor& token_for,
                                                CreateFolder create);

}  // namespace mreg::sync
