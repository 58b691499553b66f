// Texts made of fields with a separator between them, as tables of data are.
#pragma once

#include <string_view>
#include <vector>

namespace mreg {

using Fields = std::vector<std::string_view>;

// All fields, empty ones too; of an empty text one. They are parts of `text`.
Fields Split(std::string_view text, char separator);

}  // namespace mreg
