// Pushes versions and keeps book of what was acknowledged, for the fault tests to kill; and
// checks a registry against such a book. Exit code 0, 1 (the registry is wrong), 2 (usage) or 7
// (the registry cannot be reached, or refused).
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <vector>

#include "schema/base/status.h"
#include "storage/sync/connect.h"
#include "tests/faults/pushing_site.h"

namespace mreg::faults {
namespace {

constexpr uint64_t kMinModelBytes = 64 << 10;
constexpr int kBranches = 4;

struct Options {
  std::string url, home, oracle;
  uint64_t seed = 1;
  int count = 1'000'000;
  uint64_t max_bytes = 4 << 20;
  bool exact = false;    // every model has max_bytes
  bool replace = false;  // half of the versions take the place of their branch's history
};

absl::StatusOr<std::unique_ptr<sync::Remote>> ConnectTo(const std::string& url) {
  MREG_ASSIGN_OR_RETURN(const sync::RemoteUrl parsed, sync::ParseRemoteUrl(url));
  const auto token = [](const std::string&) {
    const char* const set = std::getenv("MREG_TOKEN");
    return std::string(set == nullptr ? "" : set);
  };
  return sync::Connect(parsed, token, sync::CreateFolder::kYes);
}

// The heads of the remote's branches, whose history is here afterwards.
absl::StatusOr<std::map<std::string, CommitId>> FetchHeads(PushingSite& site,
                                                           sync::Remote& remote) {
  std::map<std::string, CommitId> heads;
  const auto fetched = sync::FetchHistory(site.history(), remote);
  if (absl::IsNotFound(fetched.status())) return heads;  // before the first push
  MREG_RETURN_IF_ERROR(fetched.status());
  for (const history::Reference& reference : fetched->references) {
    MREG_ASSIGN_OR_RETURN(const CommitId head, site.history().Peel(reference.target));
    heads.emplace(reference.name.substr(sizeof("refs/heads/") - 1), head);
  }
  return heads;
}

// The book: each line is on the disk before the next step is made.
class Oracle {
 public:
  explicit Oracle(const std::string& path)
      : fd_(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {}
  ~Oracle() { close(fd_); }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  absl::Status Note(std::string_view word, const std::string& branch, const CommitId& commit) {
    const std::string line = fmt::format("{} {} {}\n", word, branch, commit.ToHex());
    const auto length = static_cast<ssize_t>(line.size());
    if (write(fd_, line.data(), line.size()) == length && fdatasync(fd_) == 0) {
      return absl::OkStatus();
    }
    return ErrnoStatus(errno, "write the oracle");
  }

 private:
  const int fd_;
};

absl::Status PushOne(PushingSite& site, sync::Remote& remote, Oracle& oracle,
                     const VersionSpec& spec, const std::string& branch, sync::Force force,
                     std::map<std::string, CommitId>& heads) {
  const auto head = heads.find(branch);
  const bool begins = head == heads.end() || force == sync::Force::kYes;
  const auto parent = begins ? std::nullopt : std::optional(head->second);
  MREG_ASSIGN_OR_RETURN(const CommitId commit, site.Commit(spec, parent));
  MREG_RETURN_IF_ERROR(oracle.Note("attempted", branch, commit));
  const auto tell = [](uint64_t done, uint64_t total) {
    fmt::print("progress {} {}\n", done, total);
    std::fflush(stdout);
  };
  MREG_ASSIGN_OR_RETURN(const auto outcome, site.Push(remote, branch, commit, force, tell));
  MREG_RETURN_IF_ERROR(oracle.Note("acknowledged", branch, commit));
  heads.insert_or_assign(branch, commit);
  fmt::print("pushed {} {}\n", outcome.sent_bytes, outcome.new_bytes);
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::Status RunPush(const Options& options) {
  MREG_ASSIGN_OR_RETURN(PushingSite site, PushingSite::Open(options.home));
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(options.url));
  MREG_ASSIGN_OR_RETURN(auto heads, FetchHeads(site, *remote));
  Oracle oracle(options.oracle);
  std::mt19937_64 random(options.seed);
  for (int i = 0; i < options.count; ++i) {
    const std::string branch = fmt::format("b{}", random() % kBranches);
    const uint64_t size = kMinModelBytes + random() % (options.max_bytes - kMinModelBytes);
    const VersionSpec spec{random() | 1, options.exact ? options.max_bytes : size};
    const auto force = options.replace && random() % 2 == 0 ? sync::Force::kYes : sync::Force::kNo;
    MREG_RETURN_IF_ERROR(PushOne(site, *remote, oracle, spec, branch, force, heads));
  }
  return absl::OkStatus();
}

// Of one branch: what was tried, in order, and how many of those lines came before and with the
// last acknowledgement.
struct Book {
  std::vector<std::string> attempted;
  size_t acknowledged = 0;
};

std::map<std::string, Book> ReadOracle(const std::string& path) {
  std::map<std::string, Book> books;
  std::ifstream file(path);
  for (std::string word, branch, commit; file >> word >> branch >> commit;) {
    Book& book = books[branch];
    if (word == "attempted") book.attempted.push_back(commit);
    if (word == "acknowledged") book.acknowledged = book.attempted.size();
  }
  return books;
}

// The head is the last acknowledged version, or one that was attempted after it.
absl::Status CheckHead(const std::string& branch, const Book& book,
                       const std::map<std::string, CommitId>& heads) {
  const auto head = heads.find(branch);
  if (head == heads.end()) {
    if (book.acknowledged == 0) return absl::OkStatus();
    return absl::DataLossError(fmt::format("{} was acknowledged and is gone", branch));
  }
  const size_t first = book.acknowledged == 0 ? 0 : book.acknowledged - 1;
  for (size_t i = first; i < book.attempted.size(); ++i) {
    if (book.attempted[i] == head->second.ToHex()) return absl::OkStatus();
  }
  return absl::DataLossError(
      fmt::format("{} is at {}, before what was acknowledged", branch, head->second.ToHex()));
}

absl::Status RunCheck(const Options& options) {
  MREG_ASSIGN_OR_RETURN(PushingSite site, PushingSite::Open(options.home));
  MREG_ASSIGN_OR_RETURN(const auto remote, ConnectTo(options.url));
  MREG_ASSIGN_OR_RETURN(const auto heads, FetchHeads(site, *remote));
  const auto books = ReadOracle(options.oracle);
  for (const auto& [branch, book] : books) {
    MREG_RETURN_IF_ERROR(CheckHead(branch, book, heads));
  }
  for (const auto& [branch, head] : heads) {
    if (!books.contains(branch)) return absl::DataLossError("nobody pushed " + branch);
    MREG_RETURN_IF_ERROR(site.CheckHistory(*remote, head));
  }
  return absl::OkStatus();
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  fmt::print(stderr, "crash_driver: {}: {}\n", absl::StatusCodeToString(status.code()),
             MessageOf(status));
  return absl::IsDataLoss(status) || absl::IsInternal(status) ? 1 : 7;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Pushes and checks, for the fault tests.");
  app.require_subcommand(1);
  auto* const push = app.add_subcommand("push", "Push versions.");
  auto* const check = app.add_subcommand("check", "Compare a registry with the book.");
  for (CLI::App* const command : {push, check}) {
    command->add_option("--url", options.url)->required();
    command->add_option("--home", options.home)->required();
    command->add_option("--oracle", options.oracle)->required();
  }
  push->add_option("--seed", options.seed);
  push->add_option("--count", options.count);
  push->add_option("--max-bytes", options.max_bytes)->check(CLI::Range(1 << 20, 1 << 30));
  push->add_flag("--exact", options.exact);
  push->add_flag("--replace", options.replace);
  CLI11_PARSE(app, argc, argv);
  return ExitCode(push->parsed() ? RunPush(options) : RunCheck(options));
}

}  // namespace
}  // namespace mreg::faults

int main(int argc, char** argv) {
  // A server that refuses an upload in the middle closes the connection while we still write.
  signal(SIGPIPE, SIG_IGN);
  return mreg::faults::Main(argc, argv);
}
