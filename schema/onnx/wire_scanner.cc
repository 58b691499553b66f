#include "schema/onnx/wire_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/base/status.h"
#include "schema/onnx/tensor_reader.h"
#include "schema/onnx/wire_reader.h"

namespace mreg::onnx {
namespace {

// The messages that tensors are found in.
enum class Message { kModel, kGraph, kNode, kAttribute, kTensor, kSparse, kFunction, kTraining };

enum class Count { kOnce, kMany };

struct Child {
  Message parent;
  uint32_t number;
  Message message;
  Count count;
  const char* name;
};

// The ways that lead to tensors. A parser would merge a singular message that is repeated into
// one whose bytes lie nowhere in the file; so those are refused.
constexpr Child kChildren[] = {
    {Message::kModel, 7, Message::kGraph, Count::kOnce, "ModelProto.graph"},
    {Message::kModel, 20, Message::kTraining, Count::kMany, "ModelProto.training_info"},
    {Message::kModel, 25, Message::kFunction, Count::kMany, "ModelProto.functions"},
    {Message::kGraph, 1, Message::kNode, Count::kMany, "GraphProto.node"},
    {Message::kGraph, 5, Message::kTensor, Count::kMany, "GraphProto.initializer"},
    {Message::kGraph, 15, Message::kSparse, Count::kMany, "GraphProto.sparse_initializer"},
    {Message::kNode, 5, Message::kAttribute, Count::kMany, "NodeProto.attribute"},
    {Message::kAttribute, 5, Message::kTensor, Count::kOnce, "AttributeProto.t"},
    {Message::kAttribute, 6, Message::kGraph, Count::kOnce, "AttributeProto.g"},
    {Message::kAttribute, 10, Message::kTensor, Count::kMany, "AttributeProto.tensors"},
    {Message::kAttribute, 11, Message::kGraph, Count::kMany, "AttributeProto.graphs"},
    {Message::kAttribute, 22, Message::kSparse, Count::kOnce, "AttributeProto.sparse_tensor"},
    {Message::kAttribute, 23, Message::kSparse, Count::kMany, "AttributeProto.sparse_tensors"},
    {Message::kFunction, 7, Message::kNode, Count::kMany, "FunctionProto.node"},
    {Message::kFunction, 11, Message::kAttribute, Count::kMany, "FunctionProto.attribute_proto"},
    {Message::kTraining, 1, Message::kGraph, Count::kOnce, "TrainingInfoProto.initialization"},
    {Message::kTraining, 2, Message::kGraph, Count::kOnce, "TrainingInfoProto.algorithm"},
    {Message::kSparse, 1, Message::kTensor, Count::kOnce, "SparseTensorProto.values"},
    {Message::kSparse, 2, Message::kTensor, Count::kOnce, "SparseTensorProto.indices"},
};

const Child* FindChild(Message parent, uint32_t number) {
  for (const Child& child : kChildren) {
    if (child.parent == parent && child.number == number) return &child;
  }
  return nullptr;
}

// ModelProto's own fields that the scan tells.
enum ModelField : uint32_t {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kOpsetImport = 8
};

class Scanner {
 public:
  Scanner(const ReadableFile& file, uint64_t size, uint64_t min_bytes)
      : reader_(file, size), size_(size), min_bytes_(min_bytes) {}

  absl::StatusOr<ModelScan> Scan() {
    Walk(Message::kModel, {0, size_}, 0);
    if (!has_graph_) reader_.Fail(size_, "the model has no graph");
    if (!has_ir_version_) reader_.Fail(size_, "the model has no ir_version");
    MREG_RETURN_IF_ERROR(reader_.status());
    return std::move(scan_);
  }

 private:
  bool Walk(Message message, WireRange range, int depth);
  bool Enter(const Child& child, const WireField& field, int depth, uint32_t& seen);
  bool TakeModelField(const WireField& field);
  bool TakeText(const WireField& field, std::string& text);
  bool TakeOpset(const WireField& field);
  bool TakeTensor(WireRange range);
  bool ListInline(uint64_t at, TensorRecord tensor);
  bool ListExternal(uint64_t at, TensorRecord tensor);
  bool Charge(uint64_t at, uint64_t bytes);

