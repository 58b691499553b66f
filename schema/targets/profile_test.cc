#include "schema/targets/profile.h"

#include <gtest/gtest.h>

#include "schema/targets/builtin_profiles.h"

namespace mreg::targets {
namespace {

constexpr char kEdge[] =
    "mreg-target\t1\n"
    "# A comment.\n"
    "name\tedge\n"
    "title\tA small box\n"
    "base\tort-1.23.2-cpu\n"
    "runtime\tonnxruntime\t1.23.2\n"
    "provider\tCPUExecutionProvider\n"
    "library\t/opt/libonnxruntime.so\n"
    "memory\t1024\n"
    "ir\t9\n"
    "opset\tai.onnx\t7\t20\n"
    "operators\topen\n"
    "types\t0\ttensor(int8) tensor(float)\n"
    "types\t1\ttensor(int64)\n"
    "op\tai.onnx\tAbs\t6\t12\t-\n"
    "op\tai.onnx\tAbs\t13\t20\tT=0|T=1\tlayout=1;mode=a\n"
    "op\tai.onnx\tAdd\t7\t20\t?\n";

TEST(ProfileTest, IsReadWithAllItSays) {
  const auto profile = ParseProfile(kEdge);
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->name, "edge");
  EXPECT_EQ(profile->base, "ort-1.23.2-cpu");
  EXPECT_EQ(profile->runtime_version, "1.23.2");
  EXPECT_EQ(profile->memory, 1024u);
  EXPECT_EQ(profile->max_ir, 9);
  EXPECT_TRUE(profile->is_open);
  EXPECT_EQ(profile->opsets.at("ai.onnx"), (VersionRange{7, 20}));
  const std::vector<Kernel>& abs = profile->kernels.at({"ai.onnx", "Abs"});
  ASSERT_EQ(abs.size(), 2u);
  EXPECT_TRUE(abs[0].either.at(0).limits.empty());
  ASSERT_EQ(abs[1].either.size(), 2u);
  EXPECT_EQ(abs[1].either[0].limits[0].second,
            (std::vector<std::string>{"tensor(float)", "tensor(int8)"}));
  EXPECT_EQ(abs[1].refused.size(), 2u);
  EXPECT_FALSE(profile->kernels.at({"ai.onnx", "Add"})[0].has_types);
}

TEST(ProfileTest, ComesBackFromItsText) {
  const auto profile = ParseProfile(kEdge);
  ASSERT_TRUE(profile.ok());
  const auto again = ParseProfile(FormatProfile(*profile));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *profile);
}

TEST(ProfileTest, SaysInWhichLineItIsWrong) {
  const std::string head = "mreg-target\t1\nname\tx\n";
  for (const char* const line :
       {"types\t1\ttensor(float)", "op\tai.onnx\tAbs\t1\t2", "op\tai.onnx\tAbs\t2\t1\t-",
        "op\tai.onnx\tAbs\t1\t2\tT=0", "op\tai.onnx\tAbs\t1\t2\tT", "opset\tai.onnx\t1",
        "memory\t-1", "memory\tmuch", "colour\tred", "title\ta\x1b[31m", "operators\tsome"}) {
    const auto profile = ParseProfile(head + line + "\n");
    ASSERT_FALSE(profile.ok()) << line;
    EXPECT_NE(profile.status().message().find("line 3"), absl::string_view::npos)
        << profile.status();
  }
  EXPECT_FALSE(ParseProfile("").ok());
  EXPECT_FALSE(ParseProfile("mreg-target\t2\nname\tx\n").ok());
  EXPECT_FALSE(ParseProfile("mreg-target\t1\n").ok());
  EXPECT_FALSE(ParseProfile("mreg-target\t1\nname\t../x\n").ok());
}

TEST(ProfileTest, RefinesItsBase) {
  const auto base = ParseProfile(kEdge);
  Profile own;
  own.name = "smaller";
  own.base = "edge";
  own.memory = 10;
  own.opsets["ai.onnx"] = {7, 13};
  const Profile refined = Refine(*base, own);
  EXPECT_EQ(refined.name, "smaller");
  EXPECT_EQ(refined.memory, 10u);
  EXPECT_EQ(refined.title, "A small box");
  EXPECT_EQ(refined.opsets.at("ai.onnx").last, 13);
  EXPECT_EQ(refined.kernels, base->kernels);
}

TEST(ProfileTest, OfEveryTargetThatIsBuiltIn) {
  for (const std::string_view* const text : BuiltinProfiles()) {
    const auto profile = ParseProfile(*text);
    ASSERT_TRUE(profile.ok()) << profile.status() << " " << text->substr(0, 40);
    EXPECT_FALSE(profile->title.empty()) << profile->name;
    EXPECT_FALSE(profile->source.empty()) << profile->name;
    EXPECT_FALSE(profile->runtime.empty()) << profile->name;
    EXPECT_TRUE(profile->library.empty()) << profile->name;
  }
}

}  // namespace
}  // namespace mreg::targets
