// A model's facts as people read them.
#pragma once

#include <string>

#include "cli/terminal/terminal.h"
#include "schema/onnx/model_facts.h"

namespace mreg::cli {

// Lines of a name and what there is to say, indented by two blanks; everything from the model is
// escaped. What a model has not is left out.
std::string FormatFacts(const terminal::Terminal& terminal, const onnx::ModelFacts& facts);

}  // namespace mreg::cli
