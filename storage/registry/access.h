// Who asks, and what they may do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schema/base/clock.h"
#include "storage/journal/journal.h"
#include "storage/kv/key_value_store.h"
#include "storage/registry/names.h"

namespace mreg::registry {

enum class Role { kNone, kRead, kWrite, kAdmin };

std::string_view RoleName(Role role);
// InvalidArgument unless "read", "write" or "admin".
absl::StatusOr<Role> ParseRole(std::string_view name);

// Made by Access only; passed to every call of the registry.
struct Caller {
  std::string name;  // for the journal: "alice"; "anonymous"; "owner"
  Role role = Role::kNone;
  std::string scope;  // the one namespace it is good for; empty: all
};

struct TokenInfo {
  std::string name;
  Role role = Role::kRead;
  std::string scope;
  TimePoint created;
  std::optional<TimePoint> expires;
};

struct NewToken {
  std::string secret;  // shown once, stored nowhere
  TokenInfo info;
};

enum class AnonymousRead { kAllowed, kForbidden };

// Thread-safe.
class Access {
 public:
  // All outlive it.
  Access(kv::KeyValueStore& store, const journal::Journal& journal, const Clock& clock,
         AnonymousRead anonymous_read);

  // Someone without credentials.
  Caller Anonymous() const;
  // Whoever can open the registry's folder itself.
  static Caller Owner();
  // Unauthenticated for an unknown, revoked or expired token: it is not said which.
  absl::StatusOr<Caller> Authenticate(std::string_view secret) const;

  // OK if `caller` may; Unauthenticated if a token would help; PermissionDenied, or NotFound
  // where even the existence is not to be told, if theirs does not suffice.
  absl::Status RequireRead(const Caller& caller, const RepositoryName& repository) const;
  // For what is asked of all repositories at once: the one namespace that may be read; nothing:
  // all.
  absl::StatusOr<std::optional<std::string>> ReadableNamespace(const Caller& caller) const;
  absl::Status RequireWrite(const Caller& caller, const RepositoryName& repository) const;
  absl::Status RequireAdmin(const Caller& caller) const;

  // True if nothing in the registry is hidden from anybody.
  bool is_open() const { return anonymous_read_ == AnonymousRead::kAllowed; }

  // Admin only. AlreadyExists if there is a token of that name.
  absl::StatusOr<NewToken> CreateToken(const Caller& caller, const TokenInfo& wanted);
  absl::StatusOr<std::vector<TokenInfo>> ListTokens(const Caller& caller) const;
  absl::Status RevokeToken(const Caller& caller, std::string_view name);

 private:
  absl::Status Record(const Caller& caller, v1::JournalEntry entry, kv::Batch& batch) const;

  kv::KeyValueStore& store_;
  const journal::Journal& journal_;
  const Clock& clock_;
  const AnonymousRead anonymous_read_;
};

}  // namespace mreg::registry