  WireReader reader_;
  const uint64_t size_;
  const uint64_t min_bytes_;
  ModelScan scan_;
  uint64_t listed_bytes_ = 0;
  bool has_graph_ = false;
  bool has_ir_version_ = false;
};

bool Scanner::Walk(Message message, WireRange range, int depth) {
  if (depth > kMaxDepth) return reader_.Fail(range.begin, "messages nested too deeply");
  uint32_t seen = 0;
  for (WireField field; reader_.Next(range, field);) {
    if (const Child* const child = FindChild(message, field.number)) {
      if (!Enter(*child, field, depth, seen)) return false;
    } else if (message == Message::kModel && !TakeModelField(field)) {
      return false;
    }
  }
  return reader_.status().ok();
}

// `seen` has a bit for each field number met so far in the parent.
bool Scanner::Enter(const Child& child, const WireField& field, int depth, uint32_t& seen) {
  if (!reader_.Expect(field, WireType::kBytes, child.name)) return false;
  const uint32_t bit = 1u << child.number;
  if (child.count == Count::kOnce && (seen & bit) != 0) {
    return reader_.Fail(field.range.begin, fmt::format("{} is repeated", child.name));
  }
  seen |= bit;
  has_graph_ |= child.parent == Message::kModel && child.message == Message::kGraph;
  if (child.message == Message::kNode) ++scan_.node_count;
  if (child.message == Message::kTensor) return TakeTensor(field.range);
  return Walk(child.message, field.range, depth + 1);
}

bool Scanner::TakeModelField(const WireField& field) {
  switch (field.number) {
    case kIrVersion:
      has_ir_version_ = true;
      scan_.ir_version = static_cast<int64_t>(field.varint);
      return reader_.Expect(field, WireType::kVarint, "ModelProto.ir_version");
    case kProducerName:
      return TakeText(field, scan_.producer_name);
    case kProducerVersion:
      return TakeText(field, scan_.producer_version);
    case kOpsetImport:
      return TakeOpset(field);
    default:
      return true;
  }
}

bool Scanner::TakeText(const WireField& field, std::string& text) {
  return reader_.Expect(field, WireType::kBytes, "a text of the model") &&
         reader_.Read(field.range, kMaxTextBytes, text);
}

// An OperatorSetIdProto: domain 1, version 2.
bool Scanner::TakeOpset(const WireField& field) {
  if (!reader_.Expect(field, WireType::kBytes, "ModelProto.opset_import")) return false;
  OpsetImport opset;
  WireRange rest = field.range;
  for (WireField part; reader_.Next(rest, part);) {
    if (part.number == 1 && !TakeText(part, opset.domain)) return false;
    if (part.number != 2) continue;
    if (!reader_.Expect(part, WireType::kVarint, "OperatorSetIdProto.version")) return false;
    opset.version = static_cast<int64_t>(part.varint);
  }
  if (!Charge(field.range.begin, sizeof(opset) + opset.domain.size())) return false;
  scan_.opsets.push_back(std::move(opset));
  return true;
}

bool Scanner::TakeTensor(WireRange range) {
  if (++scan_.tensor_count > kMaxTensors) {
    return reader_.Fail(range.begin, fmt::format("more than {} tensors", kMaxTensors));
  }
  TensorRecord tensor;
  if (!ReadTensor(reader_, range, tensor)) return false;
  if (tensor.is_external) return ListExternal(range.begin, std::move(tensor));
  const bool listed = tensor.payload_fields == 1 && tensor.payload.size() >= min_bytes_;
  return !listed || ListInline(range.begin, std::move(tensor));
}

bool Scanner::ListInline(uint64_t at, TensorRecord tensor) {
  InlineTensor listed;
  listed.is_plain = HasPlainPayload(tensor);
  listed.name = std::move(tensor.name);
  listed.type = tensor.type;
  listed.dims = std::move(tensor.dims);
  listed.offset = tensor.payload.begin;
  listed.length = tensor.payload.size();
  const uint64_t dims_bytes = listed.dims.size() * sizeof(int64_t);
  if (!Charge(at, sizeof(listed) + listed.name.size() + dims_bytes)) return false;
  scan_.tensors.push_back(std::move(listed));
  return true;
}

bool Scanner::ListExternal(uint64_t at, TensorRecord tensor) {
  ExternalTensor listed;
  listed.name = std::move(tensor.name);
  listed.type = tensor.type;
  listed.dims = std::move(tensor.dims);
  listed.location = std::move(tensor.location);
  listed.offset = tensor.external_offset;
  listed.length = tensor.external_length;
  const uint64_t dims_bytes = listed.dims.size() * sizeof(int64_t);
  const uint64_t text_bytes = listed.name.size() + listed.location.size();
  if (!Charge(at, sizeof(listed) + text_bytes + dims_bytes)) return false;
  scan_.external.push_back(std::move(listed));
  return true;
}

// Keeps a hostile model's lists within kMaxScanBytes.
bool Scanner::Charge(uint64_t at, uint64_t bytes) {
  listed_bytes_ += bytes;
  return listed_bytes_ <= kMaxScanBytes || reader_.Fail(at, "the model lists too much to hold");
}

}  // namespace

absl::StatusOr<ModelScan> ScanModel(const ReadableFile& file, uint64_t min_bytes) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  auto scan = Scanner(file, size, std::max<uint64_t>(min_bytes, 1)).Scan();
  if (!scan.ok()) return Annotate(scan.status(), "scan ONNX model");
  return scan;
}

}  // namespace mreg::onnx
