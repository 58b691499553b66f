// The few shapes of Asio's templates that the server uses. Internal to the server: it carries
// Asio's headers.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <tuple>

namespace mreg::http {

namespace asio = boost::asio;

// Every connection has a strand of its own: what it owns is touched there only, or by the one
// worker call it waits for.
using Executor = asio::strand<asio::io_context::executor_type>;

template <typename T = void>
using Awaitable = asio::awaitable<T, Executor>;

// Errors come as values, so that no exception says what a socket did.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

using Time = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Time, asio::wait_traits<Time>, Executor>;

// TCP and Unix alike.
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

using ErrorCode = boost::system::error_code;
using Transfer = std::tuple<ErrorCode, size_t>;

}  // namespace mreg::http
