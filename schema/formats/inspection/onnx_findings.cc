#include "schema/formats/inspection/onnx_findings.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "schema/base/status.h"
#include "schema/onnx/wire_reader.h"

namespace mreg::formats {
namespace {

using onnx::WireField;
using onnx::WireRange;
using onnx::WireType;

constexpr uint64_t kMaxListedBytes = 64 << 20;  // far more than any real model has

// ONNX's own, then those that every build of ONNX Runtime brings.
constexpr std::array<std::string_view, 12> kKnownDomains = {"",
                                                            "ai.onnx",
                                                            "ai.onnx.ml",
                                                            "ai.onnx.training",
                                                            "ai.onnx.preview",
                                                            "ai.onnx.preview.training",
                                                            "com.microsoft",
                                                            "com.microsoft.nchwc",
                                                            "com.microsoft.experimental",
                                                            "com.microsoft.dml",
                                                            "com.ms.internal.nhwc",
                                                            "org.pytorch.aten"};

enum class Message { kModel, kGraph, kNode, kAttribute, kFunction, kTraining };

struct Child {
  Message parent;
  uint32_t number;
  Message message;
};

// The ways that lead to nodes. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
constexpr Child kChildren[] = {
    {Message::kModel, 7, Message::kGraph},         {Message::kModel, 20, Message::kTraining},
    {Message::kModel, 25, Message::kFunction},     {Message::kGraph, 1, Message::kNode},
    {Message::kNode, 5, Message::kAttribute},      {Message::kAttribute, 6, Message::kGraph},
    {Message::kAttribute, 11, Message::kGraph},    {Message::kFunction, 7, Message::kNode},
    {Message::kFunction, 11, Message::kAttribute}, {Message::kTraining, 1, Message::kGraph},
    {Message::kTraining, 2, Message::kGraph},
};

const Child* FindChild(Message parent, uint32_t number) {
  for (const Child& child : kChildren) {
    if (child.parent == parent && child.number == number) return &child;
  }
  return nullptr;
}

using Operator = std::pair<std::string, std::string>;  // domain, name

class Walker {
 public:
  Walker(const ReadableFile& file, uint64_t size) : reader_(file, size), size_(size) {}

  absl::StatusOr<OnnxFindings> Walk() {
    Enter(Message::kModel, {0, size_}, 0);
    MREG_RETURN_IF_ERROR(reader_.status());
    std::set<std::string> domains;
    for (const Operator& used : used_) {
      if (!defined_.contains(used)) domains.insert(used.first);
    }
    findings_.custom_domains.assign(domains.begin(), domains.end());
    for (const Operator& path : paths_) findings_.ep_context_paths.push_back(path.first);
    return std::move(findings_);
  }

 private:
  bool Enter(Message message, WireRange range, int depth) {
    if (depth > onnx::kMaxDepth) return reader_.Fail(range.begin, "messages nested too deeply");
    if (message == Message::kNode && !TakeNode(range)) return false;
    if (message == Message::kFunction && !TakeFunction(range)) return false;
    for (WireField field; reader_.Next(range, field);) {
      const Child* const child = FindChild(message, field.number);
      if (child == nullptr || field.type != WireType::kBytes) continue;
      if (!Enter(child->message, field.range, depth + 1)) return false;
    }
    return reader_.status().ok();
  }

  // op_type 4, domain 7.
  bool TakeNode(WireRange range) {
    Operator used;
    const WireRange node = range;
    for (WireField field; reader_.Next(range, field);) {
      if (field.type != WireType::kBytes) continue;
      if (field.number == 4 && !Read(field, used.second)) return false;
      if (field.number == 7 && !Read(field, used.first)) return false;
    }
    if (used.second == "EPContext" && !TakeEpContext(node)) return false;
    if (std::ranges::find(kKnownDomains, used.first) != kKnownDomains.end()) {
      return reader_.status().ok();
    }
    return List(node, std::move(used), used_);
  }

