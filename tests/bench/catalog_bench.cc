// How fast a catalog of so many models is built, opened, searched and added to, and what it takes
// on the disk and in memory: docs/benchmarks.md. The models are made up, with three versions each;
// operators, licenses, tasks, tags and words are as unevenly frequent as in public registries.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "schema/base/coding.h"
#include "schema/base/file_system.h"
#include "schema/base/sha256.h"
#include "storage/catalog/catalog.h"

namespace mreg::bench {
namespace {

using catalog::Catalog;
using catalog::Entry;
using catalog::Number;
using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

constexpr int kVersions = 3;
constexpr int kModelsAtOnce = 1'000;
constexpr int kRounds = 200;
constexpr size_t kHits = 20;
// How many of each there are to choose from.
constexpr uint64_t kOperators = 180, kLicenses = 40, kTasks = 60, kTags = 3'000, kDatasets = 2'000,
                   kLanguages = 100, kLibraries = 12, kProducers = 15, kTargets = 30,
                   kNamespaces = 10'000, kWords = 50'000;
constexpr int kAboutWords = 120, kDetailWords = 15;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "catalog_bench: {}\n", std::string(status.message()));
  std::exit(1);
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

double ProcessorSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double Fraction(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }
bool Chance(Random& random, double chance) { return Fraction(random) < chance; }

// One of `count`, number n with a chance of about 1 / n (Zipf): the first ones are had often.
uint64_t Uneven(Random& random, uint64_t count) {
  const double n = std::pow(static_cast<double>(count + 1), Fraction(random));
  return static_cast<uint64_t>(n) - 1;
}

std::string Named(std::string_view kind, uint64_t number) {
  return fmt::format("{}{}", kind, number);
}

std::string Word(Random& random) { return Named("word", Uneven(random, kWords)); }

std::string Words(Random& random, int count) {
  std::string words;
  for (int i = 0; i < count; ++i) words += Word(random) + " ";
  return words;
}

void AddSome(std::string_view key, uint64_t of, int count, Random& random, Entry& entry) {
  for (int i = 0; i < count; ++i) {
    entry.terms.push_back({std::string(key), Named(key, Uneven(random, of))});
  }
}

void AddYes(std::string_view key, double chance, Random& random, Entry& entry) {
  if (Chance(random, chance)) entry.terms.push_back({std::string(key), "yes"});
}

void AddTypes(Random& random, Entry& entry) {
  constexpr std::pair<std::string_view, double> kTypes[] = {{"float", .7}, {"float16", .25},
                                                            {"int64", .3}, {"int8", .15},
                                                            {"uint8", .1}, {"bfloat16", .02}};
  for (const auto& [type, chance] : kTypes) {
    if (Chance(random, chance)) entry.terms.push_back({"dtype", std::string(type)});
  }
  entry.summary.dtype = "float";
}

void AddNumbers(Random& random, Entry& entry) {
  auto& numbers = entry.summary.numbers;
  const int64_t opset = 9 + static_cast<int64_t>(random() % 14);
  // From 10 kB to 10 GB, evenly by magnitude.
  numbers[Number::kSize] = static_cast<int64_t>(1e4 * std::pow(1e6, Fraction(random)));
  numbers[Number::kParameters] = numbers[Number::kSize] / 4;
  numbers[Number::kOpset] = opset;
  numbers[Number::kIr] = 3 + opset / 3;
  numbers[Number::kNodes] = 20 + static_cast<int64_t>(random() % 3'000);
  entry.terms.push_back({"opset", std::to_string(opset)});
}

void AddTerms(Random& random, Entry& entry) {
  AddSome("op", kOperators, 28, random, entry);
  AddSome("license", kLicenses, 1, random, entry);
  AddSome("task", kTasks, 1, random, entry);
  AddSome("tag", kTags, 10, random, entry);
  AddSome("dataset", kDatasets, 1, random, entry);
  AddSome("language", kLanguages, 2, random, entry);
  AddSome("library", kLibraries, 1, random, entry);
  AddSome("producer", kProducers, 1, random, entry);
  AddSome("domain", kProducers, 2, random, entry);
  AddSome("target", kTargets, 8, random, entry);
  AddYes("quantised", .3, random, entry);
  AddYes("external", .1, random, entry);
  AddYes("custom", .08, random, entry);
  AddYes("danger", .02, random, entry);
  AddYes("validated", .2, random, entry);
  AddTypes(random, entry);
}

Entry EntryOf(uint64_t model, int version, Random& random) {
  Bytes name;
  AppendU64Le(name, model);
  AppendU64Le(name, static_cast<uint64_t>(version));
  Entry entry;
  entry.summary.model = IdOf<ArtifactId>(name);
  entry.summary.commit = *CommitId::FromBytes(entry.summary.model->bytes().substr(0, 20));
  entry.summary.path = "onnx/model.onnx";
  AddNumbers(random, entry);
  AddTerms(random, entry);
  entry.summary.license = "license0";
  entry.summary.task = "task0";
  entry.about = Words(random, kAboutWords);
  entry.details = Words(random, kDetailWords);
  entry.facts = fmt::format("{{\"details\":\"{}\"}}", entry.details);
  return entry;
}

catalog::RepositoryUpdate RepositoryOf(uint64_t model, int first_version, int versions) {
  Random random(model * 1'000 + static_cast<uint64_t>(first_version));
  catalog::RepositoryUpdate update;
  Random names(model);
  update.repository =
      fmt::format("space{}/{}-{}-{}", Uneven(names, kNamespaces), Word(names), Word(names), model);
  for (int i = 0; i < versions; ++i) {
    update.entries.push_back(EntryOf(model, first_version + i, random));
  }
  update.latest = update.entries.back().summary.commit;
  return update;
}

void Build(const std::string& path, uint64_t models) {
  const auto start = Clock::now();
  const auto built = Must(catalog::OpenCatalog(path));
  double applying = 0;
  for (uint64_t model = 0; model < models;) {
    catalog::Update update;
    for (int i = 0; i < kModelsAtOnce && model < models; ++i) {
      update.repositories.push_back(RepositoryOf(model++, 0, kVersions));
    }
    update.cursor = model;
    const auto before = Clock::now();
    Check(built->Apply(update));
    applying += Seconds(before);
  }
  fmt::print("built in {:.1f} s, {:.1f} s of it in Apply\n", Seconds(start), applying);
}

void BuildInChild(const std::string& path, uint64_t models) {
  const pid_t child = fork();
  if (child == 0) {
    Build(path, models);
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) std::exit(1);
}

double ResidentMegabytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE))) / 1e6;
}

