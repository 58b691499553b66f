#include "daemon/http/head.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>

#include "daemon/http/target.h"
#include "schema/base/status.h"

namespace mreg::http {
namespace {

namespace beast = boost::beast;

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr size_t kMaxMethod = 32;
// What a request line has beside the target: the method, two spaces, the version, the line's end.
constexpr size_t kRequestLineRest = kMaxMethod + 12;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

// Beast splits a head into its fields and knows Connection; bodies are left to others (skip).
class FieldParser final : public beast::http::basic_parser<true> {
 public:
  explicit FieldParser(const Limits& limits) : limits_(limits) {
    skip(true);
    header_limit(static_cast<uint32_t>(limits.max_target_bytes + limits.max_header_bytes + 1024));
  }

  std::string method, target;
  std::vector<std::pair<std::string, std::string>> fields;
  int version = 0;  // 11 for HTTP/1.1
  bool too_many_fields = false;

 private:
  using Error = beast::error_code;
  using Text = beast::string_view;

  void on_request_impl(beast::http::verb, Text name, Text path, int number, Error&) override {
    method.assign(name.data(), name.size());
    target.assign(path.data(), path.size());
    version = number;
  }
  void on_field_impl(beast::http::field, Text name, Text value, Error& error) override {
    if (fields.size() == limits_.max_header_fields) {
      too_many_fields = true;
      error = beast::http::error::header_limit;
      return;
    }
    fields.emplace_back(LowerCase({name.data(), name.size()}),
                        std::string(value.data(), value.size()));
  }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text, Error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Error&) override { return 0; }
  void on_finish_impl(Error&) override {}

  const Limits& limits_;
};

using MaybeError = std::optional<ProtocolError>;

ProtocolError Bad(std::string_view detail) { return {400, std::string(detail)}; }

size_t Count(const Request& request, std::string_view name) {
  return std::ranges::count(request.headers, name, [](const auto& field) { return field.first; });
}

MaybeError TargetTooLong(const Limits& limits) {
  return ProtocolError{
      414, fmt::format("the request target is longer than {} bytes", limits.max_target_bytes)};
}

MaybeError FieldsTooLong(const Limits& limits) {
  return ProtocolError{
      431, fmt::format("the header fields are longer than {} bytes", limits.max_header_bytes)};
}

// Beast unfolds folded lines; another parser on the way may not.
bool HasFoldedLine(std::string_view text) {
  return text.find("\r\n ") != std::string_view::npos ||
         text.find("\r\n\t") != std::string_view::npos;
}

MaybeError CheckSizes(std::string_view text, const FieldParser& parser, const Limits& limits) {
  if (parser.target.size() > limits.max_target_bytes) return TargetTooLong(limits);
  if (parser.method.size() > kMaxMethod) return ProtocolError{501, "the method is not known"};
  const size_t request_line = text.find("\r\n") + 2;
  if (text.size() - request_line > limits.max_header_bytes) return FieldsTooLong(limits);
  return std::nullopt;
}

MaybeError ReadContentLength(Head& head) {
  const size_t count = Count(head.request, "content-length");
  if (count == 0) return std::nullopt;
  if (count > 1) return Bad("Content-Length is given more than once");
  const std::string_view digits = head.request.Header("content-length");
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Bad("Content-Length is not a number");
  }
  head.request.content_length = length;
  head.framing = length == 0 ? Framing::kNone : Framing::kLength;
  return std::nullopt;
}

MaybeError ReadTransferEncoding(Head& head) {
  const size_t count = Count(head.request, "transfer-encoding");
  if (count == 0) return std::nullopt;
  if (count > 1) return Bad("Transfer-Encoding is given more than once");
  if (Count(head.request, "content-length") > 0) {
    return Bad("both Content-Length and Transfer-Encoding are given");
  }
  if (!head.http11) return Bad("HTTP/1.0 has no Transfer-Encoding");
  if (LowerCase(head.request.Header("transfer-encoding")) != "chunked") {
    return ProtocolError{501, "the only transfer coding taken is chunked"};
  }
  head.framing = Framing::kChunked;
  return std::nullopt;
}

