#include "daemon/http/test_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <thread>

#include "schema/base/status.h"

namespace mreg::http {
namespace {

constexpr size_t kPeriod = 65'521;  // a prime
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

// Two periods and more, so that a run of one never has to wrap.
const std::string& Pattern() {
  static const std::string pattern = [] {
    std::string text(2 * kPeriod, '\0');
    uint32_t state = 1;
    for (size_t i = 0; i < kPeriod; ++i) {
      state = state * 1'664'525 + 1'013'904'223;
      text[i] = text[i + kPeriod] = static_cast<char>(state >> 24);
    }
    return text;
  }();
  return pattern;
}

Response Text(int status, std::string text) {
  return Response{.status = status, .body = std::move(text)};
}

uint64_t Number(const Request& request, std::string_view name, uint64_t otherwise) {
  const auto text = request.Query(name);
  return text ? std::stoull(std::string(*text)) : otherwise;
}

class PatternSource final : public ByteSource {
 public:
  PatternSource(uint64_t length, uint64_t fail_at, uint64_t throw_at)
      : length_(length), fail_at_(fail_at), throw_at_(throw_at) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    if (offset_ >= throw_at_) throw std::runtime_error(kSecret);
    if (offset_ >= fail_at_) return absl::DataLossError("the test wants it");
    const uint64_t stop = std::min({length_, fail_at_, throw_at_});
    const size_t size = std::min<uint64_t>(buffer.size(), stop - offset_);
    FillPattern(offset_, buffer.first(size));
    offset_ += size;
    return size;
  }

 private:
  const uint64_t length_, fail_at_, throw_at_;
  uint64_t offset_ = 0;
};

class Sink final : public BodyReceiver {
 public:
  explicit Sink(TestHandler& handler) : handler_(handler) {}
  ~Sink() override { ++handler_.receivers_destroyed; }

  absl::Status Write(ByteView data) override {
    if (!IsPattern(received_, data)) return absl::DataLossError("not the pattern");
    received_ += data.size();
    return absl::OkStatus();
  }
  Response Finish() override {
    ++handler_.receivers_finished;
    return Text(200, std::to_string(received_));
  }

 private:
  TestHandler& handler_;
  uint64_t received_ = 0;
};

class FailingReceiver final : public BodyReceiver {
 public:
  explicit FailingReceiver(std::string_view how) : how_(how) {}

  absl::Status Write(ByteView) override {
    if (how_ == "/throw-write") throw std::runtime_error(kSecret);
    return how_ == "/fail-write" ? absl::ResourceExhaustedError("disk full") : absl::OkStatus();
  }
  Response Finish() override { throw std::runtime_error(kSecret); }

 private:
  const std::string how_;
};

Response StreamOf(const Request& request) {
  const uint64_t length = Number(request, "length", kNever);
  auto source = std::make_unique<PatternSource>(length, Number(request, "fail", kNever),
                                                Number(request, "throw", kNever));
  std::optional<uint64_t> told;
  if (!request.Query("unknown")) told = length;
  Response response{.body = Response::Stream{std::move(source), told}};
  return response;
}

Response Echo(std::string body) { return Text(200, std::move(body)); }

}  // namespace

void FillPattern(uint64_t offset, std::span<char> out) {
  while (!out.empty()) {
    const size_t size = std::min(out.size(), kPeriod);
    std::memcpy(out.data(), Pattern().data() + offset % kPeriod, size);
    out = out.subspan(size);
    offset += size;
  }
}

bool IsPattern(uint64_t offset, ByteView data) {
  while (!data.empty()) {
    const size_t size = std::min(data.size(), kPeriod);
    if (std::memcmp(data.data(), Pattern().data() + offset % kPeriod, size) != 0) return false;
    data.remove_prefix(size);
    offset += size;
  }
  return true;
}

Handler::Outcome TestHandler::Start(const Request& request) {
  ++started;
  const std::string& path = request.path;
  if (path == "/hello") return Text(200, "hello");
  if (path == "/echo") return CollectBody(1024 * 1024, Echo);
  if (path == "/limited") return CollectBody(10, Echo);
  if (path == "/sink") return std::make_unique<Sink>(*this);
  if (path == "/stream") return StreamOf(request);
  if (path == "/refuse") return Text(401, "no");
  if (path == "/throw-start") throw std::runtime_error(kSecret);
  if (path == "/wait") return Wait();
  if (path == "/status") return Text(static_cast<int>(Number(request, "code", 200)), "text");
  if (path == "/header") {
    return Response{.headers = {{"X-Value", std::string(*request.Query("value"))}}, .body = "body"};
  }
  if (path == "/who") {
    return Text(200, fmt::format("{} {}", request.peer,
                                 request.origin == Origin::kNetwork ? "network" : "owner"));
  }
  return std::make_unique<FailingReceiver>(path);
}

Response TestHandler::Failure(const Request&, const absl::Status& status) {
  const int code = status.code() == absl::StatusCode::kOutOfRange          ? 413
                   : status.code() == absl::StatusCode::kResourceExhausted ? 507
                                                                           : 500;
  return Text(code, std::string(MessageOf(status)));
}

Response TestHandler::ProtocolFailure(int http_status, std::string_view detail) {
  return Text(http_status, std::string(detail));
}

Response TestHandler::Wait() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return open_; });
  return Text(200, "waited");
}

void TestHandler::Open() {
  std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void TestHandler::AwaitWaiting(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_ >= count; });
}

bool Eventually(const std::function<bool()>& holds) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace mreg::http
