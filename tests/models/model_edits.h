// What people do to a model between two versions, done to a serialised ModelProto. Each takes
// and returns the file's bytes, aborts if they are not a model, and is deterministic.
#pragma once

#include <cstdint>
#include <string_view>

#include "schema/base/bytes.h"

namespace mreg::test_models {

// Sets the entry of metadata_props, or adds it.
Bytes EditMetadata(ByteView model, std::string_view key, std::string_view value);

// Puts `prefix` before the names of all initializers, and wherever nodes use them.
Bytes RenameInitializers(ByteView model, std::string_view prefix);

// Shuffles the initializers.
Bytes ReorderInitializers(ByteView model, uint64_t seed);

// Adds an initializer of `elements` random fp16 values in the middle of the others.
Bytes InsertTensor(ByteView model, std::string_view name, uint64_t elements, uint64_t seed);

struct SplitModel {
  Bytes model;
  Bytes data;  // the content of the file that `model` names
};
// Moves every raw_data of at least 1 KiB to a file `location` beside the model, each to a multiple
// of `alignment` bytes. 1 is what onnx.save_model does.
SplitModel MoveToExternalFile(ByteView model, std::string_view location, uint64_t alignment);

// Adds normal noise to the last `fraction` of the fp16 and fp32 weights: `relative_sigma` times
// the standard deviation of each tensor.
Bytes FineTune(ByteView model, double fraction, double relative_sigma, uint64_t seed);

// Puts an Identity before the graph's first output, as another exporter's version might.
Bytes AddNode(ByteView model);

// Adds `rows` rows of random weights to the first fp32 initializer, an embedding.
Bytes GrowVocabulary(ByteView model, int64_t rows, uint64_t seed);

// Every fp32 initializer rounded to fp16.
Bytes CastToHalf(ByteView model);
// To bf16.
Bytes CastToBfloat16(ByteView model);

// Every fp32 initializer of two dimensions quantised to int8 with one scale, named as ONNX
// Runtime's quantiser does: x_quantized, x_scale, x_zero_point, and a DequantizeLinear.
Bytes Quantise(ByteView model);
// The same with a scale for each column, as ONNX Runtime does with MatMul's weights (per_channel).
Bytes QuantiseColumns(ByteView model);
// To int4 with a scale for each block of 32 in a column, symmetric, as DequantizeLinear of opset 21
// has them (block_size 32, axis 0). That opset is declared.
Bytes QuantiseBlocks(ByteView model);

// What Quantise made, as fp32 again: the levels times the scale.
Bytes Dequantise(ByteView model);

}  // namespace mreg::test_models
