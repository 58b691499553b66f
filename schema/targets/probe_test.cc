#include "schema/targets/probe.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "schema/base/file_system.h"
#include "schema/onnx/model_reader.h"
#include "tests/models/memory_file.h"

namespace mreg::targets {
namespace {

// A runtime of opset 13 and IR 8 that has Identity, and Abs-13 of float and int8 without more.
class TinyRuntime final : public ModelLoader {
 public:
  absl::StatusOr<LoadAnswer> Load(ByteView bytes) override {
    const auto model = onnx::ReadModel(test_models::MemoryFile(Bytes(bytes)));
    if (!model.ok()) return model.status();
    ++asked;
    if (model->ir_version > 8) return LoadAnswer::kUnsupported;
    for (const onnx::OpsetImport& opset : model->opsets) {
      if (opset.domain.empty() && opset.version > 13) return LoadAnswer::kUnsupported;
    }
    const onnx::Node& node = model->graph.nodes.at(0);
    if (node.op_type == "Identity") return LoadAnswer::kLoads;
    if (node.op_type == "Neg") return LoadAnswer::kInvalid;
    if (node.op_type != "Abs" || model->opsets.at(0).version != 13) return LoadAnswer::kUnsupported;
    const std::string type = onnx::TypeName(model->graph.inputs.at(0).type);
    if (type == "tensor(int8)") return LoadAnswer::kFailed;
    return type == "tensor(float)" ? LoadAnswer::kLoads : LoadAnswer::kUnsupported;
  }

  size_t asked = 0;
};

TEST(ProbeTest, FindsWhatARuntimeHas) {
  TinyRuntime runtime;
  const auto profile = ProbeRuntime(runtime, [](size_t, size_t) {});
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->max_ir, 8);
  EXPECT_EQ(profile->opsets.at("ai.onnx").last, 13);
  const std::vector<Kernel>& abs = profile->kernels.at({"ai.onnx", "Abs"});
  ASSERT_EQ(abs.size(), 1u);
  EXPECT_EQ(abs[0].first, 13);
  ASSERT_EQ(abs[0].either.size(), 1u);
  EXPECT_EQ(abs[0].either[0].limits.at(0).second,
            (std::vector<std::string>{"tensor(float)", "tensor(int8)"}));
  // What it took for wrong is not known, what it did not have is not there.
  EXPECT_FALSE(profile->kernels.at({"ai.onnx", "Neg"})[0].has_types);
  EXPECT_FALSE(profile->kernels.contains({"ai.onnx", "Add"}));
  EXPECT_GT(runtime.asked, 1000u);
}

}  // namespace
}  // namespace mreg::targets
