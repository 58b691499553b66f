// One request and its response.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "daemon/http/body_reader.h"
#include "daemon/http/head.h"
#include "daemon/http/offload.h"
#include "daemon/http/response_body.h"
#include "daemon/http/response_head.h"
#include "daemon/http/service.h"
#include "daemon/http/wire.h"

namespace mreg::http {

// What becomes of the connection.
enum class After {
  kNext,    // the next request
  kFinish,  // an orderly end
  kReset,   // the client must not take what it has for the whole
  kGone,    // nothing: nobody is there
};

// Confined to the strand of the wire, but for the parts that run in `offload` while Run awaits
// them. Destroyed only when no call is under way there.
class Exchange {
 public:
  Exchange(Service& service, Wire& wire, Offload& offload)
      : service_(service),
        wire_(wire),
        offload_(offload),
        body_(wire, service.limits()),
        response_body_(service) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Serves the request that has this head, or answers the error in it. Once.
  Awaitable<After> Run(std::variant<Head, ProtocolError> head, std::string peer, Origin origin);

 private:
  // On workers.
  void StartHandler();
  void WriteBody(ByteView data);
  void FinishBody(ByteView data);
  void FailBody(const absl::Status& status);
  void Refuse(const ProtocolError& error);
  void TakeResponse(Response response);

  Awaitable<> Call(std::function<void()> call);
  Awaitable<> Receive();
  Awaitable<bool> SendContinue();
  Awaitable<> EndBody(const BodyError& error);
  std::span<char> BodyPiece(size_t turn);

  Awaitable<After> Respond();
  bool KeepAlive();
  bool HasBody() const;
  ResponseFraming FramingOf() const;
  Awaitable<After> SendText(std::string front, std::string_view text);
  Awaitable<After> SendStream(std::string front, bool chunked);
  Awaitable<IoError> Send(std::array<std::string_view, 3> parts);
  After Gone(IoError error);
  void Log();

  Service& service_;
  Wire& wire_;
  Offload& offload_;

  Head head_;
  Time::time_point start_ = Time::now();
  BodyReader body_;
  std::array<std::unique_ptr<char[]>, 2> body_pieces_;
  std::array<size_t, 2> body_piece_sizes_{};
  std::unique_ptr<BodyReceiver> receiver_;
  absl::Status write_status_;

  std::optional<Response> response_;  // nothing: the client is gone before there was any
  ResponseBody response_body_;
  bool must_close_ = false;
  uint64_t bytes_out_ = 0;
  std::string error_;  // for the log alone
};

}  // namespace mreg::http
