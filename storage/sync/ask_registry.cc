#include "storage/sync/ask_registry.h"

#include <fmt/format.h>

#include "schema/base/status.h"
#include "storage/sync/http_remote.h"

namespace mreg::sync {
namespace {

constexpr std::string_view kFilePrefix = "file://";

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

absl::StatusOr<std::string> AskApi(const HttpEndpoint& endpoint, const ApiQuestion& question) {
  std::string path = question.path;
  char separator = '?';
  for (const auto& [name, value] : question.parameters) {
    path += fmt::format("{}{}={}", separator, name, PercentEncode(value));
    separator = '&';
  }
  return CallApi(endpoint, "GET", path, "");
}

}  // namespace

absl::StatusOr<std::string> AskRegistry(
    std::string_view url, const TokenFor& token_for, const ApiQuestion& question,
    const std::function<absl::StatusOr<std::string>(registry::Knowledge&)>& answer) {
  if (!url.starts_with(kFilePrefix)) {
    const std::string base(url);
    return AskApi({base, "", token_for(base)}, question);
  }
  url.remove_prefix(kFilePrefix.size());
  MREG_ASSIGN_OR_RETURN(const OpenedFolder folder, OpenFolder(std::string(url), CreateFolder::kNo));
  if (folder.registry == nullptr) return AskApi(folder.daemon, question);
  registry::Knowledge& knowledge = folder.registry->knowledge();
  MREG_RETURN_IF_ERROR(knowledge.Follow());
  return answer(knowledge);
}

}  // namespace mreg::sync
