#include "schema/lint/lint.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "schema/base/status.h"
#include "schema/base/unique_fd.h"
#include "schema/lint/lines.h"
#include "schema/onnx/skeleton.h"
#include "schema/process/process.h"

namespace mreg::lint {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr uint64_t kMaxLineBytes = 256 << 10;

// The program is built as this is, and with these it needs terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasSanitizer = true;
#else
constexpr bool kHasSanitizer = false;
#endif

// A file in memory that a child can be given.
absl::StatusOr<UniqueFd> InMemory(ByteView content) {
  UniqueFd file(memfd_create("model", MFD_CLOEXEC));
  if (!file.ok()) return ErrnoStatus(errno, "make a file in memory");
  while (!content.empty()) {
    const ssize_t written = write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "write a file in memory");
    content.remove_prefix(static_cast<size_t>(written));
  }
  return file;
}

Verdict Ended(const process::Ending& ending, Verdict verdict) {
  verdict.result = ending.timed_out ? Result::kTimedOut : Result::kCrashed;
  verdict.message = ending.Text();
  return verdict;
}

// Takes the line in; true once it is the last.
bool Take(Line line, Verdict& verdict) {
  if (auto* const stage = std::get_if<StageLine>(&line)) {
    if (!stage->passed) verdict.result = Result::kFailed;
    verdict.stages.push_back(std::move(*stage));
    return false;
  }
  auto* const end = std::get_if<EndLine>(&line);
  if (end == nullptr) return false;
  if (end->result != Result::kPassed) verdict.result = end->result;
  verdict.message = std::move(end->message);
  return true;
}

// A process that a model has taken over may say anything, and for ever.
constexpr int kMaxLines = 8;

absl::StatusOr<Verdict> Hear(process::Process& process, double seconds, Verdict verdict,
                             const std::stop_token& stop) {
  const auto deadline = SteadyClock::now() + std::chrono::duration<double>(seconds);
  for (int lines = 0; lines < kMaxLines; ++lines) {
    const std::chrono::duration<double> left = deadline - SteadyClock::now();
    const auto text = process.ReceiveLine(left.count(), stop);
    if (absl::IsCancelled(text.status())) return text.status();
    if (const auto& ending = process.ending()) return Ended(*ending, std::move(verdict));
    auto line = text.ok() ? ParseLine(*text) : text.status();
    if (!line.ok()) break;
    if (Take(*std::move(line), verdict)) return verdict;
  }
  verdict.result = Result::kCrashed;
  verdict.message = "crashed: it said something that it never says";
  return verdict;
}

}  // namespace

absl::StatusOr<Linter> Linter::Open(std::string program, const LintLimits& limits) {
  Linter linter(std::move(program), limits);
  MREG_ASSIGN_OR_RETURN(const auto process,
                        process::Process::Start({linter.program_, "--version"}, {.file_bytes = 0}));
  const auto text = process->ReceiveLine(limits.seconds);
  const auto line = text.ok() ? ParseLine(*text) : text.status();
  const auto* const version = line.ok() ? std::get_if<VersionLine>(&*line) : nullptr;
  if (version == nullptr || version->libonnx.empty()) {
    return absl::FailedPreconditionError(
        fmt::format("{} does not say the version of libonnx", linter.program_));
  }
  linter.version_ = version->libonnx;
  return linter;
}

absl::StatusOr<Verdict> Linter::Lint(const ReadableFile& model, const std::stop_token& stop) const {
  Verdict verdict;
  verdict.version = version_;
  MREG_ASSIGN_OR_RETURN(const uint64_t size, model.Size());
  auto skeleton = size > kMaxModelFile
                      ? absl::ResourceExhaustedError("the model has more than 2 GiB")
                      : onnx::MakeSkeleton(model, kMaxSkeletonBytes);
  if (absl::IsResourceExhausted(skeleton.status())) {
    verdict.result = Result::kTooLarge;
    verdict.message = MessageOf(skeleton.status());
    return verdict;
  }
  MREG_RETURN_IF_ERROR(skeleton.status());
  MREG_ASSIGN_OR_RETURN(const UniqueFd input, InMemory(*skeleton));
  skeleton->clear();
  skeleton->shrink_to_fit();
  const process::Limits limits{.memory = kHasSanitizer ? 0 : limits_.memory,
                               .cpu_seconds = static_cast<uint64_t>(std::ceil(limits_.seconds)) + 1,
                               .file_bytes = 0,
                               .line_bytes = kMaxLineBytes,
                               .niceness = limits_.niceness,
                               .may_gain_privileges = false};
  MREG_ASSIGN_OR_RETURN(const auto process,
                        process::Process::Start({program_, "/dev/stdin"}, limits, input.get()));
  return Hear(*process, limits_.seconds, std::move(verdict), stop);
}

}  // namespace mreg::lint
