// How often inference finds what a declaration would have said, and what it costs for each model:
// docs/benchmarks.md. Families of a base and what people make of it, each model in a repository of
// its own; none declares anything.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schema/base/file_system.h"
#include "schema/onnx/model_reader.h"
#include "storage/catalog/catalog.h"
#include "storage/content/content_store.h"
#include "storage/kv/memory_store.h"
#include "storage/registry/fingerprints.h"
#include "storage/registry/likeness.h"
#include "storage/registry/lineage_edges.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"

namespace mreg::bench {
namespace {

using Clock = std::chrono::steady_clock;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  fmt::print(stderr, "lineage_bench: {}\n", std::string(value.status().message()));
  std::exit(1);
}

double MillisecondsSince(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

struct Made {
  std::string what;
  std::string source;  // what of the family it was made from; "" of the base
  Bytes model;
};

std::vector<Made> MakeFamily(uint64_t seed) {
  using namespace test_models;  // NOLINT: the vocabulary of this function
  const Bytes base = MakeTransformerModel({.seed = seed,
                                           .type = ParameterType::kFloat32,
                                           .layers = 3,
                                           .hidden = 64 + 32 * static_cast<int>(seed % 3),
                                           .vocabulary = 400});
  const Bytes tuned = FineTune(base, 1, 0.05, seed + 1);
  std::vector<Made> family = {
      {"base", "", base},
      {"metadata", "base", EditMetadata(base, "owner", "bench")},
      {"renamed, reordered", "base",
       ReorderInitializers(RenameInitializers(AddNode(base), "x/"), seed)},
      {"last tenth tuned 5 %", "base", FineTune(base, 0.1, 0.05, seed + 2)},
      {"tuned 5 %", "base", tuned},
      {"tuned 20 %, renamed", "base", RenameInitializers(FineTune(base, 1, 0.2, seed + 3), "y/")},
      {"tuned 50 %", "base", FineTune(base, 1, 0.5, seed + 4)},
      {"tuned again 5 %", "tuned 5 %", FineTune(tuned, 1, 0.05, seed + 5)},
      {"vocabulary grown", "base", GrowVocabulary(base, 50, seed + 6)},
      {"float16", "base", CastToHalf(base)},
      {"bfloat16", "base", CastToBfloat16(base)},
      {"int8", "base", Quantise(base)},
      {"int8 by column", "base", QuantiseColumns(base)},
      {"int4 by block", "base", QuantiseBlocks(base)},
      {"int8 of tuned, renamed", "tuned 5 %", RenameInitializers(Quantise(tuned), "z/")},
      {"int8 made float", "int8", Dequantise(Quantise(base))}};
  return family;
}

class Bench {
 public:
  // In a folder that is there.
  explicit Bench(std::string directory) : directory_(std::move(directory)) {}

  // A version later than those before.
  CommitId Enter(const std::string& repository, const Bytes& model) {
    registry::Manifest manifest;
    registry::ManifestEntry& file = manifest.files.emplace_back();
    const auto ingest = content_.BeginIngest(nullptr);
    const auto put =
        Must(content_.PutFile(test_models::MemoryFile(model), {}, {}, *ingest, nullptr));
    if (!ingest->Finish().ok()) std::exit(1);
    file.path = "m.onnx";
    file.digest = put.artifact;
    file.is_artifact = true;
    const auto read = Must(onnx::ReadModel(test_models::MemoryFile(model)));
    const auto facts = onnx::GatherFacts(read);
    const auto stored = Clock::now();
    registry::Fingerprints fingerprints(content_);
    fingerprints.Note(file.digest, registry::OutlineOf(read, facts));
    catalog::Entry entry;
    entry.fingerprint = Must(fingerprints.Of(file, manifest));
    print_ms_ += MillisecondsSince(stored);
    Bytes id(CommitId::kBytes, '\0');
    ++count_;
    for (size_t i = 0; i < 4; ++i) id[i] = static_cast<char>(count_ >> 8 * i & 0xff);
    entry.summary.commit = Must(CommitId::FromBytes(id));
    entry.summary.path = file.path;
    entry.summary.model = file.digest;
    entry.summary.time = TimePoint(std::chrono::seconds(count_));
    catalog::RepositoryUpdate update{repository, {entry}, entry.summary.commit, {}};
    update.sources.push_back({entry.summary.commit, {}, {}, ""});
    if (!catalog_->Apply({count_, {std::move(update)}}).ok()) std::exit(1);
    const auto compared = Clock::now();
    if (!registry::CompareModels(*catalog_).ok()) std::exit(1);
    compare_ms_.push_back(MillisecondsSince(compared));
    return entry.summary.commit;
  }

  const catalog::Catalog& catalog() const { return *catalog_; }
  double print_ms() const { return print_ms_ / static_cast<double>(count_); }
  // The mean of the last `last`.
  double compare_ms(size_t last) const {
    double sum = 0;
    for (size_t i = compare_ms_.size() - last; i < compare_ms_.size(); ++i) sum += compare_ms_[i];
    return sum / static_cast<double>(last);
  }
  size_t count() const { return count_; }

 private:
  const std::string directory_;
  const std::unique_ptr<kv::KeyValueStore> index_ = kv::MakeMemoryStore();
  const std::unique_ptr<content::PackStore> packs_ =
      Must(content::OpenPackFolder(PosixFileSystem(), JoinPath(directory_, "packs")));
  content::ContentStore content_{*index_, *packs_};
  const std::unique_ptr<catalog::Catalog> catalog_ =
      Must(catalog::OpenCatalog(JoinPath(directory_, "catalog.sqlite")));
  uint64_t count_ = 0;
  double print_ms_ = 0;
  std::vector<double> compare_ms_;
};

struct Score {
  int right = 0, in_family = 0, outside = 0, none = 0;
  double confidence = 0;  // of the right ones
};

// Edges whose confidence is below `below`, and not below that of the band before.
struct Band {
  double below;
  int right = 0, in_family = 0, outside = 0;
};

// One base and `count` models that were tuned from it: how long it takes to list them.
void TimeManyDescendants(Bench& bench, int count) {
  using namespace test_models;  // NOLINT: the vocabulary of this function
  const Bytes base = MakeTransformerModel(
      {.seed = 7, .type = ParameterType::kFloat32, .layers = 1, .hidden = 64, .vocabulary = 300});
  const CommitId root = bench.Enter("star/base", base);
  for (int i = 0; i < count; ++i) {
    const auto seed = static_cast<uint64_t>(i);
    bench.Enter(fmt::format("star/m{}", i), FineTune(base, 1, 0.05, 1'000'000 + seed));
  }
  const auto started = Clock::now();
  registry::LineageEdges edges(bench.catalog(), {}, 0.5);
  const auto found = Must(edges.DerivedFrom(root, /*has_all=*/true, static_cast<size_t>(count)));
  fmt::print("a base of {} fine-tunes: {} of them listed in {:.0f} ms\n", count, found.size(),
             MillisecondsSince(started));
}

int Main(const std::string& directory, int families, int descendants) {
  Bench bench(directory);
  struct Version {
    uint64_t family;
    std::string what, source;
  };
  std::map<CommitId, Version> versions;
  const size_t size = MakeFamily(1).size();
  for (int family = 1; family <= families; ++family) {
    for (const Made& made : MakeFamily(static_cast<uint64_t>(family) * 100)) {
      const CommitId commit =
          bench.Enter(fmt::format("f{}/m{}", family, bench.count()), made.model);
      versions[commit] = {static_cast<uint64_t>(family), made.what, made.source};
    }
    if (family % 10 != 0) continue;
    fmt::print("{} models: {:.2f} ms to compare one, {:.2f} ms to read what it is compared by\n",
               bench.count(), bench.compare_ms(size), bench.print_ms());
  }
  registry::LineageEdges edges(bench.catalog(), {}, 0.5);
  std::map<std::string, Score> scores;
  Band bands[] = {{.8}, {.9}, {.95}, {.98}, {1}};
  for (const auto& [commit, version] : versions) {
    Score& score = scores[version.what];
    const auto* const up = Must(edges.SourcesOf(commit));
    if (up->edges.empty()) ++score.none;
    for (const registry::LineageEdge& edge : up->edges) {
      const Version& source = versions[edge.source];
      Band& band = *std::ranges::find_if(
          bands, [&](const Band& b) { return edge.confidence < b.below || b.below == 1; });
      if (source.family != version.family) {
        ++score.outside;
        ++band.outside;
      } else if (source.what != version.source) {
        ++score.in_family;
        ++band.in_family;
      } else {
        ++score.right;
        ++band.right;
        score.confidence += edge.confidence;
      }
    }
  }
  fmt::print("{:24} right  another of the family  outside  none  confidence\n", "");
  for (const auto& [what, score] : scores) {
    fmt::print("{:24} {:5}  {:21}  {:7}  {:4}  {:.2f}\n", what, score.right, score.in_family,
               score.outside, score.none, score.right == 0 ? 0 : score.confidence / score.right);
  }
  fmt::print("\nconfidence below  right  another of the family  outside\n");
  for (const Band& band : bands) {
    fmt::print("{:16}  {:5}  {:21}  {:7}\n", band.below, band.right, band.in_family, band.outside);
  }
  if (descendants > 0) TimeManyDescendants(bench, descendants);
  return 0;
}

}  // namespace
}  // namespace mreg::bench

int main(int argc, char** argv) {
  const int families = argc >= 3 ? std::atoi(argv[2]) : 0;
  if (families < 1 || argc > 4) {
    fmt::print(stderr, "usage: lineage_bench DIR FAMILIES [DESCENDANTS]\n");
    return 2;
  }
  return mreg::bench::Main(argv[1], families, argc == 4 ? std::atoi(argv[3]) : 0);
}
