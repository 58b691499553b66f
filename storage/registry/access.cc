#include "storage/registry/access.h"

#include <fmt/format.h>

#include <utility>

#include "mreg/v1/registry.pb.h"
#include "schema/base/hex.h"
#include "schema/base/random.h"
#include "schema/base/sha256.h"
#include "schema/base/status.h"

namespace mreg::registry {
namespace {

using kv::Table;

constexpr std::string_view kTokenPrefix = "mreg_";
constexpr size_t kTokenBytes = 32;
constexpr int kAttempts = 64;

TimePoint FromMs(int64_t ms) { return TimePoint(std::chrono::milliseconds(ms)); }
int64_t ToMs(TimePoint time) { return time.time_since_epoch().count(); }

// Tokens are random, so a plain hash of them cannot be guessed backwards.
Bytes KeyOf(std::string_view secret) { return Sha256Of(secret); }

absl::StatusOr<TokenInfo> Decode(ByteView row) {
  v1::TokenRecord record;
  if (!record.ParseFromArray(row.data(), static_cast<int>(row.size()))) {
    return absl::DataLossError("a token's row is damaged");
  }
  TokenInfo info{record.name(), Role::kNone, record.scope(), FromMs(record.created_ms()), {}};
  MREG_ASSIGN_OR_RETURN(info.role, ParseRole(record.role()));
  if (record.expires_ms() != 0) info.expires = FromMs(record.expires_ms());
  return info;
}

Bytes Encode(const TokenInfo& info) {
  v1::TokenRecord record;
  record.set_name(info.name);
  record.set_role(std::string(RoleName(info.role)));
  record.set_scope(info.scope);
  record.set_created_ms(ToMs(info.created));
  if (info.expires) record.set_expires_ms(ToMs(*info.expires));
  return record.SerializeAsString();
}

bool IsInScope(const Caller& caller, const RepositoryName& repository) {
  return caller.scope.empty() || caller.scope == repository.space();
}

absl::Status NoSuchRepository(const RepositoryName& repository) {
  return absl::NotFoundError(fmt::format("there is no repository {}", repository.ToString()));
}

absl::Status TokenNeeded(std::string_view action) {
  return absl::UnauthenticatedError(fmt::format("{} needs a token", action));
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kRead:
      return "read";
    case Role::kWrite:
      return "write";
    case Role::kAdmin:
      return "admin";
    case Role::kNone:
      break;
  }
  return "none";
}

absl::StatusOr<Role> ParseRole(std::string_view name) {
  for (const Role role : {Role::kRead, Role::kWrite, Role::kAdmin}) {
    if (name == RoleName(role)) return role;
  }
  return absl::InvalidArgumentError("a role is read, write or admin");
}

Access::Access(kv::KeyValueStore& store, const journal::Journal& journal, const Clock& clock,
               AnonymousRead anonymous_read)
    : store_(store), journal_(journal), clock_(clock), anonymous_read_(anonymous_read) {}

Caller Access::Anonymous() const { return {"anonymous", Role::kNone, ""}; }

Caller Access::Owner() { return {"owner", Role::kAdmin, ""}; }

absl::StatusOr<Caller> Access::Authenticate(std::string_view secret) const {
  const absl::Status refused = absl::UnauthenticatedError("the token is not valid");
  MREG_ASSIGN_OR_RETURN(const auto row, store_.Get(Table::kTokens, KeyOf(secret)));
  if (!row) return refused;
  MREG_ASSIGN_OR_RETURN(const TokenInfo info, Decode(*row));
  if (info.expires && clock_.Now() >= *info.expires) return refused;
  return Caller{info.name, info.role, info.scope};
}

absl::Status Access::RequireRead(const Caller& caller, const RepositoryName& repository) const {
  if (is_open()) return absl::OkStatus();
  if (caller.role == Role::kNone) return TokenNeeded("reading this registry");
  return IsInScope(caller, repository) ? absl::OkStatus() : NoSuchRepository(repository);
}

absl::StatusOr<std::optional<std::string>> Access::ReadableNamespace(const Caller& caller) const {
  if (is_open()) return std::nullopt;
  if (caller.role == Role::kNone) return TokenNeeded("reading this registry");
  if (caller.scope.empty()) return std::nullopt;
  return caller.scope;
}

absl::Status Access::RequireWrite(const Caller& caller, const RepositoryName& repository) const {
  if (caller.role == Role::kNone) return TokenNeeded("writing");
  if (!IsInScope(caller, repository)) {
    if (!is_open()) return NoSuchRepository(repository);
    return absl::PermissionDeniedError(
        fmt::format("the token {} is good for the namespace {} only", caller.name, caller.scope));
  }
  if (caller.role >= Role::kWrite) return absl::OkStatus();
  return absl::PermissionDeniedError(fmt::format("the token {} may read, not write", caller.name));
}

absl::Status Access::RequireAdmin(const Caller& caller) const {
  if (caller.role == Role::kNone) return TokenNeeded("administration");
  if (caller.role == Role::kAdmin && caller.scope.empty()) return absl::OkStatus();
  return absl::PermissionDeniedError(fmt::format("{} is not an administrator", caller.name));
}

absl::Status Access::Record(const Caller& caller, v1::JournalEntry entry, kv::Batch& batch) const {
  entry.set_actor(caller.name);
  entry.set_time_ms(ToMs(clock_.Now()));
  return journal_.Stage(std::move(entry), batch);
}

absl::StatusOr<NewToken> Access::CreateToken(const Caller& caller, const TokenInfo& wanted) {
  MREG_RETURN_IF_ERROR(RequireAdmin(caller));
  if (!IsValidNamePart(wanted.name)) {
    return absl::InvalidArgumentError(
        "a token's name has letters, digits, '.', '_' and '-' only, and begins with one of the "
        "first two");
  }
  if (!wanted.scope.empty() && !IsValidNamePart(wanted.scope)) {
    return absl::InvalidArgumentError("the scope is not a namespace");
  }
  if (wanted.role == Role::kNone) return absl::InvalidArgumentError("a token needs a role");
  NewToken token{std::string(kTokenPrefix) + HexEncode(SecureRandomBytes(kTokenBytes)), wanted};
  token.info.created = clock_.Now();
  v1::JournalEntry entry;
  entry.mutable_token_created()->set_name(wanted.name);
  entry.mutable_token_created()->set_role(std::string(RoleName(wanted.role)));
  entry.mutable_token_created()->set_scope(wanted.scope);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    MREG_ASSIGN_OR_RETURN(const auto tokens, ListTokens(caller));
    for (const TokenInfo& existing : tokens) {
      if (existing.name == wanted.name) {
        return absl::AlreadyExistsError(
            fmt::format("there is a token called {}: revoke it first", wanted.name));
      }
    }
    kv::Batch batch;
    batch.Put(Table::kTokens, KeyOf(token.secret), Encode(token.info));
    MREG_RETURN_IF_ERROR(Record(caller, entry, batch));
    const absl::Status status = store_.Commit(batch);
    if (status.ok()) return token;
    if (!absl::IsAborted(status)) return status;
  }
  return absl::AbortedError("the registry is too busy");
}