// Milliseconds of many calls.
class Times {
 public:
  void Measure(const std::function<void()>& call) {
    const auto start = Clock::now();
    const double processor = ProcessorSeconds();
    call();
    processor_.push_back((ProcessorSeconds() - processor) * 1e3);
    passed_.push_back(Seconds(start) * 1e3);
  }
  void Add(const Times& other) {
    passed_.insert(passed_.end(), other.passed_.begin(), other.passed_.end());
    processor_.insert(processor_.end(), other.processor_.begin(), other.processor_.end());
  }
  void PrintRow(std::string_view name, uint64_t found) {
    fmt::print("| {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} |\n", name, found, At(passed_, .5),
               At(passed_, .99), At(processor_, .5), At(processor_, .99));
  }

 private:
  static double At(std::vector<double>& values, double share) {
    std::ranges::sort(values);
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
  }

  std::vector<double> passed_, processor_;
};

void PrintHeader(std::string_view what) {
  fmt::print(
      "\n| {} | found | p50 ms | p99 ms | processor p50 | p99 |\n|---|---|---|---|---|---|\n",
      what);
}

struct Kind {
  std::string name;
  std::function<std::string(Random&)> text;
};

std::vector<Kind> Kinds() {
  const auto some = [](std::string key, uint64_t of) {
    return
        [key, of](Random& random) { return fmt::format("{}:{}{}", key, key, Uneven(random, of)); };
  };
  const auto fixed = [](std::string text) { return [text](Random&) { return text; }; };
  const auto size = [](Random& r) { return fmt::format("size<{}kB", 10 << r() % 20); };
  const auto op = some("op", kOperators), task = some("task", kTasks), tag = some("tag", kTags),
             target = some("target", kTargets);
  const auto versions = [](const auto& text) {
    return [text](Random& random) { return text(random) + " version:all"; };
  };
  return {
      {"everything", fixed("")},
      {"everything, all versions", fixed("version:all")},
      {"an operator", op},
      {"an operator, all versions", versions(op)},
      {"a license", some("license", kLicenses)},
      {"a tag", tag},
      {"a task and a target", [=](Random& r) { return task(r) + " " + target(r); }},
      {"three operators", [=](Random& r) { return op(r) + " " + op(r) + " " + op(r); }},
      {"any of three tags",
       [=](Random& r) { return tag(r) + "," + tag(r).substr(4) + "," + tag(r).substr(4); }},
      {"not an operator, all versions", versions([=](Random& r) { return "-" + op(r); })},
      {"a size", size},
      {"a size, all versions", versions(size)},
      {"opset, size and params, all versions", fixed("opset<=17 size<50MB params>1M version:all")},
      {"not a size, all versions", fixed("-size<50MB version:all")},
      {"by size", fixed("sort:size")},
      {"by params, all versions", fixed("sort:params version:all")},
      {"a namespace", [](Random& r) { return fmt::format("ns:space{}", Uneven(r, kNamespaces)); }},
      {"a word", Word},
      {"a word, all versions", versions(Word)},
      {"the most frequent word", fixed("word0")},
      {"the most frequent words, all versions", fixed("word0 word1 word2 version:all")},
      {"two words", [](Random& r) { return Word(r) + " " + Word(r); }},
      {"a phrase", [](Random& r) { return "\"" + Word(r) + " " + Word(r) + "\""; }},
      {"a word and not another", [](Random& r) { return Word(r) + " -" + Word(r); }},
      {"a word in every path, all versions", fixed("onnx version:all")},
      {"the example of the format's page",
       [=](Random& r) {
         return op(r) + " opset<=17 dtype:fp16 size<50MB " + target(r) + " validated:yes " +
                Word(r);
       }},
      {"everything at once, all versions",
       [=](Random& r) {
         return op(r) + "," + op(r).substr(3) + " -" + tag(r) +
                " opset>=11 dtype:fp32,fp16 size<1GB quantised:no " + target(r) + " " + Word(r) +
                " sort:size version:all";
       }},
  };
}

