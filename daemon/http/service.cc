#include "daemon/http/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <type_traits>

#include "daemon/http/response_head.h"
#include "schema/base/hex.h"
#include "schema/base/random.h"

namespace mreg::http {
namespace {

// `call`'s result, or `instead()` where it throws.
template <typename Call, typename Instead>
std::invoke_result_t<Call> Guarded(Call call, Instead instead, std::string& error) {
  try {
    return call();
  } catch (const std::exception& exception) {
    error = exception.what();
  } catch (...) {
    error = "an exception of unknown type";
  }
  return instead();
}

// All that a client learns of an exception.
absl::Status InternalError() { return absl::InternalError("internal error"); }

bool IsFit(const Response& response) {
  return response.status >= 200 && response.status <= 599 &&
         std::ranges::all_of(response.headers, [](const auto& header) {
           return IsSafeHeader(header.first, header.second);
         });
}

Response BareFailure() { return Response{.status = 500}; }

}  // namespace

RequestIds::RequestIds() : prefix_(HexEncode(SecureRandomBytes(6))) {}

std::string RequestIds::Next() { return fmt::format("{}-{:x}", prefix_, count_.fetch_add(1)); }

Handler::Outcome Service::Start(const Request& request, std::string& error) {
  const auto failure = [&]() -> Handler::Outcome {
    return Failure(request, InternalError(), error);
  };
  auto outcome = Guarded([&] { return handler_.Start(request); }, failure, error);
  if (auto* response = std::get_if<Response>(&outcome)) {
    return Fit(std::move(*response), request, error);
  }
  if (std::get<std::unique_ptr<BodyReceiver>>(outcome) != nullptr) return outcome;
  error = "the handler gave neither a response nor a receiver";
  return failure();
}

absl::Status Service::Write(BodyReceiver& receiver, ByteView data, std::string& error) {
  return Guarded([&] { return receiver.Write(data); }, InternalError, error);
}

Response Service::Finish(const Request& request, BodyReceiver& receiver, std::string& error) {
  const auto failure = [&] { return Failure(request, InternalError(), error); };
  return Fit(Guarded([&] { return receiver.Finish(); }, failure, error), request, error);
}

Response Service::Failure(const Request& request, const absl::Status& status, std::string& error) {
  Response response =
      Guarded([&] { return handler_.Failure(request, status); }, BareFailure, error);
  return IsFit(response) ? std::move(response) : BareFailure();
}

Response Service::ProtocolFailure(int status, std::string_view detail, std::string& error) {
  Response response =
      Guarded([&] { return handler_.ProtocolFailure(status, detail); }, BareFailure, error);
  return IsFit(response) ? std::move(response) : BareFailure();
}

Response Service::Fit(Response response, const Request& request, std::string& error) {
  if (IsFit(response)) return response;
  error = "the handler's response has a status or a header that cannot be sent";
  return Failure(request, InternalError(), error);
}

absl::StatusOr<size_t> Service::Read(ByteSource& source, std::span<char> buffer,
                                     std::string& error) {
  return Guarded([&] { return source.Read(buffer); },
                 []() -> absl::StatusOr<size_t> { return InternalError(); }, error);
}

void Service::Log(const AccessRecord& record) const {
  if (!log_) return;
  std::string ignored;
  Guarded([&] { log_(record); }, [] {}, ignored);
}

}  // namespace mreg::http
