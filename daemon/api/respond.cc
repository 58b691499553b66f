#include "daemon/api/respond.h"

#include <utility>

#include "schema/base/status.h"
#include "storage/sync/problem.h"

namespace mreg::api {

http::Response Text(std::string_view content_type, std::string body) {
  http::Response response;
  response.headers.emplace_back("Content-Type", content_type);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

http::Response Problem(const absl::Status& status, std::string_view request_id) {
  http::Response response = Text(sync::kProblemType, sync::FormatProblem(status, request_id));
  response.status = sync::HttpStatusOf(status);
  if (absl::IsUnauthenticated(status)) {
    // Both schemes carry a token: as it is, or as the password of any user name.
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"mreg\"");
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"mreg\", charset=\"UTF-8\"");
  }
  return response;
}

http::Response HttpProblem(int http_status, std::string_view detail) {
  http::Response response = Text(sync::kProblemType, sync::FormatHttpProblem(http_status, detail));
  response.status = http_status;
  return response;
}

http::Response TextOr(std::string_view content_type, absl::StatusOr<std::string> body,
                      const http::Request& request) {
  return body.ok() ? Text(content_type, *std::move(body)) : Problem(body.status(), request.id);
}

}  // namespace mreg::api
