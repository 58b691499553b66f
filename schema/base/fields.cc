#include "schema/base/fields.h"

namespace mreg {

Fields Split(std::string_view text, char separator) {
  Fields fields;
  for (;;) {
    const size_t end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

}  // namespace mreg
