// Matrices the other way round: the weights that one exporter keeps by output another keeps by
// input. docs/formats/encodings.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "schema/base/bytes.h"
#include "schema/onnx/wire_scanner.h"

namespace mreg::encoding {

// Gives the elements from number `first` on of a matrix of `columns` by `rows`, from one of `rows`
// by `columns` with elements of `type`.
struct Transposition {
  onnx::DataType type = 0;
  uint32_t rows = 0, columns = 0, first = 0;
};

// Whether elements of that type can be moved: they are of whole bytes.
bool CanTranspose(onnx::DataType type);

// That which gives a matrix of `dims` from number `first` on. Nothing if `base` does not hold as
// many elements.
std::optional<Transposition> TranspositionTo(std::span<const int64_t> dims, uint64_t first,
                                             ByteView base, onnx::DataType type);

// Up to `most` elements.
Bytes Transpose(ByteView base, const Transposition& transposition, uint64_t most);

void AppendTransposition(const Transposition& transposition, Bytes& out);
// Whether one is at the front of `in`.
bool HasTransposition(ByteView in);
// Takes it off. DataLoss if it makes no sense for bases of so many bytes.
absl::StatusOr<Transposition> TakeTransposition(ByteView& in, size_t base_bytes);

}  // namespace mreg::encoding
