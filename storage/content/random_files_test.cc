// Random files and what may become of them: whatever the store makes of one, every byte of it
// comes back. MREG_RANDOM_ROUNDS sets how many files, MREG_RANDOM_SEED where to begin.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <random>

#include "schema/base/coding.h"
#include "schema/base/sha256.h"
#include "storage/content/chunk_receiver.h"
#include "storage/content/codec.h"
#include "storage/content/content_store.h"
#include "storage/content/encoding/element.h"
#include "storage/content/encoding/floats.h"
#include "storage/content/encoding/quantisation.h"
#include "storage/content/encoding/transposition.h"
#include "storage/content/fsck.h"
#include "storage/kv/memory_store.h"
#include "tests/models/memory_file.h"
#include "tests/models/wire_builder.h"

namespace mreg::content {
namespace {

using test_models::Message;

constexpr unsigned kFilesOfAStore = 25;

// Packs that need no disk.
class MemoryPacks final : public PackStore {
 public:
  absl::StatusOr<std::unique_ptr<PackUpload>> Begin() override {
    return std::make_unique<Upload>(*this);
  }
  absl::Status ReadAt(const PackId& id, uint64_t offset, std::span<char> buffer) const override {
    const std::scoped_lock lock(mutex_);
    const auto found = packs_.find(id);
    if (found == packs_.end()) return absl::NotFoundError("no such pack");
    if (offset + buffer.size() > found->second.size()) return absl::DataLossError("a short pack");
    std::memcpy(buffer.data(), found->second.data() + offset, buffer.size());
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<PackInfo>> List() const override {
    const std::scoped_lock lock(mutex_);
    std::vector<PackInfo> all;
    for (const auto& [id, bytes] : packs_) all.push_back({id, bytes.size(), {}});
    return all;
  }
  absl::Status Remove(const PackId& id) override {
    const std::scoped_lock lock(mutex_);
    packs_.erase(id);
    return absl::OkStatus();
  }
  absl::Status RecoverUploads(const std::function<absl::Status(const ReadableFile&)>&) override {
    return absl::OkStatus();
  }

 private:
  class Upload final : public PackUpload {
   public:
    explicit Upload(MemoryPacks& packs) : packs_(packs) {}
    absl::Status Write(ByteView data) override {
      bytes_ += data;
      return absl::OkStatus();
    }
    void StartWriteback() override {}
    absl::Status Publish(const PackId& id) override {
      const std::scoped_lock lock(packs_.mutex_);
      packs_.packs_.emplace(id, std::move(bytes_));
      return absl::OkStatus();
    }

   private:
    MemoryPacks& packs_;
    Bytes bytes_;
  };

  mutable std::mutex mutex_;
  std::map<PackId, Bytes> packs_;
};

struct Store {
  const std::unique_ptr<kv::KeyValueStore> index = kv::MakeMemoryStore();
  MemoryPacks packs;
  ContentStore content{*index, packs};
};

struct Tensor {
  std::string name;
  onnx::DataType type = 0;
  std::vector<int64_t> dims;
  Bytes bytes;
};

enum class Format { kOnnx, kSafetensors, kExternal, kPlain };

struct File {
  Format format = Format::kOnnx;
  std::vector<Tensor> tensors;
};

// Everything that is decided by chance.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool In(uint64_t of) { return Below(of) == 0; }
  template <typename T>
  auto& From(T& from) {
    return from[Below(std::size(from))];
  }

  Bytes Noise(size_t size) {
    Bytes bytes(size, '\0');
    const unsigned values = In(3) ? 3 : 256;
    for (char& byte : bytes) byte = static_cast<char>(Below(values));
    return bytes;
  }
  std::vector<float> Weights(size_t count) {
    std::normal_distribution<float> normal(0, In(9) ? 3e5f : .05f);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    while (In(4)) From(values) = In(2) ? NAN : INFINITY;
    return values;
  }
  std::vector<int64_t> Dims() {
    const auto rows =
        static_cast<int64_t>(In(400) ? 3'000 + Below(3'000) : 1 + Below(In(3) ? 40 : 200));
    const auto columns = static_cast<int64_t>(1 + Below(120));
    if (In(4)) return {rows * columns};
    if (In(4)) return {rows, static_cast<int64_t>(1 + Below(4)), columns / 3 + 1};
    return {rows, columns};
  }

