// How well, how fast and for how many bytes bases are found by their sketches: stores of some
// models of one shape, and what people make of one of them. docs/benchmarks.md.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "schema/base/file_system.h"
#include "storage/content/content_store.h"
#include "storage/content/similar_tensors.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/kv/sqlite_store.h"
#include "tests/models/memory_file.h"
#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"

namespace mreg::bench {
namespace {

using content::Recipe;
using content::SimilarTensors;
using content::StoredTensor;
using Clock = std::chrono::steady_clock;

// 6 layers with the same shapes, 1.2 MB as fp32.
test_models::ModelSpec SpecOf(uint64_t seed) {
  return {.seed = seed,
          .type = test_models::ParameterType::kFloat32,
          .layers = 6,
          .hidden = 64,
          .vocabulary = 500,
          .positions = 128};
}

constexpr std::string_view kRenamed = "x/";

struct Edit {
  std::string name;
  std::function<Bytes(const Bytes& model)> make;
};

Bytes Shuffled(const Bytes& model) {
  return test_models::ReorderInitializers(test_models::RenameInitializers(model, kRenamed), 10);
}

std::vector<Edit> Edits() {
  const auto tuned = [](double noise) {
    return [noise](const Bytes& model) {
      return Shuffled(test_models::FineTune(model, 1, noise, 77));
    };
  };
  return {
      {"fine-tuned, noise 1 %", tuned(0.01)},
      {"fine-tuned, noise 10 %", tuned(0.1)},
      {"fine-tuned, noise 20 %", tuned(0.2)},
      {"fine-tuned, noise 30 %", tuned(0.3)},
      {"fine-tuned, noise 50 %", tuned(0.5)},
      {"cast to fp16", [](const Bytes& model) { return Shuffled(test_models::CastToHalf(model)); }},
      {"quantised to int8",
       [](const Bytes& model) { return Shuffled(test_models::Quantise(model)); }},
      {"fine-tuned 1 %, cast",
       [](const Bytes& model) {
         return Shuffled(test_models::CastToHalf(test_models::FineTune(model, 1, 0.01, 78)));
       }},
      {"grown, fine-tuned 1 %", [](const Bytes& model) {
         return Shuffled(
             test_models::FineTune(test_models::GrowVocabulary(model, 50, 12), 1, 0.01, 79));
       }}};
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  fmt::print(stderr, "similarity: {}\n", std::string(value.status().message()));
  std::exit(1);
}

class Bench {
 public:
  Bench(kv::KeyValueStore& index, content::PackStore& packs)
      : store_(index, packs), edits_(*edits_index_, packs) {}

  // Store `models` unrelated models of one shape; the last is what the edits are made of.
  void Fill(uint64_t models) {
    for (uint64_t seed = 1; seed <= models; ++seed) {
      last_ = test_models::MakeTransformerModel(SpecOf(seed));
      const Recipe recipe = Put(store_, last_);
      if (seed == models) parent_ = recipe;
    }
  }

  void PrintHeader(uint64_t models) const {
    uint64_t rows = 0, bytes = 0;
    if (!store_.index()
             .Scan(kv::Table::kSketches, "", "",
                   [&](ByteView key, ByteView row) {
                     ++rows;
                     bytes += key.size() + row.size();
                     return true;
                   })
             .ok()) {
      std::exit(1);
    }
    fmt::print("{} models, {} rows of {} bytes\n\n", models, rows, rows == 0 ? 0 : bytes / rows);
    fmt::print("| edit | tensors | precision | recall | us a lookup |\n|---|---|---|---|---|\n");
  }

  // Each tensor is looked for as if it were to be added. Right is the tensor that the declared
  // parent has under its name.
  void Measure(const Edit& edit) { Report(edit.name, Put(edits_, edit.make(last_))); }
  // Models that are like nothing: whatever is found is wrong.
  void MeasureUnrelated() {
    for (uint64_t seed = 0; seed < 10; ++seed) {
      const Bytes model = test_models::MakeTransformerModel(SpecOf(1'000'000 + seed));
      Report(seed == 0 ? "unrelated" : "", Put(edits_, model), seed == 9);
    }
  }

 private:
  static Recipe Put(content::ContentStore& store, const Bytes& model) {
    const auto ingest = store.BeginIngest(nullptr);
    const auto put = Must(store.PutFile(test_models::MemoryFile(model), {}, {}, *ingest, nullptr));
    if (!ingest->Finish().ok()) std::exit(1);
    return *Must(store.FindRecipe(put.artifact));
  }

  static std::string OriginalName(std::string name) {
    if (name.starts_with(kRenamed)) name.erase(0, kRenamed.size());
    const size_t suffix = name.rfind("_quantized");
    return suffix == name.npos ? name : name.substr(0, suffix);
  }

  void Report(const std::string& name, const Recipe& recipe, bool print = true) {
    std::map<std::string, ChunkId> parents;
    for (const auto& spans : parent_.tensors) {
      parents[spans.name] = TensorOf(parent_, spans).chunks.front();
    }
    SimilarTensors similar(store_), edits(edits_);
    for (const auto& spans : recipe.tensors) {
      const StoredTensor tensor = TensorOf(recipe, spans);
      const auto sketch = Must(edits.SketchOf(tensor));
      ++count_.tensors;
      if (!sketch) continue;
      const auto begin = Clock::now();
      const auto found = Must(similar.Find({*sketch, tensor.type, std::nullopt, nullptr}));
      count_.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
      ++count_.lookups;
      if (!found) continue;
      ++count_.found;
      const auto parent = parents.find(OriginalName(spans.name));
      if (parent != parents.end() && found->chunks.front() == parent->second) ++count_.right;
    }
    if (!print) return;
    const auto share = [](uint64_t part, uint64_t all) {
      return all == 0 ? std::string("-") : fmt::format("{:.3f}", double(part) / double(all));
    };
    const bool is_unrelated = name.empty() || name == "unrelated";
    fmt::print(
        "| {} | {} | {} | {} | {:.0f} |\n", is_unrelated ? "unrelated models" : name,
        count_.tensors,
        is_unrelated ? fmt::format("{} found", count_.found) : share(count_.right, count_.found),
        is_unrelated ? "-" : share(count_.right, count_.tensors),
        1e6 * count_.seconds / double(std::max<uint64_t>(count_.lookups, 1)));
    count_ = {};
  }

  struct Count {
    uint64_t tensors = 0, lookups = 0, found = 0, right = 0;
    double seconds = 0;
  };
  const std::unique_ptr<kv::KeyValueStore> edits_index_ = kv::MakeMemoryStore();
  content::ContentStore store_;
  content::ContentStore edits_;  // where they are not found
  Recipe parent_;
  Bytes last_;
  Count count_;
};

int Main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: similarity sqlite|rocksdb DIR MODELS\n");
    return 2;
  }
  const std::string directory = argv[2];
  const uint64_t models = std::strtoull(argv[3], nullptr, 10);
  const auto packs = Must(content::OpenPackFolder(PosixFileSystem(), directory));
  const auto index = std::string_view(argv[1]) == "sqlite"
                         ? Must(kv::OpenSqlite(directory + "/index.sqlite"))
                         : Must(kv::OpenRocksDb(directory + "/index"));
  Bench bench(*index, *packs);
  bench.Fill(models);
  bench.PrintHeader(models);
  for (const Edit& edit : Edits()) bench.Measure(edit);
  bench.MeasureUnrelated();
  return 0;
}

}  // namespace
}  // namespace mreg::bench

int main(int argc, char** argv) { return mreg::bench::Main(argc, argv); }
