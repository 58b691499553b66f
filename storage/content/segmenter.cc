#include "storage/content/segmenter.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "schema/base/status.h"
#include "schema/formats/safetensors.h"

namespace mreg::content {
namespace {

// Puts tensors in order into a file and fills what lies between them.
class RegionBuilder {
 public:
  RegionBuilder(uint64_t size, Cut between) : size_(size), between_(between) {}

  // Left out: a tensor too small to be worth a chunk, one that leaves the file, and one that
  // begins before the end of the last.
  void Add(Region tensor) {
    if (tensor.offset < end_ || tensor.offset > size_) return;
    if (tensor.length < onnx::kMinTensorBytes || tensor.length > size_ - tensor.offset) return;
    FillTo(tensor.offset);
    end_ += tensor.length;
    regions_.push_back(std::move(tensor));
  }

  std::vector<Region> Finish() {
    FillTo(size_);
    return std::move(regions_);
  }

 private:
  void FillTo(uint64_t offset) {
    if (offset == end_) return;
    Region region;
    region.offset = end_;
    region.length = offset - end_;
    region.cut = between_;
    regions_.push_back(std::move(region));
    end_ = offset;
  }

  const uint64_t size_;
  const Cut between_;
  uint64_t end_ = 0;
  std::vector<Region> regions_;
};

Region TensorRegion(uint64_t offset, uint64_t length, onnx::DataType type, std::string name,
                    std::vector<int64_t> dims) {
  return {offset, length, Cut::kTensor, type, std::move(name), std::move(dims)};
}

// A parser's refusal means that the file is something else; any other error is the file's.
bool IsRefusal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument;
}

Layout SafetensorsLayout(const formats::SafetensorsHeader& header, uint64_t size) {
  RegionBuilder regions(size, Cut::kSkeleton);
  for (const formats::SafetensorsTensor& tensor : header.tensors) {
    regions.Add(TensorRegion(tensor.offset, tensor.length, tensor.type, tensor.name, tensor.shape));
  }
  return {FileKind::kSafetensors, regions.Finish(), std::nullopt};
}

Layout OnnxLayout(onnx::ModelScan scan, uint64_t size) {
  RegionBuilder regions(size, Cut::kSkeleton);
  for (const onnx::InlineTensor& tensor : scan.tensors) {
    const onnx::DataType type = tensor.is_plain ? tensor.type : 0;
    regions.Add(TensorRegion(tensor.offset, tensor.length, type, tensor.name, tensor.dims));
  }
  return {FileKind::kOnnx, regions.Finish(), std::move(scan)};
}

// The order decides which of several overlapping ranges counts: the first, of those the longest.
bool ComesBefore(const Region& a, const Region& b) {
  return std::tie(a.offset, b.length, a.tensor, a.type) <
         std::tie(b.offset, a.length, b.tensor, b.type);
}

Layout ExternalLayout(const std::vector<ExternalRange>& external, uint64_t size) {
  std::vector<Region> tensors;
  for (const ExternalRange& range : external) {
    if (range.offset >= size) continue;
    const uint64_t length = range.length == 0 ? size - range.offset : range.length;
    if (length > size - range.offset) continue;
    tensors.push_back(TensorRegion(range.offset, length, range.type, range.tensor, range.dims));
  }
  std::ranges::sort(tensors, ComesBefore);
  RegionBuilder regions(size, Cut::kContent);
  for (Region& tensor : tensors) regions.Add(std::move(tensor));
  return {FileKind::kExternalData, regions.Finish(), std::nullopt};
}

}  // namespace

absl::StatusOr<Layout> PlanLayout(const ReadableFile& file,
                                  const std::vector<ExternalRange>& external) {
  MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  if (auto header = formats::ReadSafetensorsHeader(file); header.ok()) {
    return SafetensorsLayout(*header, size);
  } else if (!IsRefusal(header.status())) {
    return header.status();
  }
  if (auto scan = onnx::ScanModel(file); scan.ok()) {
    return OnnxLayout(*std::move(scan), size);
  } else if (!IsRefusal(scan.status())) {
    return scan.status();
  }
  if (!external.empty()) return ExternalLayout(external, size);
  return Layout{FileKind::kOther, RegionBuilder(size, Cut::kContent).Finish(), std::nullopt};
}

}  // namespace mreg::content
