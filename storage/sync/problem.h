// Errors on the wire: RFC 9457 problem details, whose member "code" names the status, so that the
// other side gets the same status back.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mreg::sync {

inline constexpr std::string_view kProblemType = "application/problem+json";

// 404 for NotFound, 409 for Aborted and so on; 500 for what the caller cannot help.
int HttpStatusOf(const absl::Status& status);

// The document for a status. The message of an Internal or Unknown error stays here: it may tell
// what is nobody's business.
std::string FormatProblem(const absl::Status& status, std::string_view request_id);
// The same for an error that only HTTP knows, such as 431.
std::string FormatHttpProblem(int http_status, std::string_view detail);

// The status that an answer other than 2xx stands for, whoever wrote it: a proxy in between
// answers in its own way.
absl::Status ParseProblem(int http_status, std::string_view body);

}  // namespace mreg::sync
