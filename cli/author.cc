#include "cli/author.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <ctime>
#include <utility>
#include <vector>

#include "cli/user_settings.h"
#include "schema/base/status.h"

namespace mreg::cli {
namespace {

history::Signature SignatureAt(std::string name, std::string email, TimePoint now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  localtime_r(&seconds, &local);
  return {std::move(name), std::move(email), seconds, static_cast<int>(local.tm_gmtoff / 60)};
}

std::string LoginName() {
  constexpr size_t kBufferBytes = 16 << 10;
  std::vector<char> buffer(kBufferBytes);
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "user" : found->pw_name;
}

std::string HostName() {
  constexpr size_t kLongest = 256;
  std::string name(kLongest, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  name.resize(name.find('\0'));
  return name;
}

// The clone's setting, else the user's.
absl::StatusOr<std::string> Setting(Context& context, const workspace::Workspace& workspace,
                                    const char* key) {
  MREG_ASSIGN_OR_RETURN(const auto of_clone, workspace.GetConfig(key));
  if (of_clone) return *of_clone;
  MREG_ASSIGN_OR_RETURN(const auto of_user, GetUserSetting(context.environment(), key));
  return of_user.value_or("");
}

}  // namespace

absl::StatusOr<history::Signature> ParseAuthor(std::string_view text, TimePoint now) {
  const size_t open = text.find(" <");
  const bool is_well_formed = open != std::string_view::npos && open > 0 && text.ends_with('>') &&
                              text.find_first_of("<>\n", open + 2) == text.size() - 1;
  if (!is_well_formed) {
    return absl::InvalidArgumentError(
        fmt::format("an author is written 'Name <address>', not '{}'", text));
  }
  const std::string_view email = text.substr(open + 2, text.size() - open - 3);
  return SignatureAt(std::string(text.substr(0, open)), std::string(email), now);
}

absl::StatusOr<history::Signature> ChooseAuthor(Context& context,
                                                const workspace::Workspace& workspace) {
  const TimePoint now = context.clock().Now();
  const std::string& written = context.environment().author;
  if (!written.empty()) return ParseAuthor(written, now);
  MREG_ASSIGN_OR_RETURN(std::string name, Setting(context, workspace, kUserNameKey));
  MREG_ASSIGN_OR_RETURN(std::string email, Setting(context, workspace, kUserEmailKey));
  const std::string login = LoginName();
  if (name.empty()) name = login;
  if (email.empty()) email = fmt::format("{}@{}", login, HostName());
  return SignatureAt(std::move(name), std::move(email), now);
}

history::MoveRecord RecordOf(const history::Signature& author, TimePoint now, std::string reason) {
  return {fmt::format("{} <{}>", author.name, author.email), now, std::move(reason)};
}

}  // namespace mreg::cli
