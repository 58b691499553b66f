#include "cli/runner/serve.h"

#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <string>

#include "cli/runner/provider_use.h"
#include "schema/base/status.h"

namespace mreg::runner {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

uint64_t PeakBytes() {
  struct rusage usage {};
  constexpr uint64_t kKibibyte = 1024;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<uint64_t>(usage.ru_maxrss) * kKibibyte
                                             : 0;
}

FailedAnswer Failure(const absl::Status& status, Refusal refusal = Refusal::kFailed) {
  return {refusal, std::string(MessageOf(status))};
}

class Server {
 public:
  explicit Server(OrtLibrary& library) : library_(library) {}

  Answer Do(const LoadRequest& request) {
    session_.reset();
    profile_ = request.settings.profile;
    Refusal refusal = Refusal::kNone;
    const auto begin = SteadyClock::now();
    auto session = request.path.empty()
                       ? library_.LoadBytes(request.model, request.settings, refusal)
                       : library_.LoadFile(request.path, request.settings, refusal);
    LoadedAnswer answer{SecondsSince(begin), {}, {}};
    if (!session.ok()) return Failure(session.status(), refusal);
    const auto inputs = (*session)->Inputs();
    const auto outputs = (*session)->Outputs();
    if (!inputs.ok()) return Failure(inputs.status());
    if (!outputs.ok()) return Failure(outputs.status());
    answer.inputs = *inputs;
    answer.outputs = *outputs;
    session_ = *std::move(session);
    return answer;
  }

  Answer Do(const RunRequest& request) {
    if (session_ == nullptr) return FailedAnswer{Refusal::kFailed, "no model is loaded"};
    const auto begin = SteadyClock::now();
    auto outputs = session_->Run(request.inputs);
    const double seconds = SecondsSince(begin);
    if (!outputs.ok()) return Failure(outputs.status());
    return RanAnswer{seconds, PeakBytes(), *std::move(outputs)};
  }

  Answer Do(const UnloadRequest&) {
    session_.reset();
    return UnloadedAnswer{profile_.empty() ? std::vector<ProviderUse>()
                                           : ReadProviderUse(profile_)};
  }

 private:
  OrtLibrary& library_;
  std::unique_ptr<OrtSession> session_;
  std::string profile_;
};

}  // namespace

void Serve(OrtLibrary& library, std::istream& requests, const Answerer& answer) {
  Server server(library);
  std::string line;
  while (std::getline(requests, line)) {
    const auto request = ParseRequest(line);
    answer(FormatAnswer(
        request.ok() ? std::visit([&](const auto& what) { return server.Do(what); }, *request)
                     : Answer(Failure(request.status()))));
  }
}

}  // namespace mreg::runner
