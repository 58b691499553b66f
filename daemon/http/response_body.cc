#include "daemon/http/response_body.h"

#include <algorithm>

#include "daemon/http/piece.h"

namespace mreg::http {

void ResponseBody::Begin(ByteSource* source, std::optional<uint64_t> length) {
  source_ = source;
  remaining_ = length;
}

void ResponseBody::ReadNext(std::string& error) {
  Piece& piece = pieces_[current_ ^ 1];
  if (piece.buffer == nullptr) {
    piece.buffer = std::make_unique_for_overwrite<char[]>(
        std::min<uint64_t>(kPieceBytes, remaining_.value_or(kPieceBytes)));
  }
  piece.size = 0;
  remaining_ ? FillKnown(piece, error) : FillUnknown(piece, error);
  current_ ^= 1;
}

// Fills it whole, since the client cannot use less any sooner.
void ResponseBody::FillKnown(Piece& piece, std::string& error) {
  const size_t size = std::min<uint64_t>(kPieceBytes, *remaining_);
  while (piece.size < size) {
    const auto read =
        service_.Read(*source_, {piece.buffer.get() + piece.size, size - piece.size}, error);
    if (!read.ok()) {
      piece.status = read.status();
      return;
    }
    if (*read == 0) {
      piece.status = absl::DataLossError("the response's source ended before its length");
      return;
    }
    piece.size += *read;
  }
  *remaining_ -= size;
  piece.last = *remaining_ == 0;
}

// One Read a piece: what a source of unknown length has to say may be awaited.
void ResponseBody::FillUnknown(Piece& piece, std::string& error) {
  const auto read = service_.Read(*source_, {piece.buffer.get(), kPieceBytes}, error);
  piece.status = read.status();
  piece.size = read.value_or(0);
  piece.last = read.ok() && piece.size == 0;
}

}  // namespace mreg::http
