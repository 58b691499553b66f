// What a Keras model's configuration would make the one who loads it run.
// Internal to schema/formats/inspection.
#pragma once

#include <optional>
#include <string>

#include "schema/base/bytes.h"

namespace mreg::formats {

// What in `json` names Python code that is not Keras's own: "a Lambda layer", "the class
// builtins.exec". Nothing if there is none, or it is no JSON.
std::optional<std::string> CodeInKerasConfig(ByteView json);

}  // namespace mreg::formats