// All kinds, each `kRounds` times, with other values each time.
void MeasureQueries(const Catalog& catalog, bool has_facets) {
  PrintHeader(has_facets ? "query, with facets" : "query, a page of 20");
  Random random(has_facets ? 1 : 2);
  Times all;
  for (const Kind& kind : Kinds()) {
    Times times;
    uint64_t found = 0;
    for (int round = 0; round < kRounds; ++round) {
      const std::string text = kind.text(random);
      times.Measure([&] {
        const auto query = Must(catalog::ParseQuery(text));
        found += Must(catalog.Search(query, {kHits, "", has_facets}, {})).total;
      });
    }
    times.PrintRow(kind.name, found / kRounds);
    all.Add(times);
  }
  all.PrintRow("all", 0);
}

// From the first page on.
void MeasurePages(const Catalog& catalog) {
  PrintHeader("listing, pages of 20");
  for (const std::string text : {"", "version:all", "sort:size", "op:op0 version:all"}) {
    const auto query = Must(catalog::ParseQuery(text));
    catalog::Page page{kHits, ""};
    Times times;
    uint64_t found = 0;
    for (int round = 0; round < kRounds * 5; ++round) {
      times.Measure([&] {
        const auto result = Must(catalog.Search(query, page, {}));
        found = result.total;
        page.before = result.next;
      });
    }
    times.PrintRow(text.empty() ? "everything" : text, found);
  }
}

void MeasurePushes(Catalog& catalog, uint64_t models) {
  PrintHeader("update");
  Times times;
  for (uint64_t i = 0; i < kRounds; ++i) {
    const catalog::Update update{catalog.Cursor() + 1, {RepositoryOf(i * 37 % models, 1'000, 1)}};
    times.Measure([&] { Check(catalog.Apply(update)); });
  }
  times.PrintRow("a new version", 1);
}

void Run(const std::string& directory, uint64_t models) {
  Check(PosixFileSystem().CreateDirectories(directory));
  const std::string path = JoinPath(directory, "catalog.sqlite");
  if (!Must(PosixFileSystem().Exists(path))) BuildInChild(path, models);
  fmt::print("{} models, {} entries; the file has {:.0f} MB\n", models, models * kVersions,
             static_cast<double>(std::filesystem::file_size(path)) / 1e6);
  const double before = ResidentMegabytes();
  const auto start = Clock::now();
  const auto catalog = Must(catalog::OpenCatalog(path));
  fmt::print("opened in {:.2f} s, {:.0f} MB of memory\n", Seconds(start),
             ResidentMegabytes() - before);
  MeasureQueries(*catalog, true);
  MeasureQueries(*catalog, false);
  MeasurePages(*catalog);
  fmt::print("\n{:.0f} MB of memory after all queries\n", ResidentMegabytes() - before);
  MeasurePushes(*catalog, models);
}

}  // namespace
}  // namespace mreg::bench

int main(int argc, char** argv) {
  const uint64_t models = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (models == 0) {
    fmt::print(stderr, "usage: catalog_bench DIR MODELS (DIR may have a catalog of as many)\n");
    return 2;
  }
  mreg::bench::Run(argv[1], models);
  return 0;
}
