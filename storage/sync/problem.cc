#include "storage/sync/problem.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "schema/base/status.h"

namespace mreg::sync {
namespace {

struct Row {
  absl::StatusCode code;
  std::string_view name;
  int http_status;
  std::string_view title;
};

// The first row of an HTTP status is what it stands for when the document does not say.
constexpr std::array<Row, 13> kRows{{
    {absl::StatusCode::kInvalidArgument, "invalid_argument", 400, "Not acceptable as it is"},
    {absl::StatusCode::kOutOfRange, "out_of_range", 413, "Too large"},
    {absl::StatusCode::kUnauthenticated, "unauthenticated", 401, "A valid token is needed"},
    {absl::StatusCode::kPermissionDenied, "permission_denied", 403, "Not allowed"},
    {absl::StatusCode::kNotFound, "not_found", 404, "Not found"},
    {absl::StatusCode::kAborted, "aborted", 409, "Changed by somebody else meanwhile"},
    {absl::StatusCode::kAlreadyExists, "already_exists", 409, "Exists already"},
    {absl::StatusCode::kFailedPrecondition, "failed_precondition", 409, "Not in this state"},
    {absl::StatusCode::kDataLoss, "data_loss", 422, "Damaged"},
    {absl::StatusCode::kUnimplemented, "unimplemented", 501, "Not available"},
    {absl::StatusCode::kUnavailable, "unavailable", 503, "Not available now"},
    {absl::StatusCode::kResourceExhausted, "resource_exhausted", 507, "No space left"},
    {absl::StatusCode::kInternal, "internal", 500, "Internal error"},
}};

const Row& RowOf(absl::StatusCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row;
  }
  return kRows.back();
}

std::string Document(int http_status, std::string_view title, std::string_view detail,
                     std::string_view code, std::string_view request_id) {
  nlohmann::ordered_json document;
  document["type"] = "about:blank";
  document["title"] = title;
  document["status"] = http_status;
  if (!detail.empty()) document["detail"] = detail;
  if (!code.empty()) document["code"] = code;
  if (!request_id.empty()) document["request_id"] = request_id;
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Proxies and overloaded servers: worth another try.
bool IsPassing(int http_status) {
  return http_status == 408 || http_status == 429 || http_status == 502 || http_status == 503 ||
         http_status == 504;
}

}  // namespace

int HttpStatusOf(const absl::Status& status) { return RowOf(status.code()).http_status; }

std::string FormatProblem(const absl::Status& status, std::string_view request_id) {
  const Row& row = RowOf(status.code());
  const bool is_ours = row.code == absl::StatusCode::kInternal;
  return Document(row.http_status, row.title, is_ours ? "" : MessageOf(status), row.name,
                  request_id);
}

std::string FormatHttpProblem(int http_status, std::string_view detail) {
  return Document(http_status, "The request was refused", detail, "", "");
}

absl::Status ParseProblem(int http_status, std::string_view body) {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  std::string detail = fmt::format("the server answered with HTTP status {}", http_status);
  if (document.is_object()) {
    if (const auto told = document.find("detail"); told != document.end() && told->is_string()) {
      detail = told->get<std::string>();
    }
    const auto code = document.find("code");
    for (const Row& row : kRows) {
      if (code != document.end() && *code == row.name) return absl::Status(row.code, detail);
    }
  }
  if (IsPassing(http_status)) return absl::UnavailableError(detail);
  for (const Row& row : kRows) {
    if (row.http_status == http_status) return absl::Status(row.code, detail);
  }
  return absl::InternalError(detail);
}

}  // namespace mreg::sync