MaybeError CheckBody(Head& head, const Limits& limits) {
  if (auto error = ReadTransferEncoding(head)) return error;
  if (auto error = ReadContentLength(head)) return error;
  if (head.request.content_length.value_or(0) > limits.max_body_bytes) {
    return ProtocolError{413,
                         fmt::format("the body is larger than {} bytes", limits.max_body_bytes)};
  }
  for (const auto& [name, value] : head.request.headers) {
    if (name != "content-encoding" || value.empty() || LowerCase(value) == "identity") continue;
    return ProtocolError{415, "request bodies are taken without Content-Encoding only"};
  }
  return std::nullopt;
}

MaybeError CheckFields(Head& head) {
  const size_t hosts = Count(head.request, "host");
  if (hosts > 1 || (hosts == 0 && head.http11)) return Bad("there must be one Host field");
  const std::string expect = LowerCase(head.request.Header("expect"));
  if (expect.empty() || !head.http11) return std::nullopt;
  if (expect != "100-continue") return ProtocolError{417, "the only expectation is 100-continue"};
  head.expects_continue = head.framing != Framing::kNone;
  return std::nullopt;
}

MaybeError SetTarget(std::string_view text, Request& request) {
  auto target = ParseTarget(text);
  if (!target.ok()) return Bad(MessageOf(target.status()));
  request.raw_path = std::move(target->raw_path);
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  return std::nullopt;
}

ProtocolError Explain(const beast::error_code& error, const FieldParser& parser,
                      const Limits& limits) {
  if (parser.too_many_fields) {
    return {431, fmt::format("there are more than {} header fields", limits.max_header_fields)};
  }
  if (error == beast::http::error::header_limit) return *FieldsTooLong(limits);
  if (error == beast::http::error::bad_version) return {505, "the version is not HTTP/1.1"};
  return Bad("the head of the request is malformed");
}

}  // namespace

std::optional<size_t> FindHeadEnd(std::string_view input, size_t scanned) {
  // The end may straddle what was seen and what is new.
  const size_t from = scanned < kEndOfHead.size() ? 0 : scanned - (kEndOfHead.size() - 1);
  const size_t found = input.find(kEndOfHead, from);
  if (found == std::string_view::npos) return std::nullopt;
  return found + kEndOfHead.size();
}

std::optional<ProtocolError> CheckPartialHead(std::string_view input, const Limits& limits) {
  const size_t line_end = input.find("\r\n");
  const size_t line = std::min(line_end, input.size());
  if (line > limits.max_target_bytes + kRequestLineRest) return TargetTooLong(limits);
  if (line_end == std::string_view::npos) return std::nullopt;
  if (input.size() - line_end - 2 > limits.max_header_bytes) return FieldsTooLong(limits);
  return std::nullopt;
}

std::variant<Head, ProtocolError> ParseHead(std::string_view text, const Limits& limits) {
  if (auto error = CheckPartialHead(text, limits)) return *std::move(error);
  if (HasFoldedLine(text)) return Bad("a header field is folded");
  FieldParser parser(limits);
  beast::error_code failure;
  parser.put(boost::asio::buffer(text.data(), text.size()), failure);
  if (failure) return Explain(failure, parser, limits);
  if (!parser.is_done()) return Bad("the head of the request is malformed");
  if (auto error = CheckSizes(text, parser, limits)) return *std::move(error);

  Head head;
  head.http11 = parser.version == 11;
  head.keep_alive = head.http11 && parser.keep_alive();
  head.request.method = std::move(parser.method);
  head.request.headers = std::move(parser.fields);
  if (auto error = SetTarget(parser.target, head.request)) return *std::move(error);
  if (auto error = CheckBody(head, limits)) return *std::move(error);
  if (auto error = CheckFields(head)) return *std::move(error);
  return head;
}

}  // namespace mreg::http
