// Entity tags and the conditions on them (RFC 9110, 8.8.3 and 13.1).
#pragma once

#include <string>
#include <string_view>

namespace mreg::http {

// `"opaque"`. `opaque` is visible ASCII without a quote, such as a digest.
std::string StrongEtag(std::string_view opaque);

// Whether an If-None-Match of value `header` names `etag` (or is "*"): GET is then answered 304.
// Compared weakly, as the RFC wants here. A malformed value matches nothing past the damage.
bool IfNoneMatchNames(std::string_view header, std::string_view etag);

// Whether an If-Match of value `header` names `etag` (or is "*"). Compared strongly.
bool IfMatchNames(std::string_view header, std::string_view etag);

// Whether a Range may be served as asked under an If-Range of value `header` ("" if there is
// none). Compared strongly; a date never holds, since mreg sends no Last-Modified to trust.
bool IfRangeHolds(std::string_view header, std::string_view etag);

}  // namespace mreg::http
