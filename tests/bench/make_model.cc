// Writes the files that compare.py measures with: a transformer of 430 MB as fp32 and what people
// do to it, or a file of tensors of any size.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/models/model_edits.h"
#include "tests/models/transformer_model.h"
#include "tests/models/weights.h"

namespace mreg::bench {
namespace {

using test_models::ModelSpec;
using test_models::ParameterType;

// 14 layers of 12 * 768 * 768 weights and an embedding of 10,000 rows: 107 million.
constexpr ModelSpec kSpec{.type = ParameterType::kFloat32,
                          .layers = 14,
                          .hidden = 768,
                          .heads = 12,
                          .vocabulary = 10'000,
                          .positions = 512};
constexpr uint64_t kTensorElements = 16 << 20;
constexpr size_t kPieceElements = 1 << 20;
constexpr float kSigma = 0.02f;
constexpr float kSpread = 40;  // values of the large file within kSigma

bool Write(const std::string& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file.flush().good();
}

// base, metadata edited, the last tenth tuned, tensors renamed: each an edit of the base.
bool WriteVersions(const std::string& directory) {
  const Bytes base = test_models::MakeTransformerModel(kSpec);
  return Write(directory + "/base.onnx", base) &&
         Write(directory + "/metadata.onnx", test_models::EditMetadata(base, "owner", "bench")) &&
         Write(directory + "/tuned.onnx", test_models::FineTune(base, 0.1, 0.05, 7)) &&
         Write(directory + "/renamed.onnx", test_models::RenameInitializers(base, "encoder/"));
}

// The share of `layers` in all weights.
double ShareOf(int layers, const ModelSpec& spec) {
  const double layer = 12.0 * spec.hidden * spec.hidden + 13.0 * spec.hidden;
  const double embeddings = double(spec.vocabulary + spec.positions) * spec.hidden;
  return layers * layer / (spec.layers * layer + embeddings);
}

// A base of `layers` layers and the models that people make of it.
bool WriteFamily(const std::string& directory, int layers) {
  const auto write = [&](const std::string& name, const Bytes& bytes) {
    return Write(fmt::format("{}/{}", directory, name), bytes);
  };
  ModelSpec spec = kSpec;
  spec.layers = layers;
  const Bytes base = test_models::MakeTransformerModel(spec);
  const Bytes tuned = test_models::FineTune(base, 1, 0.01, 8);
  const Bytes moved = test_models::ReorderInitializers(
      test_models::RenameInitializers(test_models::AddNode(base), "encoder/"), 10);
  const auto split = test_models::MoveToExternalFile(base, "external.bin", 4096);
  // Layers are in the order of the graph; embeddings come first.
  return write("base.onnx", base) &&
         write("head.onnx", test_models::FineTune(base, ShareOf(2, spec), 0.01, 7)) &&
         write("tuned.onnx", tuned) &&
         write("epoch.onnx", test_models::FineTune(tuned, 1, 0.01, 9)) &&
         write("reexported.onnx", moved) && write("external.onnx", split.model) &&
         write("external.bin", split.data) &&
         write("grown.onnx", test_models::GrowVocabulary(base, 1'000, 11)) &&
         write("half.onnx", test_models::CastToHalf(base)) &&
         write("int8.onnx", test_models::Quantise(base)) &&
         write("columns.onnx", test_models::QuantiseColumns(base)) &&
         write("int4.onnx", test_models::QuantiseBlocks(base)) &&
         write("dequantised.onnx", test_models::Dequantise(test_models::Quantise(base))) &&
         write("bfloat.onnx", test_models::CastToBfloat16(base)) &&
         write("bfloat_tuned.onnx",
               test_models::CastToBfloat16(test_models::FineTune(base, 1, 0.001, 12)));
}

std::string SafetensorsHeader(uint64_t tensors) {
  std::string json = "{";
  for (uint64_t i = 0; i < tensors; ++i) {
    const uint64_t begin = i * kTensorElements * sizeof(float);
    json += fmt::format(R"({}"t{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})",
                        i == 0 ? "" : ",", i, kTensorElements, begin,
                        begin + kTensorElements * sizeof(float));
  }
  json += "}";
  json.resize((json.size() + 7) / 8 * 8, ' ');
  return json;
}

// A safetensors file of about `gigabytes` * 10^9 bytes, written piece by piece. Its weights have
// some hundred values only, so that stores of it need a quarter of its room. In the tuned one each
// tenth weight is at the next value.
bool WriteLarge(const std::string& path, uint64_t gigabytes, bool is_tuned) {
  const uint64_t tensors = gigabytes * 1'000'000'000 / (kTensorElements * sizeof(float));
  std::ofstream file(path, std::ios::binary);
  const std::string header = SafetensorsHeader(tensors);
  const uint64_t length = header.size();
  file.write(reinterpret_cast<const char*>(&length), sizeof(length));  // little-endian machines
  file.write(header.data(), static_cast<std::streamsize>(length));
  test_models::NormalNumbers numbers(1);
  std::minstd_rand tuned(2);
  std::vector<float> piece(kPieceElements);
  for (uint64_t i = 0; i < tensors * (kTensorElements / kPieceElements); ++i) {
    for (float& weight : piece) {
      float value = std::round(numbers.Next(0, kSpread));
      if (is_tuned && tuned() % 10 == 0) ++value;
      weight = value * kSigma / kSpread;
    }
    file.write(reinterpret_cast<const char*>(piece.data()),
               static_cast<std::streamsize>(piece.size() * sizeof(float)));
  }
  return file.flush().good();
}

int Main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  bool ok = false;
  if (command == "versions" && argc == 3) {
    ok = WriteVersions(argv[2]);
  } else if (command == "family" && argc == 4 && std::atoi(argv[3]) > 2) {
    ok = WriteFamily(argv[2], std::atoi(argv[3]));
  } else if ((command == "large" || command == "large-tuned") && argc == 4) {
    ok = WriteLarge(argv[2], std::strtoull(argv[3], nullptr, 10), command == "large-tuned");
  } else {
    fmt::print(stderr,
               "usage: make_model versions DIR | make_model family DIR LAYERS (3 or more) | "
               "make_model large FILE GIGABYTES | make_model large-tuned FILE GIGABYTES\n");
    return 2;
  }
  if (!ok) fmt::print(stderr, "make_model: cannot write {}\n", argv[2]);
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace mreg::bench

int main(int argc, char** argv) { return mreg::bench::Main(argc, argv); }
