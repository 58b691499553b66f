// What one core, or one pipeline, does a second: the parts that bound add, push and clone.
#include <benchmark/benchmark.h>

#include <map>
#include <mutex>
#include <utility>

#include "schema/base/allocator.h"
#include "schema/base/part_hasher.h"
#include "schema/base/sha256.h"
#include "schema/onnx/wire_scanner.h"
#include "storage/content/chunk_receiver.h"
#include "storage/content/content_cutter.h"
#include "storage/content/content_store.h"
#include "storage/content/segmenter.h"
#include "storage/kv/memory_store.h"
#include "tests/models/memory_file.h"
#include "tests/models/transformer_model.h"
#include "tests/models/weights.h"

namespace mreg::bench {
namespace {

using test_models::MemoryFile;

constexpr size_t kChunkBytes = 1 << 20;
constexpr size_t kStreamBytes = 64 << 20;

Bytes RandomBytes(size_t size) {
  test_models::NormalNumbers numbers(1);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(numbers.NextBits());
  return bytes;
}

Bytes RandomWeights(size_t size, test_models::ParameterType type) {
  test_models::NormalNumbers numbers(2);
  const size_t width = type == test_models::ParameterType::kFloat32 ? 4 : 2;
  std::vector<float> weights(size / width);
  for (float& weight : weights) weight = numbers.Next(0, 0.02f);
  return test_models::EncodeWeights(weights, type);
}

// 176 MB of fp32.
const Bytes& Model() {
  static const auto* const model = [] {
    auto spec = test_models::kRealisticModel;
    spec.type = test_models::ParameterType::kFloat32;
    return new Bytes(test_models::MakeTransformerModel(spec));
  }();
  return *model;
}

// Packs in memory, so that the disk is not what is measured.
class MemoryPacks final : public content::PackStore {
 public:
  absl::StatusOr<std::unique_ptr<content::PackUpload>> Begin() override {
    return std::make_unique<Upload>(*this);
  }
  absl::Status ReadAt(const PackId& id, uint64_t offset, std::span<char> buffer) const override {
    const std::lock_guard lock(mutex_);
    packs_.at(id.ToHex()).copy(buffer.data(), buffer.size(), offset);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<content::PackInfo>> List() const override {
    return std::vector<content::PackInfo>();
  }
  absl::Status Remove(const PackId&) override { return absl::OkStatus(); }
  absl::Status RecoverUploads(const std::function<absl::Status(const ReadableFile&)>&) override {
    return absl::OkStatus();
  }

 private:
  class Upload final : public content::PackUpload {
   public:
    explicit Upload(MemoryPacks& packs) : packs_(packs) { bytes_.reserve(content::kPackBytes); }
    absl::Status Write(ByteView data) override {
      bytes_.append(data);
      return absl::OkStatus();
    }
    void StartWriteback() override {}
    absl::Status Publish(const PackId& id) override {
      const std::lock_guard lock(packs_.mutex_);
      packs_.packs_[id.ToHex()] = std::move(bytes_);
      return absl::OkStatus();
    }

   private:
    MemoryPacks& packs_;
    Bytes bytes_;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Bytes> packs_;
};

struct Store {
  const std::unique_ptr<kv::KeyValueStore> index = kv::MakeMemoryStore();
  MemoryPacks packs;
  content::ContentStore content{*index, packs};
};

content::Recipe PutModel(Store& store) {
  const MemoryFile file(Model());
  const auto ingest = store.content.BeginIngest(nullptr);
  const auto put = *store.content.PutFile(file, {}, {}, *ingest, nullptr);
  if (!ingest->Finish().ok()) std::abort();
  return **store.content.FindRecipe(put.artifact);
}

void SetBytes(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void HashChunk(benchmark::State& state) {
  const Bytes chunk = RandomBytes(kChunkBytes);
  for (auto _ : state) benchmark::DoNotOptimize(Sha256Of(chunk));
  SetBytes(state, chunk.size());
}
BENCHMARK(HashChunk);

// A file's hash and those of its parts; the bytes count once.
void HashFileAndParts(benchmark::State& state) {
  const Bytes chunk = RandomBytes(kChunkBytes);
  PartHasher hasher;
  hasher.Update("so that parts do not begin where the file's blocks do");
  for (auto _ : state) benchmark::DoNotOptimize(hasher.UpdateWithPart(chunk));
  SetBytes(state, chunk.size());
}
BENCHMARK(HashFileAndParts);

void CutByContent(benchmark::State& state) {
  const Bytes data = RandomBytes(kStreamBytes);
  for (auto _ : state) {
    for (ByteView rest = data; !rest.empty();) {
      rest.remove_prefix(content::FirstCut(rest, content::kContentCut));
    }
  }
  SetBytes(state, data.size());
}
BENCHMARK(CutByContent);

void ScanOnnx(benchmark::State& state) {
  const MemoryFile file(Model());
  for (auto _ : state) benchmark::DoNotOptimize(onnx::ScanModel(file));
}
BENCHMARK(ScanOnnx)->Unit(benchmark::kMicrosecond);

void PlanOnnxLayout(benchmark::State& state) {
  const MemoryFile file(Model());
  for (auto _ : state) benchmark::DoNotOptimize(content::PlanLayout(file, {}));
}
BENCHMARK(PlanOnnxLayout)->Unit(benchmark::kMicrosecond);

constexpr onnx::DataType kFloat = 1, kFloat16 = 10;

void EncodeChunk(benchmark::State& state, onnx::DataType type, const Bytes& plain) {
  const ChunkId id = IdOf<ChunkId>(plain);
  for (auto _ : state) benchmark::DoNotOptimize(content::Encode(id, plain, type));
  SetBytes(state, plain.size());
}
BENCHMARK_CAPTURE(EncodeChunk, random_bytes, 0, RandomBytes(kChunkBytes));
BENCHMARK_CAPTURE(EncodeChunk, random_fp32, kFloat, RandomBytes(kChunkBytes));
BENCHMARK_CAPTURE(EncodeChunk, fp32, kFloat,
                  RandomWeights(kChunkBytes, test_models::ParameterType::kFloat32));
BENCHMARK_CAPTURE(EncodeChunk, fp16, kFloat16,
                  RandomWeights(kChunkBytes, test_models::ParameterType::kFloat16));
BENCHMARK_CAPTURE(EncodeChunk, zeros, 0, Bytes(kChunkBytes, '\0'));

void DecodeChunk(benchmark::State& state) {
  const Bytes plain = RandomWeights(kChunkBytes, test_models::ParameterType::kFloat32);
  const auto stored = content::Encode(IdOf<ChunkId>(plain), plain, kFloat);
  for (auto _ : state) benchmark::DoNotOptimize(content::DecodeUnverified(stored));
  SetBytes(state, plain.size());
}
BENCHMARK(DecodeChunk);

// A fine-tune of fp32 weights with noise of 1 % of their spread.
struct FineTune {
  Bytes base = test_models::NormalFloats(kChunkBytes / 4, 1);
  Bytes tuned = test_models::TrainedFloats(base, 0.01f, 2);
  ChunkId base_id = IdOf<ChunkId>(base), tuned_id = IdOf<ChunkId>(tuned);

  content::StoredChunk Encode() const {
    return content::EncodeBeside(tuned_id, tuned, kFloat, {{base_id}, kFloat, base});
  }
};

void EncodeDifference(benchmark::State& state) {
  const FineTune step;
  for (auto _ : state) benchmark::DoNotOptimize(step.Encode());
  SetBytes(state, step.tuned.size());
}
BENCHMARK(EncodeDifference);

void DecodeDifference(benchmark::State& state) {
  const FineTune step;
  const auto stored = step.Encode();
  for (auto _ : state) benchmark::DoNotOptimize(content::DecodeUnverified(stored, step.base));
  SetBytes(state, step.tuned.size());
}
BENCHMARK(DecodeDifference);

void PutNewFile(benchmark::State& state) {
  for (auto _ : state) {
    Store store;
    benchmark::DoNotOptimize(PutModel(store));
  }
  SetBytes(state, Model().size());
}
BENCHMARK(PutNewFile)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

void PutKnownFile(benchmark::State& state) {
  Store store;
  PutModel(store);
  for (auto _ : state) benchmark::DoNotOptimize(PutModel(store));
  SetBytes(state, Model().size());
}
BENCHMARK(PutKnownFile)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

std::vector<ChunkId> ChunksOf(const content::Recipe& recipe) {
  std::vector<ChunkId> ids;
  for (const content::RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
  return ids;
}

void SendChunks(benchmark::State& state) {
  Store store;
  const std::vector<ChunkId> ids = ChunksOf(PutModel(store));
  Bytes buffer(kChunkBytes, '\0');
  for (auto _ : state) {
    const auto sender = *content::ChunkSender::Open(store.content, ids, {});
    while (*sender->Read(std::span(buffer)) > 0) {
    }
  }
  SetBytes(state, Model().size());
}
BENCHMARK(SendChunks)->Unit(benchmark::kMillisecond);

Bytes StreamOf(Store& store) {
  const auto sender = *content::ChunkSender::Open(store.content, ChunksOf(PutModel(store)), {});
  Bytes stream(*sender->length(), '\0');
  if (*sender->Read(std::span(stream)) != stream.size()) std::abort();
  return stream;
}

void ReceiveChunks(benchmark::State& state) {
  Store sending;
  const Bytes stream = StreamOf(sending);
  for (auto _ : state) {
    Store store;
    content::ChunkReceiver receiver(store.content, nullptr, nullptr);
    for (ByteView rest = stream; !rest.empty();) {
      const ByteView piece = rest.substr(0, kChunkBytes / 4);
      if (!receiver.Write(piece).ok()) std::abort();
      rest.remove_prefix(piece.size());
    }
    if (!receiver.Finish().ok()) std::abort();
  }
  SetBytes(state, stream.size());
}
BENCHMARK(ReceiveChunks)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

class CountingSink final : public ByteSink {
 public:
  absl::Status Write(ByteView data) override {
    bytes_ += data.size();
    return absl::OkStatus();
  }
  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t bytes_ = 0;
};

void CopyVerified(benchmark::State& state) {
  Store store;
  const content::Recipe recipe = PutModel(store);
  for (auto _ : state) {
    CountingSink sink;
    if (!store.content.CopyVerified(recipe, sink, nullptr).ok()) std::abort();
    benchmark::DoNotOptimize(sink.bytes());
  }
  SetBytes(state, Model().size());
}
BENCHMARK(CopyVerified)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mreg::bench

int main(int argc, char** argv) {
  mreg::ReuseLargeBlocks();  // as mreg and mregd do
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
