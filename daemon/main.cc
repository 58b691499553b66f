// mregd: serves a registry, and administers it.
#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/admin_client.h"
#include "daemon/config.h"
#include "daemon/gc_command.h"
#include "daemon/optimize_command.h"
#include "daemon/serve.h"
#include "daemon/stats_command.h"
#include "schema/base/allocator.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"

namespace mreg::daemon {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxConfigBytes = 1 << 20;

// As mreg's exit codes: docs/man/mreg.1.
int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
      return 2;
    case absl::StatusCode::kNotFound:
      return 3;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return 4;
    case absl::StatusCode::kDataLoss:
      return 5;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return 6;
    case absl::StatusCode::kUnavailable:
      return 7;
    default:
      return 8;
  }
}

struct Options {
  std::string data;
  std::string config_file;
  std::vector<std::string> listen;
  bool no_anonymous_read = false;
  std::string name, role, space;
  int expires_days = 0;
  bool json = false;
  bool quick = false;
  bool dry_run = false;
  uint64_t grace_days = 14;
  uint64_t threads = 1;
  uint64_t cpu_percent = 100;
};

absl::StatusOr<Config> ConfigFrom(const Options& options) {
  Config config;
  if (!options.config_file.empty()) {
    MREG_ASSIGN_OR_RETURN(const Bytes text,
                          ReadSmallFile(PosixFileSystem(), options.config_file, kMaxConfigBytes));
    const absl::Status status = ApplyToml(text, config);
    if (!status.ok()) return Annotate(status, options.config_file);
  }
  if (!options.data.empty()) config.data = options.data;
  if (!options.listen.empty()) config.listen = options.listen;
  if (options.no_anonymous_read) config.anonymous_read = registry::AnonymousRead::kForbidden;
  if (config.data.empty()) {
    return absl::InvalidArgumentError("name the registry's folder with --data");
  }
  return config;
}

absl::Status RunServe(const Options& options) {
  MREG_ASSIGN_OR_RETURN(const Config config, ConfigFrom(options));
  return Serve(config);
}

