// What a server's index takes on the disk and in memory for so many terabytes of tensors, and how
// fast it answers which chunks are missing: docs/benchmarks.md. The rows are those that pushes
// write; the packs that they speak of are not there.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "schema/base/clock.h"
#include "schema/base/coding.h"
#include "schema/base/file_system.h"
#include "schema/base/sha256.h"
#include "storage/content/content_store.h"
#include "storage/content/gc.h"
#include "storage/content/similar_tensors.h"
#include "storage/journal/journal.h"
#include "storage/kv/rocksdb_store.h"
#include "storage/registry/access.h"
#include "storage/registry/members.h"

namespace mreg::bench {
namespace {

using content::PackedChunk;
using content::Recipe;
using registry::AnonymousRead;
using registry::Members;
using Clock = std::chrono::steady_clock;

constexpr double kMega = 1e6, kTera = 1e12;
// Files of 1 GiB: 64 fp32 tensors of 2048 * 2048, and what lies between them.
constexpr uint32_t kChunkBytes = 1 << 20;
constexpr uint32_t kTensorChunks = 16;
constexpr uint32_t kTensors = 64;
constexpr uint32_t kFileChunks = kTensorChunks * kTensors;
constexpr uint32_t kStructureBytes = 256;   // of the file, before each tensor
constexpr uint32_t kStoredBytes = 870'000;  // of a chunk: fp32 weights take 83 %
constexpr onnx::DataType kFloat = 1;        // ONNX's TensorProto.DataType
constexpr size_t kPackChunks = content::kPackBytes / kStoredBytes;

constexpr size_t kLookupsAtOnce = kFileChunks;
constexpr int kLookupBatches = 200;
const std::string kSpace = "acme";

void Check(const absl::Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "index_memory: {}\n", std::string(status.message()));
  std::exit(1);
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

template <typename SomeId>
SomeId NumberedId(std::string_view kind, uint64_t number) {
  Bytes name(kind);
  AppendU64Le(name, number);
  return IdOf<SomeId>(name);
}

ArtifactId FileIdOf(uint64_t number) { return NumberedId<ArtifactId>("file", number); }
ChunkId ChunkIdOf(uint64_t number) { return NumberedId<ChunkId>("chunk", number); }

Recipe RecipeOf(uint64_t file) {
  Recipe recipe;
  recipe.artifact = FileIdOf(file);
  recipe.chunks.push_back({NumberedId<ChunkId>("structure", file), kStructureBytes * kTensors});
  for (uint32_t i = 0; i < kFileChunks; ++i) {
    recipe.chunks.push_back({ChunkIdOf(file * kFileChunks + i), kChunkBytes, kFloat});
  }
  for (uint32_t tensor = 0; tensor < kTensors; ++tensor) {
    recipe.spans.push_back({0, tensor * kStructureBytes, kStructureBytes});
    recipe.tensors.push_back({fmt::format("encoder.layers.{}.attention.weight", tensor),
                              static_cast<uint32_t>(recipe.spans.size()), kTensorChunks});
    for (uint32_t i = 0; i < kTensorChunks; ++i) {
      recipe.spans.push_back({1 + tensor * kTensorChunks + i, 0, kChunkBytes});
    }
  }
  for (const content::Span& span : recipe.spans) recipe.size += span.length;
  return recipe;
}

// The batch of a sealed pack and of a push's upload.
void CommitPack(std::vector<PackedChunk> chunks, kv::KeyValueStore& index) {
  const Bytes name = Sha256Of(chunks.front().id.bytes());
  const PackId pack = *PackId::FromBytes(ByteView(name).substr(0, PackId::kBytes));
  kv::Batch batch;
  for (PackedChunk& chunk : chunks) {
    chunk.place.pack = pack;
    Members::StageChunk(kSpace, chunk.id, batch);
  }
  content::StagePack(chunks, batch);
  Check(index.Commit(batch));
}

void AddFile(const Recipe& recipe, std::mt19937_64& random, kv::KeyValueStore& index) {
  std::vector<PackedChunk> pack;
  for (const content::RecipeChunk& chunk : recipe.chunks) {
    pack.push_back({chunk.id,
                    {PackId(),
                     static_cast<uint32_t>(pack.size()) * kStoredBytes,
                     std::min(kStoredBytes, chunk.length),
                     chunk.length,
                     content::Encoding::kPlanes,
                     {}}});
    if (pack.size() == kPackChunks) CommitPack(std::exchange(pack, {}), index);
  }
  if (!pack.empty()) CommitPack(std::move(pack), index);
  kv::Batch batch;
  content::StageRecipe(recipe, batch);
  Members::StageFile(kSpace, recipe, batch);
  for (uint32_t i = 0; i < kTensors; ++i) content::StageSketch(recipe, {i, random()}, batch);
  Check(index.Commit(batch));
}

// In a process of its own, so that the memory of writing is not counted as that of reading.
void Fill(const std::string& directory, uint64_t files) {
  const pid_t child = fork();
  if (child == 0) {
    {
      const auto index = Must(kv::OpenRocksDb(directory));
      std::mt19937_64 random(1);
      for (uint64_t file = 0; file < files; ++file) AddFile(RecipeOf(file), random, *index);
    }
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) std::exit(1);
}

uint64_t BytesBelow(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    std::error_code removed;  // meanwhile
    const uint64_t size = entry.file_size(removed);
    if (!removed) bytes += size;
  }
  return bytes;
}

void PrintBytes(const std::string& directory, double terabytes) {
  const double bytes = static_cast<double>(BytesBelow(directory)) / kMega;
  fmt::print("{:.1f} MB on the disk, {:.1f} MB a TB.\n", bytes, bytes / terabytes);
  std::fflush(stdout);
}

// Until the database has merged what was written last.
void WaitForQuiet(const std::string& directory) {
  for (uint64_t before = 0, now = 1; before != now;) {
    before = std::exchange(now, BytesBelow(directory));
    std::this_thread::sleep_for(std::chrono::seconds(3));
  }
}

// Megabytes, of a line of /proc/self/status.
double Memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(field)) return std::atof(line.c_str() + field.size() + 1) * 1024 / kMega;
  }
  return 0;
}