absl::StatusOr<std::vector<TokenInfo>> Access::ListTokens(const Caller& caller) const {
  MREG_RETURN_IF_ERROR(RequireAdmin(caller));
  std::vector<TokenInfo> tokens;
  absl::Status damaged;
  MREG_RETURN_IF_ERROR(store_.Scan(Table::kTokens, "", "", [&](ByteView, ByteView row) {
    auto info = Decode(row);
    if (!info.ok()) {
      damaged = info.status();
      return false;
    }
    tokens.push_back(*std::move(info));
    return true;
  }));
  if (!damaged.ok()) return damaged;
  return tokens;
}

absl::Status Access::RevokeToken(const Caller& caller, std::string_view name) {
  MREG_RETURN_IF_ERROR(RequireAdmin(caller));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    kv::Batch batch;
    MREG_RETURN_IF_ERROR(store_.Scan(Table::kTokens, "", "", [&](ByteView key, ByteView row) {
      const auto info = Decode(row);
      if (info.ok() && info->name == name) batch.Remove(Table::kTokens, key);
      return true;
    }));
    if (batch.writes().empty()) {
      return absl::NotFoundError(fmt::format("there is no token called {}", name));
    }
    v1::JournalEntry entry;
    entry.mutable_token_revoked()->set_name(std::string(name));
    MREG_RETURN_IF_ERROR(Record(caller, std::move(entry), batch));
    const absl::Status status = store_.Commit(batch);
    if (!absl::IsAborted(status)) return status;
  }
  return absl::AbortedError("the registry is too busy");
}

}  // namespace mreg::registry
