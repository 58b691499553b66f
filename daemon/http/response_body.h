// The body of one response, read a piece ahead of what is being sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "daemon/http/service.h"

namespace mreg::http {

// Two pieces take turns: one is sent by the connection while the other is filled on a worker. Not
// thread-safe beyond that.
class ResponseBody {
 public:
  explicit ResponseBody(Service& service) : service_(service) {}

  struct Piece {
    std::unique_ptr<char[]> buffer;
    size_t size = 0;
    bool last = false;
    absl::Status status;  // what is not OK cuts the response

    std::string_view view() const { return {buffer.get(), size}; }
  };

  // `length`: nothing if unknown. Resets both pieces.
  void Begin(ByteSource* source, std::optional<uint64_t> length);

  // Fills the piece that was not filled last. Blocks as the source does; `error` is as in Service.
  void ReadNext(std::string& error);
  // The piece that was filled last.
  const Piece& piece() const { return pieces_[current_]; }

 private:
  void FillKnown(Piece& piece, std::string& error);
  void FillUnknown(Piece& piece, std::string& error);

  Service& service_;
  ByteSource* source_ = nullptr;
  std::optional<uint64_t> remaining_;
  Piece pieces_[2];
  size_t current_ = 0;
};

}  // namespace mreg::http