// The token alone on stdout, so that it can be piped into `mreg login --token-stdin`.
absl::Status RunTokenCreate(const Options& options) {
  Json wanted{{"name", options.name}, {"role", options.role}};
  if (!options.space.empty()) wanted["namespace"] = options.space;
  if (options.expires_days > 0) {
    const auto expires =
        std::chrono::system_clock::now() + std::chrono::hours(24) * options.expires_days;
    wanted["expires_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(expires.time_since_epoch()).count();
  }
  MREG_ASSIGN_OR_RETURN(
      const std::string answer,
      CallAsOwner(options.data, IfAbsent::kCreate, "POST", "/api/v1/tokens", wanted.dump()));
  fmt::print("{}\n", options.json ? answer : Json::parse(answer).value("token", ""));
  return absl::OkStatus();
}

absl::Status RunTokenList(const Options& options) {
  MREG_ASSIGN_OR_RETURN(const std::string answer,
                        CallAsOwner(options.data, IfAbsent::kFail, "GET", "/api/v1/tokens", ""));
  if (options.json) {
    fmt::print("{}\n", answer);
    return absl::OkStatus();
  }
  const Json document = Json::parse(answer);
  for (const Json& token : document["tokens"]) {
    fmt::print("{:<24} {:<6} {}\n", token.value("name", ""), token.value("role", ""),
               token.value("namespace", "all namespaces"));
  }
  return absl::OkStatus();
}

absl::Status RunTokenRevoke(const Options& options) {
  MREG_RETURN_IF_ERROR(
      CallAsOwner(options.data, IfAbsent::kFail, "DELETE", "/api/v1/tokens/" + options.name, "")
          .status());
  fmt::print(stderr, "mregd: revoked {}\n", options.name);
  return absl::OkStatus();
}

absl::Status RunFsck(const Options& options) {
  const std::string path =
      options.quick ? "/api/v1/fsck?depth=index" : "/api/v1/fsck?depth=content";
  MREG_ASSIGN_OR_RETURN(const std::string answer,
                        CallAsOwner(options.data, IfAbsent::kFail, "POST", path, ""));
  const Json report = Json::parse(answer);
  if (options.json) {
    fmt::print("{}\n", answer);
  } else {
    fmt::print("{} packs, {} chunks, {} files checked\n", report["packs"].get<uint64_t>(),
               report["chunks"].get<uint64_t>(), report["artifacts"].get<uint64_t>());
    for (const Json& problem : report["problems"]) {
      fmt::print("{}\n", problem.get<std::string>());
    }
  }
  if (report["problems"].empty()) return absl::OkStatus();
  return absl::DataLossError(fmt::format("{} problems found", report["problems"].size()));
}

absl::Status RunCatalogRebuild(const Options& options) {
  MREG_RETURN_IF_ERROR(
      CallAsOwner(options.data, IfAbsent::kFail, "POST", "/api/v1/catalog/rebuild", "").status());
  fmt::print(stderr, "mregd: made the catalog anew\n");
  return absl::OkStatus();
}

using Run = absl::Status (*)(const Options&);

class Program {
 public:
  Program() : app_("Serves a registry of ONNX models, and administers it.", "mregd") {
    app_.require_subcommand(0, 1);
    app_.set_version_flag("--version", std::string(MREG_VERSION));
    AddServe();
    AddToken();
    auto* const stats = Add(app_, "stats", "What the registry keeps, and where its bytes are.",
                            [](const Options& options) {
                              return RunStats({options.data, options.json});
                            });
    stats->add_flag("--json", options_.json, "Print JSON");
    auto* const fsck = Add(app_, "fsck", "Check everything the registry holds.", RunFsck);
    fsck->add_flag("--json", options_.json, "Print JSON");
    fsck->add_flag("--quick", options_.quick, "Check the index only, not every byte");
    AddGc();
    AddOptimize();
    CLI::App* const catalog = app_.add_subcommand("catalog", "The index that searches ask.");
    catalog->require_subcommand(1);
    Add(*catalog, "rebuild", "Drop it and make it anew from what the registry has.",
        RunCatalogRebuild);
  }

  int Main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "help") {
      fmt::print("{}", app_.help());
      return 0;
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : 2;
    }
    if (run_ == nullptr) {
      fmt::print(stderr, "{}", app_.help());
      return 2;
    }
    const absl::Status status = run_(options_);
    if (!status.ok()) fmt::print(stderr, "mregd: {}\n", MessageOf(status));
    return ExitCode(status);
  }

 private:
  CLI::App* Add(CLI::App& parent, const char* name, const char* summary, Run run) {
    CLI::App* const command = parent.add_subcommand(name, summary);
    command->callback([this, run] { run_ = run; });
    auto* const data =
        command->add_option("--data", options_.data, "The registry's folder")->type_name("DIR");
    if (run != RunServe) data->required();
    return command;
  }

  void AddServe() {
    CLI::App* const serve = Add(app_, "serve", "Serve a registry; created if absent.", RunServe);
    serve->add_option("--listen", options_.listen, "Address and port (default 127.0.0.1:7878)");
    serve->add_option("--config", options_.config_file, "A TOML file: see docs/operations.md");
    serve->add_flag("--no-anonymous-read", options_.no_anonymous_read, "Reading needs a token too");
    serve->footer("Example:\n  mregd serve --data /srv/registry --listen 127.0.0.1:7878");
  }

  void AddGc() {
    const auto run = [](const Options& options) {
      return RunGc({options.data, options.dry_run, options.grace_days, options.json});
    };
    CLI::App* const gc = Add(app_, "gc", "Free what no branch or tag leads to.", run);
    gc->add_flag("--dry-run", options_.dry_run, "Only say what would be freed");
    gc->add_option("--grace-days", options_.grace_days,
                   "Keep what was written, or removed from a branch or tag, in the last so many "
                   "days (default: 14)")
        ->type_name("DAYS")
        ->check(CLI::Range(0, 36'500));
    gc->add_flag("--json", options_.json, "Print JSON");
  }

  void AddOptimize() {
    const auto run = [](const Options& options) {
      return RunOptimize(
          {options.data, options.dry_run, options.threads, options.cpu_percent, options.json});
    };
    CLI::App* const optimize =
        Add(app_, "optimize", "Store tensors as differences to others that are like them.", run);
    optimize->add_flag("--dry-run", options_.dry_run, "Only say what would be saved");
    optimize->add_option("--threads", options_.threads, "Work with so many threads (default: 1)")
        ->check(CLI::Range(1, 256));
    optimize
        ->add_option("--cpu", options_.cpu_percent,
                     "Let each thread work for so much of the time (default: 100)")
        ->type_name("PERCENT")
        ->check(CLI::Range(1, 100));
    optimize->add_flag("--json", options_.json, "Print JSON");
  }

  void AddToken() {
    CLI::App* const token = app_.add_subcommand("token", "Create, list and revoke tokens.");
    token->require_subcommand(1);
    CLI::App* const create =
        Add(*token, "create", "Make a token and print it, this once.", RunTokenCreate);
    create->add_option("--name", options_.name, "Whose it is")->required();
    create->add_option("--role", options_.role, "read, write or admin")->required();
    create->add_option("--namespace", options_.space, "Good for this namespace only");
    create->add_option("--expires-days", options_.expires_days, "Good for so many days")
        ->check(CLI::Range(1, 36'500));
    create->add_flag("--json", options_.json, "Print JSON");
    create->footer(
        "Example:\n  mregd token create --data /srv/registry --name alice --role write |\n"
        "    mreg login http://127.0.0.1:7878 --token-stdin");
    Add(*token, "list", "Who has a token; never the tokens themselves.", RunTokenList)
        ->add_flag("--json", options_.json, "Print JSON");
    Add(*token, "revoke", "Make a token worthless.", RunTokenRevoke)
        ->add_option("--name", options_.name, "Whose it is")
        ->required();
  }

  CLI::App app_;
  Options options_;
  Run run_ = nullptr;
};

}  // namespace
}  // namespace mreg::daemon

int main(int argc, char** argv) {
  // What a registry holds is its owner's: others read it through the API.
  umask(077);
  mreg::ReuseLargeBlocks();
  return mreg::daemon::Program().Main(argc, argv);
}