  Tensor MakeTensor() {
    Tensor tensor{fmt::format("t{}", Below(12)),
                  In(2)   ? 1
                  : In(3) ? static_cast<int>(2 + Below(2))
                          : static_cast<int>(Below(28)),
                  Dims(), ""};
    size_t count = 1;
    for (const int64_t dim : tensor.dims) count *= static_cast<size_t>(dim);
    if (encoding::IsFloat(tensor.type)) {
      tensor.bytes = encoding::FromFloats(Weights(count), tensor.type);
    } else {
      const uint64_t most = encoding::CountElements(tensor.type, 16);
      tensor.bytes = Noise(most == 0 ? count : (count * 16 + most - 1) / most);
    }
    return tensor;
  }
  File MakeFile() {
    File file{static_cast<Format>(Below(4)), {}};
    for (uint64_t i = Below(5) + 1; i > 0; --i) file.tensors.push_back(MakeTensor());
    return file;
  }

  // Each changes one tensor as training or a converter might.
  void Perturb(Tensor& tensor) {
    for (uint64_t i = tensor.bytes.empty() ? 0 : Below(60); i > 0; --i) {
      char& byte = From(tensor.bytes);
      byte = static_cast<char>(byte + static_cast<char>(Below(5)) - 2);
    }
  }
  void Train(Tensor& tensor) {
    if (!encoding::IsFloat(tensor.type)) return Perturb(tensor);
    std::vector<float> values = encoding::ToFloats(tensor.bytes, tensor.type);
    std::normal_distribution<float> noise(0, In(2) ? .001f : .1f);
    for (float& value : values) value *= 1 + noise(random_);
    tensor.bytes =
        encoding::FromFloats(values, tensor.type) +
        tensor.bytes.substr(
            std::min(tensor.bytes.size(), encoding::ElementOf(tensor.type)->width * values.size()));
  }
  void Convert(Tensor& tensor) {
    constexpr onnx::DataType kFloats[] = {1, 10, 16}, kLevels[] = {2, 3, 21, 22};
    const bool to_float = In(2);
    if (encoding::IsFloat(tensor.type)) {
      auto values = encoding::ToFloats(tensor.bytes, tensor.type);
      if (In(3)) {  // to levels and back
        const auto [grouping, lines] = Lines(tensor.dims, values.size(), From(kLevels));
        encoding::ToGrid(std::vector(values), grouping, lines, values);
      }
      tensor.type = to_float ? From(kFloats) : From(kLevels);
      if (to_float) {
        tensor.bytes = encoding::FromFloats(values, tensor.type);
      } else {
        const auto [grouping, lines] = Lines(tensor.dims, values.size(), tensor.type);
        std::vector<int16_t> levels(values.size());
        encoding::Quantise(values, grouping, lines, tensor.type, levels);
        tensor.bytes = encoding::PackLevels(levels, tensor.type);
        if (In(2)) tensor.name += "_quantized";
      }
    } else if (encoding::IsQuantised(tensor.type)) {
      const auto levels = encoding::UnpackLevels(tensor.bytes, tensor.type);
      const auto [grouping, lines] = Lines(tensor.dims, levels.size(), tensor.type);
      std::vector<float> values(levels.size());
      encoding::Dequantise(levels, grouping, lines, values);
      tensor.type = From(kFloats);
      tensor.bytes = encoding::FromFloats(values, tensor.type);
    }
  }
  void Turn(Tensor& tensor) {
    if (tensor.dims.size() != 2 || !encoding::CanTranspose(tensor.type)) return Perturb(tensor);
    const Bytes before = tensor.bytes;
    std::swap(tensor.dims[0], tensor.dims[1]);
    const auto turn = encoding::TranspositionTo(tensor.dims, 0, before, tensor.type);
    if (turn) tensor.bytes = encoding::Transpose(before, *turn, before.size());
  }
  void Grow(Tensor& tensor) {
    const auto rows = static_cast<int64_t>(Below(9));
    const size_t row = tensor.bytes.size() / static_cast<size_t>(tensor.dims[0]);
    tensor.bytes += Noise(row * static_cast<size_t>(rows));
    tensor.dims[0] += rows;
  }
  void Edit(File& file) {
    for (uint64_t i = Below(4); i > 0; --i) {
      Tensor& tensor = From(file.tensors);
      switch (Below(12)) {
        case 0:
          Perturb(tensor);
          break;
        case 1:
          Train(tensor);
          break;
        case 2:
        case 3:
        case 8:
        case 9:
          Convert(tensor);
          break;
        case 10:
        case 11:
          Turn(tensor);
          break;
        case 4:
          Grow(tensor);
          break;
        case 5:
          tensor.name += "x";
          break;
        case 6:
          std::swap(tensor, From(file.tensors));
          break;
        default:
          file.format = static_cast<Format>(Below(4));
      }
    }
  }
  // What befalls files: cut, spliced, garbled.
  void Garble(Bytes& bytes) {
    const size_t at = bytes.empty() ? 0 : Below(bytes.size());
    switch (Below(4)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(at, Noise(Below(2'000)));
        break;
      case 2:
        bytes.erase(at, Below(2'000));
        break;
      default:
        bytes.replace(at, Below(300), Noise(Below(300)));
    }
  }

 private:
  // Of levels whose values are some .05 apart.
  std::pair<encoding::Grouping, std::vector<encoding::Line>> Lines(const std::vector<int64_t>& dims,
                                                                   size_t count,
                                                                   onnx::DataType levels) {
    const float scale = levels > 20 ? .015f : .001f;
    const int zero_point = levels == 2 ? 120 : levels == 21 ? 7 : 0;
    const auto usual = encoding::UsualGroupings(dims, 0, count);
    const encoding::Grouping grouping = From(usual);
    std::vector<encoding::Line> lines(encoding::GroupCount(grouping, count));
    for (encoding::Line& line : lines) {
      line.scale = scale * (1 + static_cast<float>(Below(1'000)) / 1'000);
      if (In(20)) line.scale = -line.scale;
      line.zero_point = zero_point + static_cast<int>(Below(2));
    }
    return {grouping, lines};
  }

  std::mt19937_64 random_;
};

std::string Json(const Tensor& tensor, size_t at) {
  static const std::map<onnx::DataType, std::string_view> kNames = {
      {1, "F32"}, {2, "U8"},   {3, "I8"},   {4, "U16"},  {5, "I16"},  {6, "I32"},
      {7, "I64"}, {9, "BOOL"}, {10, "F16"}, {11, "F64"}, {16, "BF16"}};
  const auto name = kNames.find(tensor.type);
  std::string dims = fmt::format("{}", tensor.bytes.size());
  if (name != kNames.end()) {
    dims = fmt::format("{}", encoding::CountElements(tensor.type, tensor.bytes.size()));
    uint64_t product = 1;
    for (const int64_t dim : tensor.dims) product *= static_cast<uint64_t>(dim);
    if (dims == fmt::format("{}", product)) dims = fmt::format("{}", fmt::join(tensor.dims, ","));
  }
  return fmt::format(R"("{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", tensor.name,
                     name == kNames.end() ? "U8" : name->second, dims, at,
                     at + tensor.bytes.size());
}

// The file's bytes, and where its tensors lie if another file tells.
struct Written {
  Bytes bytes;
  std::vector<ExternalRange> ranges;
};

Written Write(const File& file) {
  Written written;
  Message graph;
  std::string json;
  for (const Tensor& tensor : file.tensors) {
    Message message;
    for (const int64_t dim : tensor.dims) message.Varint(1, static_cast<uint64_t>(dim));
    message.Varint(2, static_cast<uint64_t>(tensor.type)).Text(8, tensor.name);
    graph.Sub(5, message.Text(9, tensor.bytes));
    json += (json.empty() ? "{" : ",") + Json(tensor, written.bytes.size());
    written.ranges.push_back(
        {tensor.name, tensor.type, written.bytes.size(), tensor.bytes.size(), tensor.dims});
    written.bytes += tensor.bytes;
  }
  if (file.format == Format::kOnnx) return {test_models::ModelWith(graph).bytes(), {}};
  if (file.format == Format::kPlain) written.ranges.clear();
  if (file.format != Format::kSafetensors) return written;
  json += "}";
  Bytes header;
  AppendU64Le(header, json.size());
  return {header + json + written.bytes, {}};
}

struct CollectSink final : ByteSink {
  absl::Status Write(ByteView data) override {
    content.append(data);
    return absl::OkStatus();
  }
  Bytes content;
};

// One store, what was put into it, and a second one that is sent some of it.
class World {
 public:
  // Counts in `met` in which ways chunks of files were stored.
  World(uint64_t seed, std::map<std::string, uint64_t>& met) : dice_(seed), met_(met) {}

  void Run(unsigned rounds) {
    for (unsigned i = 0; i < rounds && !testing::Test::HasFailure(); ++i) {
      PutOne();
      CodeOne();
      if (dice_.In(3)) SendOne();
    }
    EXPECT_TRUE(Fsck(from_.content, FsckDepth::kContent, nullptr)->problems.empty());
  }

 private:
  void PutOne() {
    std::vector<ArtifactId> alike;
    File file;
    if (const size_t parent = dice_.Below(files_.size() + 1); parent < files_.size()) {
      file = files_[parent];
      if (!dice_.In(5)) alike.push_back(put_[parent].first);
    } else {
      file = dice_.MakeFile();
    }
    dice_.Edit(file);
    Written written = Write(file);
    while (dice_.In(5)) dice_.Garble(written.bytes);
    files_.push_back(std::move(file));
    for (uint64_t i = dice_.Below(3); i > 0 && !put_.empty(); --i) {
      alike.push_back(dice_.From(put_).first);
    }
    const auto ingest = from_.content.BeginIngest(nullptr);
    const auto result = from_.content.PutFile(test_models::MemoryFile(written.bytes),
                                              written.ranges, alike, *ingest, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(ingest->Finish().ok());
    ASSERT_EQ(result->artifact, IdOf<ArtifactId>(written.bytes));
    put_.emplace_back(result->artifact, written.bytes);
    const Recipe recipe = **from_.content.FindRecipe(result->artifact);
    for (const RecipeChunk& chunk : recipe.chunks) Note(*from_.content.GetStored(chunk.id));
    Compare(from_, put_.back());
    ReadPart(from_, dice_.From(put_));
  }

  void Note(const StoredChunk& chunk) {
    std::string way = fmt::format("encoding {}", static_cast<int>(chunk.encoding));
    if (chunk.encoding == Encoding::kComputed) {
      way += fmt::format(", rule {}", static_cast<int>(chunk.payload[1]));
    }
    ++met_[way];
  }

  static void Compare(Store& store, const std::pair<ArtifactId, Bytes>& put) {
    CollectSink sink;
    const auto status =
        store.content.CopyVerified(**store.content.FindRecipe(put.first), sink, nullptr);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE(sink.content == put.second);
  }

  void ReadPart(Store& store, const std::pair<ArtifactId, Bytes>& put) {
    const uint64_t offset = dice_.Below(put.second.size() + 2), length = dice_.Below(100'000);
    const auto source =
        store.content.OpenRange(**store.content.FindRecipe(put.first), offset, length);
    Bytes part(length + 1, '\0');
    const auto got = source->Read(part);
    ASSERT_TRUE(got.ok()) << got.status();
    part.resize(*got);
    ASSERT_TRUE(part == put.second.substr(std::min(offset, put.second.size()), length));
  }

  // Two tensors, or parts of them, as chunk and base, whether they belong together or not.
  void CodeOne() {
    const Tensor& tensor = dice_.From(dice_.From(files_).tensors);
    const Tensor& other = dice_.From(dice_.From(files_).tensors);
    const Bytes plain =
        tensor.bytes.substr(dice_.In(2) ? 0 : dice_.Below(tensor.bytes.size() + 1), kTensorPiece);
    Base base{{}, other.type, other.bytes.substr(0, kMaxChunkBytes)};
    base.ids = {IdOf<ChunkId>(base.plain)};
    base.is_transposed = dice_.In(5);
    base.skip = dice_.In(2) ? 0 : static_cast<uint32_t>(dice_.Below(5'000));
    const auto stored = EncodeBeside(IdOf<ChunkId>(plain), plain, tensor.type, base,
                                     {tensor.dims, dice_.In(2) ? 0 : dice_.Below(9'999)});
    const auto back = Decode(stored, stored.bases.empty() ? ByteView() : base.plain);
    ASSERT_TRUE(back.ok()) << back.status();
    ASSERT_TRUE(*back == plain);
  }

  void SendOne() {
    const auto& put = dice_.From(put_);
    Recipe recipe = **from_.content.FindRecipe(put.first);
    std::vector<ChunkId> ids, known;
    for (const RecipeChunk& chunk : recipe.chunks) ids.push_back(chunk.id);
    ids = *to_.content.Missing(ids);
    const std::vector<ChunkId> usable = *to_.content.UsableBases(*from_.content.BasesOf(ids));
    for (const ChunkId& base : usable) {
      if (!dice_.In(3)) known.push_back(base);
    }
    const auto sender = ChunkSender::Open(from_.content, ids, known);
    ASSERT_TRUE(sender.ok()) << sender.status();
    ChunkReceiver receiver(to_.content, nullptr, nullptr);
    Bytes part(1 + dice_.Below(100'000), '\0');
    for (size_t got = 1; got > 0;) {
      const auto read = (*sender)->Read(part);
      ASSERT_TRUE(read.ok()) << read.status();
      got = *read;
      const absl::Status status = receiver.Write(ByteView(part).substr(0, got));
      ASSERT_TRUE(status.ok()) << status;
    }
    ASSERT_TRUE(receiver.Finish().ok());
    recipe.is_proved = false;
    kv::Batch batch;
    StageRecipe(recipe, batch);
    ASSERT_TRUE(to_.index->Commit(batch).ok());
    Compare(to_, put);
    ReadPart(to_, put);
  }

  Dice dice_;
  std::map<std::string, uint64_t>& met_;
  Store from_, to_;
  std::vector<File> files_;
  std::vector<std::pair<ArtifactId, Bytes>> put_;
};

uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(RandomFiles, AndTheirEditsComeBackByteForByte) {
  const uint64_t rounds = Setting("MREG_RANDOM_ROUNDS", 2'000);
  const uint64_t first = Setting("MREG_RANDOM_SEED", 1);
  std::map<std::string, uint64_t> met;
  for (uint64_t seed = first; seed < first + rounds / kFilesOfAStore; ++seed) {
    SCOPED_TRACE(fmt::format("MREG_RANDOM_SEED={}", seed));
    World(seed, met).Run(kFilesOfAStore);
    if (testing::Test::HasFailure()) return;
  }
  for (const auto& [way, count] : met) fmt::print("{}: {}\n", way, count);
  // Raw, zstd, planes, differences, and each rule.
  EXPECT_TRUE(rounds < 2'000 || met.size() == 11) << met.size();
}

}  // namespace
}  // namespace mreg::content
