// mreg-lint-onnx FILE: asks libonnx what it thinks of a model, and says so line by line. A process
// of its own, since libonnx crashes on some models. Opens no other file than that.
// What it writes: docs/formats/lint.md.
#include <onnx/checker.h>
#include <onnx/common/version.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <new>
#include <string>
#include <string_view>

#include "schema/base/file_system.h"
#include "schema/base/status.h"
#include "schema/lint/lines.h"

namespace {

using namespace mreg::lint;
using onnx::ModelProto;
using onnx::OpSchemaRegistry;
using onnx::ShapeInferenceOptions;

void Say(const Line& line) {
  const std::string text = FormatLine(line);
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = write(STDOUT_FILENO, rest.data(), rest.size());
    if (written <= 0) _exit(1);
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

// Why libonnx cannot judge the model; "" where it can. It would refuse a later IR version, and take
// a later opset for its last.
std::string LaterThanKnown(const ModelProto& model) {
  if (model.ir_version() > onnx::Version::IR_VERSION) {
    return "IR version " + std::to_string(model.ir_version()) + " is later than libonnx " +
           onnx::LAST_RELEASE_VERSION + " knows (" + std::to_string(onnx::Version::IR_VERSION) +
           ")";
  }
  const auto& known = onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  for (const auto& opset : model.opset_import()) {
    const auto range = known.find(opset.domain() == "ai.onnx" ? "" : opset.domain());
    if (range == known.end() || opset.version() <= range->second.second) continue;
    return "opset " + std::to_string(opset.version()) + " of " +
           (range->first.empty() ? "ai.onnx" : range->first) + " is later than libonnx " +
           onnx::LAST_RELEASE_VERSION + " knows (" + std::to_string(range->second.second) + ")";
  }
  return "";
}

void Try(const char* name, const std::function<void()>& stage) {
  try {
    stage();
    Say(Stage{name, true, ""});
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    Say(Stage{name, false, error.what()});
  } catch (...) {
    Say(Stage{name, false, "something was thrown that is no exception"});
  }
}

void InferShapes(ModelProto model, bool propagates_data) {
  constexpr bool kChecksTypes = true;
  constexpr int kStrict = 1;
  const ShapeInferenceOptions options(kChecksTypes, kStrict, propagates_data);
  onnx::shape_inference::InferShapes(model, OpSchemaRegistry::Instance(), options);
}

EndLine Lint(const char* path) {
  ModelProto model;
  {
    const auto bytes = mreg::ReadSmallFile(mreg::PosixFileSystem(), path, kMaxModelFile);
    if (absl::IsResourceExhausted(bytes.status())) {
      return {Result::kTooLarge, std::string(mreg::MessageOf(bytes.status()))};
    }
    if (!bytes.ok()) return {Result::kFailed, std::string(mreg::MessageOf(bytes.status()))};
    if (!model.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      return {Result::kFailed, "libonnx cannot parse it"};
    }
  }
  if (std::string later = LaterThanKnown(model); !later.empty()) {
    return {Result::kUnknown, std::move(later)};
  }
  Try("checker", [&] { onnx::checker::check_model(model); });
  Try("full_check", [&] { InferShapes(model, false); });
  Try("shape_inference", [&] { InferShapes(model, true); });
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: mreg-lint-onnx FILE | --version\n");
    return 2;
  }
  Say(VersionLine{onnx::LAST_RELEASE_VERSION});
  if (std::string_view(arguments[1]) == "--version") return 0;
  try {
    Say(Lint(arguments[1]));
  } catch (const std::bad_alloc&) {
    Say(EndLine{Result::kOutOfMemory, "more memory was wanted than is allowed"});
  }
  // Without destructors: all is said.
  _exit(0);
}
