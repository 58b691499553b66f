#include "daemon/http/admission.h"

#include <mutex>
#include <unordered_map>

namespace mreg::http {

struct Admission::State {
  const size_t most;
  const size_t most_per_group;
  std::mutex mutex;
  size_t total = 0;
  std::unordered_map<std::string, size_t> per_group;

  bool Enter(const std::string& group) {
    std::lock_guard lock(mutex);
    if (total >= most) return false;
    size_t& count = per_group[group];
    if (count >= most_per_group) return false;
    ++count;
    ++total;
    return true;
  }

  void Leave(const std::string& group) {
    std::lock_guard lock(mutex);
    --total;
    const auto count = per_group.find(group);
    if (--count->second == 0) per_group.erase(count);
  }
};

Admission::Admission(size_t most, size_t most_per_group)
    : state_(new State{
          .most = most, .most_per_group = most_per_group, .mutex = {}, .per_group = {}}) {}

Admission::Ticket Admission::Admit(const std::string& group) {
  if (!state_->Enter(group)) return nullptr;
  return Ticket(state_.get(), [state = state_, group](void*) { state->Leave(group); });
}

}  // namespace mreg::http
