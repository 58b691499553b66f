// Facts as JSON: what `mreg inspect --json` prints, the API gives and the catalog keeps. The
// members are described in docs/formats/model-facts.md.
#pragma once

#include <string>

#include "schema/onnx/model_facts.h"

namespace mreg::onnx {

// One object, on one line. Text that is not UTF-8 has its wrong bytes replaced by U+FFFD.
std::string FactsToJson(const ModelFacts& facts);

// "external_escapes", "custom_domain", "context_path", "context_blob".
std::string DangerName(ModelDanger::Kind kind);

}  // namespace mreg::onnx
