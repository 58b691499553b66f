// How many connections there may be.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace mreg::http {

// Thread-safe. Tickets may outlive it.
class Admission {
 public:
  Admission(size_t most, size_t most_per_group);

  // A place among the connections, given back when destroyed.
  using Ticket = std::shared_ptr<void>;

  // Nothing if `group` (of peers that count as one) or the server has no place left.
  Ticket Admit(const std::string& group);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mreg::http