  // name 1, domain 10.
  bool TakeFunction(WireRange range) {
    Operator defined;
    for (WireField field; reader_.Next(range, field);) {
      if (field.type != WireType::kBytes) continue;
      if (field.number == 1 && !Read(field, defined.second)) return false;
      if (field.number == 10 && !Read(field, defined.first)) return false;
    }
    return List(range, std::move(defined), defined_);
  }

  // An attribute's name is 1, its integer 3, its text 4. The text of ep_cache_context is a path
  // where embed_mode is 0, else the compiled graph.
  bool TakeEpContext(WireRange node) {
    ++findings_.ep_context_nodes;
    std::string path;
    bool is_embedded = true;
    for (WireField attribute; reader_.Next(node, attribute);) {
      if (attribute.number != 5 || attribute.type != WireType::kBytes) continue;
      std::string name, text;
      uint64_t number = 0;
      if (!ReadAttribute(attribute.range, name, text, number)) return false;
      if (name == "embed_mode") is_embedded = number != 0;
      if (name == "ep_cache_context") path = std::move(text);
    }
    return is_embedded ? reader_.status().ok() : List(node, Operator(path, ""), paths_);
  }

  // A hostile model must neither fill the memory nor hide one name behind many.
  bool List(WireRange at, Operator entry, std::set<Operator>& list) {
    const uint64_t bytes = sizeof(entry) + entry.first.size() + entry.second.size();
    if (list.insert(std::move(entry)).second) listed_bytes_ += bytes;
    return reader_.status().ok() &&
           (listed_bytes_ <= kMaxListedBytes || reader_.Fail(at.begin, "too many names to hold"));
  }

  bool ReadAttribute(WireRange range, std::string& name, std::string& text, uint64_t& number) {
    for (WireField field; reader_.Next(range, field);) {
      const bool is_text = field.type == WireType::kBytes;
      if (field.number == 1 && is_text && !Read(field, name)) return false;
      if (field.number == 3 && field.type == WireType::kVarint) number = field.varint;
      const bool is_short = field.range.size() <= onnx::kMaxTextBytes;
      if (field.number == 4 && is_text && is_short && !Read(field, text)) return false;
    }
    return reader_.status().ok();
  }

  bool Read(const WireField& field, std::string& text) {
    return reader_.Read(field.range, onnx::kMaxTextBytes, text);
  }

  onnx::WireReader reader_;
  const uint64_t size_;
  OnnxFindings findings_;
  std::set<Operator> used_, defined_;
  std::set<Operator> paths_;  // each in place of a domain
  uint64_t listed_bytes_ = 0;
};

std::vector<ExternalFile> ExternalFiles(const onnx::ModelScan& scan) {
  std::map<std::string, uint64_t> ends;
  for (const onnx::ExternalTensor& tensor : scan.external) {
    uint64_t end = 0;
    if (__builtin_add_overflow(tensor.offset, tensor.length, &end)) {
      end = std::numeric_limits<uint64_t>::max();
    }
    uint64_t& known = ends[tensor.location];
    known = std::max(known, end);
  }
  std::vector<ExternalFile> files;
  for (const auto& [location, end] : ends) files.push_back({location, end});
  return files;
}

}  // namespace

absl::StatusOr<OnnxFindings> FindInModel(const ReadableFile& file, const onnx::ModelScan& scan) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  MREG_ASSIGN_OR_RETURN(OnnxFindings findings, Walker(file, size).Walk());
  findings.external = ExternalFiles(scan);
  return findings;
}

bool StaysBelowModel(std::string_view location) {
  if (location.find_first_of(std::string_view("\\:\0", 3)) != location.npos) return false;
  while (true) {
    const std::string_view part = location.substr(0, location.find('/'));
    if (part.empty() || part == "..") return false;
    if (part == "." && part.size() == location.size()) return false;
    if (part.size() == location.size()) return true;
    location.remove_prefix(part.size() + 1);
  }
}

}  // namespace mreg::formats
