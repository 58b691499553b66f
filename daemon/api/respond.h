// Answers of the API: JSON documents, problems, protobuf messages.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/http/message.h"

namespace mreg::api {

http::Response Text(std::string_view content_type, std::string body);
http::Response Problem(const absl::Status& status, std::string_view request_id);
// An error that only HTTP knows, such as 405.
http::Response HttpProblem(int http_status, std::string_view detail);

// `body`, or the problem that came instead of it.
http::Response TextOr(std::string_view content_type, absl::StatusOr<std::string> body,
                      const http::Request& request);

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProtobuf = "application/x-protobuf";

}  // namespace mreg::api
