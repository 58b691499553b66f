// What people ask about a model, told from its graph.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/onnx/model.h"

namespace mreg::onnx {

struct TypeUse {
  DataType type = 0;
  uint64_t tensors = 0;
  uint64_t elements = 0;
  uint64_t bytes = 0;
};

struct OperatorUse {
  std::string domain;  // "ai.onnx", never ""
  std::string name;
  int64_t since = 0;         // the version that the imported opset means; 0: ONNX has none such
  bool is_function = false;  // that the model itself defines
  uint64_t nodes = 0;
};

struct OpsetUse {
  std::string domain;
  int64_t imported = 0;
  int64_t needed = 0;  // the lowest at which all operators mean the same; 0 where ONNX does not say
  uint64_t nodes = 0;  // none: imported, but not used
};

struct FunctionFact {
  std::string domain;
  std::string name;
  uint64_t nodes = 0;
};

struct ExternalFile {
  std::string location;  // as the model writes it
  uint64_t tensors = 0;
  uint64_t bytes = 0;     // that those say to take of it
  bool is_inside = true;  // false: it names a place that is not below the model's folder
};

// How a model is quantised.
struct QuantisationFacts {
  uint64_t qdq = 0;                // QuantizeLinear, DequantizeLinear
  uint64_t integer_operators = 0;  // QLinearConv, MatMulInteger, ...
  uint64_t dynamic = 0;            // DynamicQuantizeLinear
  uint64_t blockwise = 0;          // weights in blocks: MatMulNBits, GatherBlockQuantized
  uint64_t annotations = 0;        // quantization_annotation
  bool any() const { return qdq + integer_operators + dynamic + blockwise + annotations > 0; }
};

// What is to be known before a model is loaded.
struct ModelDanger {
  enum class Kind : uint8_t { kExternalEscapes, kCustomDomain, kContextPath, kContextBlob };
  Kind kind;
  std::string detail;  // the location, domain or path
};

struct ModelFacts {
  int64_t ir_version = 0;
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  int64_t model_version = 0;
  std::string doc;
  std::string graph_name;
  std::vector<Property> metadata;
  std::vector<OpsetUse> opsets;   // by domain
  std::vector<ValueInfo> inputs;  // without initializers
  std::vector<ValueInfo> outputs;
  std::vector<TypeUse> types;          // of initializers and constants; the most bytes first
  std::vector<OperatorUse> operators;  // by domain, name
  std::vector<FunctionFact> functions;
  uint64_t parameters = 0;  // elements of all types
  uint64_t parameter_bytes = 0;
  uint64_t nodes = 0;  // in all graphs and functions
  uint64_t graphs = 0;
  int subgraph_depth = 0;  // 0: no graph within a graph
  uint64_t sparse_tensors = 0;
  bool has_training = false;
  QuantisationFacts quantisation;
  std::vector<ExternalFile> external;  // by location
  std::vector<ModelDanger> dangers;
};

// Never fails: what cannot be told is left empty. Counts that overflow stay at the largest.
ModelFacts GatherFacts(const Model& model);

// Whether a tensor's location stays in the model's folder by its text: relative, no ".." and no
// empty part, no backslash, no drive.
bool IsLocationInside(std::string_view location);

// Elements that its dims say; saturates.
uint64_t ElementCount(const std::vector<int64_t>& dims);

}  // namespace mreg::onnx
