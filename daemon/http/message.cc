#include "daemon/http/message.h"

#include <fmt/format.h>

namespace mreg::http {
namespace {

class CollectingReceiver final : public BodyReceiver {
 public:
  CollectingReceiver(size_t limit, std::function<Response(std::string)> then)
      : limit_(limit), then_(std::move(then)) {}

  absl::Status Write(ByteView data) override {
    if (data.size() > limit_ - body_.size()) {
      return absl::OutOfRangeError(fmt::format("the body is larger than {} bytes", limit_));
    }
    body_.append(data);
    return absl::OkStatus();
  }

  Response Finish() override { return then_(std::move(body_)); }

 private:
  const size_t limit_;
  const std::function<Response(std::string)> then_;
  std::string body_;
};

template <typename Pairs>
std::optional<std::string_view> FirstOf(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view Request::Header(std::string_view lower_case_name) const {
  return FirstOf(headers, lower_case_name).value_or("");
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  return FirstOf(query, name);
}

std::unique_ptr<BodyReceiver> CollectBody(size_t limit, std::function<Response(std::string)> then) {
  return std::make_unique<CollectingReceiver>(limit, std::move(then));
}

}  // namespace mreg::http
