#include <absl/strings/numbers.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/command_list.h"
#include "cli/context.h"
#include "cli/display.h"
#include "cli/named_models.h"
#include "cli/remote_access.h"
#include "cli/runner/validation.h"
#include "cli/runners.h"
#include "cli/targets.h"
#include "cli/terminal/units.h"
#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "schema/onnx/model_facts.h"
#include "storage/registry/manifest.h"

namespace mreg::cli {
namespace {

using runner::Validation;
using terminal::Json;

// A folder for one command, gone with it.
class Scratch {
 public:
  static absl::StatusOr<Scratch> Make() {
    std::string path = (std::filesystem::temp_directory_path() / "mreg-validate-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) return ErrnoStatus(errno, "make a folder for the run");
    return Scratch(path);
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

absl::Status Copy(const ReadableFile& from, const std::string& path) {
  constexpr size_t kBlockBytes = 1 << 20;
  MREG_RETURN_IF_ERROR(PosixFileSystem().CreateDirectories(ParentPath(path)));
  MREG_ASSIGN_OR_RETURN(const auto to, PosixFileSystem().Create(path));
  std::vector<char> block(kBlockBytes);
  for (uint64_t offset = 0;;) {
    MREG_ASSIGN_OR_RETURN(const size_t got, from.ReadAt(offset, block));
    if (got == 0) return absl::OkStatus();
    MREG_RETURN_IF_ERROR(to->Write({block.data(), got}));
    offset += got;
  }
}

absl::Status CopyOut(NamedModels& found, const std::string& path, const std::string& to) {
  const auto state = found.files.find(path);
  if (state == found.files.end()) {
    return absl::NotFoundError(fmt::format("the version has no file {}", Shown(path)));
  }
  MREG_ASSIGN_OR_RETURN(const auto content, OpenContent(*found.workspace, state->second));
  if (content == nullptr) {
    return absl::FailedPreconditionError(fmt::format("{} is not here", Shown(path)));
  }
  return Copy(*content, to);
}

// Where a runtime can read the model: of a version, a copy with the files that it names.
absl::StatusOr<std::string> PlaceModel(Context& context, NamedModels& found,
                                       const NamedModel& model, const std::string& folder) {
  if (found.workspace == nullptr) {
    MREG_ASSIGN_OR_RETURN(const std::string here, context.CurrentDirectory());
    return model.path.starts_with('/') ? model.path : JoinPath(here, model.path);
  }
  const std::string path = JoinPath(folder, "model.onnx");
  MREG_RETURN_IF_ERROR(CopyOut(found, model.path, path));
  for (const onnx::ExternalFile& file : onnx::GatherFacts(model.model).external) {
    if (!file.is_inside) {
      return absl::FailedPreconditionError(
          fmt::format("it names the file {}, outside of its folder", Shown(file.location)));
    }
    const std::string folder_of_model = ParentPath(model.path);
    const std::string inside =
        folder_of_model == "." ? file.location : JoinPath(folder_of_model, file.location);
    MREG_RETURN_IF_ERROR(CopyOut(found, inside, JoinPath(folder, file.location)));
  }
  return path;
}

absl::StatusOr<double> Real(const Arguments& arguments, std::string_view name, double otherwise) {
  const std::string text = arguments.Get(name);
  double value = otherwise;
  if (text.empty() || (absl::SimpleAtod(text, &value) && value >= 0)) return value;
  return absl::InvalidArgumentError(fmt::format("--{} has to be a number of at least 0", name));
}

absl::StatusOr<runner::ValidationSettings> SettingsOf(const Arguments& arguments,
                                                      const targets::Profile& profile) {
  runner::ValidationSettings settings;
  MREG_ASSIGN_OR_RETURN(settings.command,
                        RunnerCommand(arguments, arguments.Get("library", profile.library)));
  settings.provider = arguments.Get("provider", profile.provider);
  MREG_ASSIGN_OR_RETURN(const uint64_t seconds, arguments.Number("timeout", 60));
  settings.limits.seconds = static_cast<double>(seconds);
  MREG_ASSIGN_OR_RETURN(settings.limits.memory, arguments.Number("memory", 0));
  MREG_ASSIGN_OR_RETURN(settings.tolerance.relative,
                        Real(arguments, "rtol", settings.tolerance.relative));
  MREG_ASSIGN_OR_RETURN(settings.tolerance.absolute,
                        Real(arguments, "atol", settings.tolerance.absolute));
  settings.inputs = arguments.Get("inputs");
  return settings;
}

Json Descriptor(const std::string& name, const std::string& sha256, Json annotations) {
  Json json = Json::Object({{"name", name}});
  if (!sha256.empty()) json.Set("digest", Json::Object({{"sha256", sha256}}));
  json.Set("annotations", std::move(annotations));
  return json;
}

Json ConfigurationJson(const targets::Profile& profile, const Validation& validation,
                       const std::string& provider) {
  Json list = Json::Array();
  list.Append(Descriptor("target", "", Json::Object({{"profile", profile.name}})));
  const std::string& library = validation.runtime.library;
  list.Append(Descriptor("runtime", library.empty() ? "" : FileDigest(library),
                         Json::Object({{"name", validation.runtime.runtime},
                                       {"version", validation.runtime.version},
                                       {"runner", validation.runtime.runner}})));
  Json used = Json::Array();
  for (const runner::ProviderUse& use : validation.providers) {
    used.Append(Json::Object({{"name", use.provider}, {"nodes", use.nodes}}));
  }
  list.Append(Descriptor("execution-provider", "",
                         Json::Object({{"asked", provider}, {"used", std::move(used)}})));
  struct utsname system {};
  if (uname(&system) == 0) {
    list.Append(Descriptor("device", "",
                           Json::Object({{"machine", std::string(system.machine)},
                                         {"system", std::string(system.sysname)},
                                         {"release", std::string(system.release)}})));
  }
  return list;
}

Json ComparisonsJson(const Validation& validation) {
  Json list = Json::Array();
  for (const runner::Comparison& one : validation.comparisons) {
    list.Append(Json::Object({{"name", one.name},
                              {"matches", one.matches},
                              {"elements", one.elements},
                              {"wrong", one.wrong},
                              {"max_absolute", one.max_absolute},
                              {"message", one.message}}));
  }
  return list;
}

Json SubjectJson(const std::string& name, const std::string& sha256) {
  return Json::Object({{"name", name}, {"digest", Json::Object({{"sha256", sha256}})}});
}

// Where results are to be recorded, and about which version.
struct Record {
  NamedRemote remote;
  sync::RemoteVersion version;
  ManifestDigest digest;
};

// An in-toto statement: https://in-toto.io/attestation/test-result/v0.1
Json StatementJson(const std::optional<Record>& record, const NamedModel& model,
                   const std::string& sha256, const targets::Profile& profile,
                   const runner::ValidationSettings& settings, const Validation& validation) {
  const bool passed = validation.result == Validation::Result::kPassed;
  const std::string test = settings.inputs.empty() ? "generated inputs" : settings.inputs;
  const std::vector<std::string> tests = {test};
  const std::vector<std::string> none;
  Json measured = Json::Object({{"result", runner::ResultName(validation.result)},
                                {"message", validation.message},
                                {"load_seconds", validation.load_seconds},
                                {"run_seconds", validation.run_seconds},
                                {"peak_bytes", validation.peak_bytes},
                                {"relative_tolerance", settings.tolerance.relative},
                                {"absolute_tolerance", settings.tolerance.absolute},
                                {"outputs", ComparisonsJson(validation)}});
  Json predicate =
      Json::Object({{"result", passed ? "PASSED" : "FAILED"},
                    {"configuration", ConfigurationJson(profile, validation, settings.provider)},
                    {"passedTests", Json::ArrayOf(passed ? tests : none)},
                    {"warnedTests", Json::Array()},
                    {"failedTests", Json::ArrayOf(passed ? none : tests)},
                    {"mreg", std::move(measured)}});
  Json subject = Json::Array();
  if (record) {
    subject.Append(SubjectJson(record->version.url.repository.ToString(), record->digest.ToHex()));
  }
  subject.Append(SubjectJson(model.path, sha256));
  return Json::Object({{"_type", "https://in-toto.io/Statement/v1"},
                       {"subject", std::move(subject)},
                       {"predicateType", "https://in-toto.io/attestation/test-result/v0.1"},
                       {"predicate", std::move(predicate)}});
}

void Print(terminal::Terminal& terminal, const NamedModel& model, const targets::Profile& profile,
           const Validation& validation) {
  const bool passed = validation.result == Validation::Result::kPassed;
  terminal.Print(fmt::format(
      "{}\n  {}: {}{}\n", terminal.Paint(terminal::Style::kBold, Shown(model.path)), profile.name,
      terminal.Paint(passed ? terminal::Style::kGreen : terminal::Style::kRed,
                     runner::ResultName(validation.result)),
      validation.message.empty() ? "" : ": " + Shown(validation.message)));
  std::string used;
  for (const runner::ProviderUse& use : validation.providers) {
    used += fmt::format(", {} nodes on {}", use.nodes, Shown(use.provider));
  }
  terminal.Print(fmt::format("    {} {}, loaded in {:.3f} s, ran in {:.3f} s, peak {}{}\n",
                             Shown(validation.runtime.runtime), Shown(validation.runtime.version),
                             validation.load_seconds, validation.run_seconds,
                             terminal::FormatSize(validation.peak_bytes), used));
  for (const runner::Comparison& one : validation.comparisons) {
    terminal.Print(fmt::format("    {}: {}, {} elements, at most {:.3g} off\n", Shown(one.name),
                               one.matches ? "as it should be" : "differs", one.elements,
                               one.max_absolute));
  }
}

// Asks whether the version is there before any model runs, which may take long.
absl::StatusOr<std::optional<Record>> PrepareRecord(Context& context, const Arguments& arguments,
                                                    const NamedModels& found) {
  if (!arguments.Has("record")) return std::nullopt;
  if (found.workspace == nullptr) {
    return absl::InvalidArgumentError("--record is about a version: name one, and not a file");
  }
  MREG_ASSIGN_OR_RETURN(NamedRemote remote,
                        ChooseRemote(*found.workspace, arguments.Get("remote")));
  MREG_ASSIGN_OR_RETURN(sync::RemoteVersion version, VersionAt(context, remote, *found.commit));
  MREG_ASSIGN_OR_RETURN(const registry::Manifest manifest,
                        registry::ReadManifest(found.workspace->history(), *found.commit));
  const auto there = sync::ListAttestations(version);
  if (!there.ok()) return AdviseOnAttestations(there.status(), remote);
  return Record{std::move(remote), std::move(version), registry::DigestOf(manifest)};
}

absl::StatusOr<std::string> Keep(Context& context, const Record& record, const Json& statement) {
  const auto added = sync::AddAttestation(record.version, statement.ToText());
  if (!added.ok()) return AdviseOnAttestations(added.status(), record.remote);
  context.terminal().Note(
      fmt::format("recorded at {}: {}", Shown(record.remote.name), added->id.ToShortHex()));
  return added->id.ToHex();
}

absl::StatusOr<ExitCode> Run(Context& context, const Arguments& arguments) {
  MREG_ASSIGN_OR_RETURN(const targets::Target target,
                        TargetsOf(context).Load(arguments.Get("target")));
  MREG_ASSIGN_OR_RETURN(runner::ValidationSettings settings, SettingsOf(arguments, target.profile));
  MREG_ASSIGN_OR_RETURN(NamedModels found, FindModels(context, arguments));
  MREG_ASSIGN_OR_RETURN(const auto record, PrepareRecord(context, arguments, found));
  Json list = Json::Array();
  Json recorded = Json::Array();
  bool all_passed = true;
  for (const NamedModel& model : found.models) {
    MREG_ASSIGN_OR_RETURN(const Scratch scratch, Scratch::Make());
    settings.scratch = scratch.path();
    MREG_ASSIGN_OR_RETURN(const std::string path,
                          PlaceModel(context, found, model, scratch.path()));
    MREG_ASSIGN_OR_RETURN(const Validation validation,
                          runner::Validate(PosixFileSystem(), path, settings));
    all_passed &= validation.result == Validation::Result::kPassed;
    if (!arguments.wants_json()) Print(context.terminal(), model, target.profile, validation);
    if (!arguments.wants_json() && !record) continue;
    Json statement =
        StatementJson(record, model, FileDigest(path), target.profile, settings, validation);
    // Of a model that was never tried there is nothing to tell others.
    if (record && validation.result != Validation::Result::kNotSupported) {
      MREG_ASSIGN_OR_RETURN(const std::string id, Keep(context, *record, statement));
      recorded.Append(id);
    }
    list.Append(std::move(statement));
  }
  if (arguments.wants_json()) {
    Json answer = Json::Object({{"statements", std::move(list)}});
    if (record) answer.Set("recorded", std::move(recorded));
    context.terminal().Print(answer.ToText());
  }
  return all_passed ? ExitCode::kOk : ExitCode::kDifferences;
}

constexpr Option kOptions[] = {
    {.name = "target", .letter = 't', .value = "NAME", .help = "The target"},
    {.name = "inputs",
     .letter = 'i',
     .value = "DIR",
     .help = "Where input_0.pb or .npy and so on are, and output_0 to compare with"},
    {.name = "library", .value = "FILE", .help = "The runtime (default: the target's library)"},
    {.name = "provider", .value = "NAME", .help = "The provider (default: the target's)"},
    {.name = "runner", .value = "COMMAND", .help = "Another runner than mreg-runner-ort"},
    {.name = "rtol", .value = "NUMBER", .help = "Relative tolerance (default: 0.001)"},
    {.name = "atol", .value = "NUMBER", .help = "Absolute tolerance (default: 1e-7)"},
    {.name = "timeout", .value = "SECONDS", .help = "For loading and for running (default: 60)"},
    {.name = "record", .help = "Keep the result with the version at its remote"},
    {.name = "remote",
     .value = "NAME",
     .help = "Where to keep it (default: the branch's remote, or origin)"},
    {.name = "memory",
     .value = "BYTES",
     .help = "The most address space that the runner may take"}};

constexpr Example kExamples[] = {
    {"validate model.onnx -t prod", "Run it in the library that the target names."},
    {"validate v1:model.onnx -t ort-1.23.2-cpu --library lib/libonnxruntime.so --inputs set_0",
     "With inputs of your own, compared with the outputs beside them."},
    {"validate v1 -t prod --record",
     "Let everybody know: search validated:prod finds the version then."}};

}  // namespace

const Command kValidateCommand = {
    .name = "validate",
    .group = Group::kLook,
    .summary = "Run a model on a target",
    .goal = "validate",
    .details =
        "Runs the model once in a process of its own, with the inputs given or made-up ones, and "
        "compares its outputs with those that are beside the inputs. That the runtime refuses "
        "the model, crashes or takes too long is a result: exit code 1. With --json each is an "
        "in-toto statement of a test's result.\n\n"
        "With --record the statement is kept as an attestation about the version, which has to be "
        "pushed, at the remote, where you need to be allowed to push; it is not signed. A result "
        "that did not pass is kept too. `mreg attestation list` shows what is kept, and `mreg "
        "search validated:TARGET` finds what has passed.",
    .positionals = kModelPositionals,
    .options = kOptions,
    .examples = kExamples,
    .output = Output::kTextOrJson,
    .run = Run,
};

}  // namespace mreg::cli