void PrintMemory(std::string_view when) {
  fmt::print("| {} | {:.0f} MB |\n", when, Memory("VmRSS"));
}

// Looks up random chunks among the `count` from number `first` on, all of which are missing or none
// is. Returns lookups a second.
double LookUp(const Members& members, uint64_t first, uint64_t count, bool are_missing) {
  std::mt19937_64 random(2);
  double seconds = 0;
  for (int i = 0; i < kLookupBatches; ++i) {
    std::vector<ChunkId> ids;
    for (size_t k = 0; k < kLookupsAtOnce; ++k) ids.push_back(ChunkIdOf(first + random() % count));
    const auto begin = Clock::now();
    const auto missing = Must(members.Missing(kSpace, ids));
    seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    if (missing.size() != (are_missing ? ids.size() : 0)) {
      Check(absl::InternalError("the index gives a wrong answer"));
    }
  }
  return static_cast<double>(kLookupsAtOnce) * kLookupBatches / seconds;
}

void Measure(const std::string& directory, const std::string& packs_directory, uint64_t files) {
  const uint64_t chunks = files * kFileChunks;
  fmt::print("\n| resident memory | |\n|---|---|\n");
  PrintMemory("before the index is opened");
  const auto begin = Clock::now();
  const auto index = Must(kv::OpenRocksDb(directory));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  PrintMemory(fmt::format("after it was opened ({:.2f} s)", seconds));
  WaitForQuiet(directory);
  PrintMemory("after it was merged");
  const auto packs = Must(content::OpenPackFolder(PosixFileSystem(), packs_directory));
  const content::ContentStore content(*index, *packs);
  const auto journal = journal::OpenJournal(*index);
  const SystemClock clock;
  const registry::Access open(*index, *journal, clock, AnonymousRead::kAllowed);
  const registry::Access closed(*index, *journal, clock, AnonymousRead::kForbidden);
  const double present = LookUp({*index, content, open}, 0, chunks, false);
  PrintMemory("after lookups of present chunks");
  const double absent = LookUp({*index, content, open}, chunks, chunks, true);
  PrintMemory("after lookups of absent chunks");
  const double restricted = LookUp({*index, content, closed}, 0, chunks, false);
  PrintMemory("after lookups of members and chunks");
  fmt::print("| at its peak | {:.0f} MB |\n", Memory("VmHWM"));
  absl::flat_hash_set<ArtifactId> used;
  for (uint64_t file = 0; file < files; ++file) used.insert(FileIdOf(file));
  const auto plan_begin = Clock::now();
  const auto plan = Must(content::PlanGc(content, used, {clock.Now()}));
  if (!plan.dead_files.empty()) Check(absl::InternalError("a used file was found dead"));
  fmt::print("| at the peak of planning a garbage collection ({:.1f} s) | {:.0f} MB |\n",
             std::chrono::duration<double>(Clock::now() - plan_begin).count(), Memory("VmHWM"));
  fmt::print(
      "\nLookups a second, {} at once: present {:.0f}, absent {:.0f}, present where reading "
      "is restricted {:.0f}.\n",
      kLookupsAtOnce, present, absent, restricted);
}

int Main(int argc, char** argv) {
  const double terabytes = argc == 3 ? std::atof(argv[2]) : 0;
  if (terabytes <= 0) {
    fmt::print(stderr, "usage: index_memory DIR TERABYTES (of tensors)\n");
    return 2;
  }
  const std::string directory = std::string(argv[1]) + "/index";
  if (std::filesystem::exists(directory)) {
    fmt::print(stderr, "index_memory: {} exists already\n", directory);
    return 1;
  }
  std::filesystem::create_directories(argv[1]);
  const double file_bytes = double{kFileChunks} * kChunkBytes;
  const auto files = static_cast<uint64_t>(std::ceil(terabytes * kTera / file_bytes));
  const auto begin = Clock::now();
  Fill(directory, files);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  fmt::print("{:g} TB of tensors: {} files of {} chunks, written in {:.0f} s; ", terabytes, files,
             kFileChunks, seconds);
  PrintBytes(directory, terabytes);
  Measure(directory, argv[1], files);
  fmt::print("Merged: ");
  PrintBytes(directory, terabytes);
  return 0;
}

}  // namespace
}  // namespace mreg::bench

int main(int argc, char** argv) { return mreg::bench::Main(argc, argv); }
