// Which content a registry takes, seen from those who push to it with a client that checks nothing.
#include "storage/registry/content_rules.h"

#include <gmock/gmock.h>

#include "schema/base/status.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/test_site.h"
#include "tests/models/wire_builder.h"

namespace mreg::sync {
namespace {

using registry::ContentAnswer;
using registry::ContentRule;
using test_models::Message;
using testing::AllOf;
using testing::HasSubstr;

const Bytes kPickle(
    "\x80\x02"
    "cos\nsystem\nX\x04\0\0\0true\x85R.",
    25);
const Bytes kTextPickle = "cos\nsystem\n(S'true'\ntR.";

Message ModelWithData(ByteView location, ByteView offset) {
  const auto entry = [](ByteView key, ByteView value) {
    return Message().Text(1, key).Text(2, value);
  };
  return test_models::ModelWith(Message().Sub(5, Message()
                                                     .Varint(1, 250)
                                                     .Varint(2, 1)
                                                     .Text(8, "w")
                                                     .Sub(13, entry("location", location))
                                                     .Sub(13, entry("offset", offset))
                                                     .Sub(13, entry("length", "1000"))
                                                     .Varint(14, 1)));
}

Message ModelWithNode(ByteView op_type, ByteView domain) {
  return test_models::ModelWith(Message().Sub(1, Message().Text(4, op_type).Text(7, domain)));
}

class ContentRulesTest : public testing::Test {
 protected:
  static registry::RegistryOptions Options() {
    registry::RegistryOptions options;
    options.content = registry::ContentRules();
    options.content.Set("lenient", ContentRule::kUnknownBinary, ContentAnswer::kAllow);
    options.content.Set("lenient", ContentRule::kExternalEscape, ContentAnswer::kAllow);
    options.content.Set("strict", ContentRule::kCustomDomains, ContentAnswer::kRefuse);
    options.content.Set("strict", ContentRule::kEpContext, ContentAnswer::kRefuse);
    return options;
  }

  absl::Status Push(const std::string& space, const std::map<std::string, Bytes>& files) {
    const auto name = registry::RepositoryName::Parse(space + "/vad");
    const auto remote = MakeLocalRemote(*registry_, owner_, *name, "local");
    return site_.PushTo(*remote, site_.Commit(files), "refs/heads/main", Force::kYes).status();
  }

  const SystemClock clock_;
  const registry::Caller owner_ = registry::Access::Owner();
  const std::unique_ptr<registry::Registry> registry_ = *registry::OpenRegistry(
      FreshDirectory(), registry::OpenMode::kCreate, Options(), PosixFileSystem(), clock_);
  Site site_;
};

#define EXPECT_REFUSED(expression, matcher)                   \
  do {                                                        \
    const absl::Status refused = (expression);                \
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused; \
    EXPECT_THAT(std::string(MessageOf(refused)), matcher);    \
  } while (false)

TEST_F(ContentRulesTest, UnsafeContentIsRefusedUnderAnyNameAndRule) {
  for (const std::string space : {"acme", "lenient"}) {
    EXPECT_REFUSED(Push(space, {{"a.md", "# A\n"}, {"model.onnx", kPickle}}),
                   AllOf(HasSubstr("model.onnx holds a Python pickle that imports os.system"),
                         HasSubstr("ONNX")));
    EXPECT_REFUSED(Push(space, {{"README.md", kTextPickle}}), HasSubstr("README.md holds"));
  }
  const auto name = registry::RepositoryName::Parse("acme/vad");
  const auto remote = MakeLocalRemote(*registry_, owner_, *name, "local");
  EXPECT_TRUE(remote->ListReferences()->references().empty());
}

TEST_F(ContentRulesTest, UnsafeContentOfAnOlderVersionIsRefusedToo) {
  const CommitId first = site_.Commit({{"m.bin", kPickle}});
  const CommitId second = site_.Commit({{"a.md", "clean\n"}}, {first});
  const auto name = registry::RepositoryName::Parse("lenient/vad");
  const auto remote = MakeLocalRemote(*registry_, owner_, *name, "local");
  EXPECT_REFUSED(site_.PushTo(*remote, second).status(), HasSubstr("m.bin"));
}

TEST_F(ContentRulesTest, UnknownFilesNeedTheNamespacesLeave) {
  const Bytes unknown = RandomBytes(100'000, 1);
  EXPECT_TRUE(Push("lenient", {{"m.bin", unknown}}).ok());
  // That another namespace has the file is no reason to take it here.
  EXPECT_REFUSED(Push("acme", {{"m.bin", unknown}}),
                 AllOf(HasSubstr("m.bin"), HasSubstr("content.unknown_binary")));
}

TEST_F(ContentRulesTest, AModelsExternalDataIsKnown) {
  const Bytes data = RandomBytes(2'000, 2);
  const Bytes model = ModelWithData("w.bin", "1000").bytes();
  EXPECT_REFUSED(Push("acme", {{"a/model.onnx", model}, {"w.bin", data}}), HasSubstr("w.bin"));
  EXPECT_EQ(Push("acme", {{"a/model.onnx", model}, {"a/w.bin", data}}), absl::OkStatus());
  // The model is here already, its data is new.
  EXPECT_EQ(Push("acme", {{"a/model.onnx", model}, {"a/w.bin", RandomBytes(3'000, 3)}}),
            absl::OkStatus());
  EXPECT_REFUSED(Push("acme", {{"a/model.onnx", model}, {"a/w.bin", kPickle}}),
                 HasSubstr("pickle"));
}

TEST_F(ContentRulesTest, ExternalDataHasToStayBelowItsModelAndWithinItsFile) {
  for (const ByteView location : {"../w.bin", "/etc/passwd", "b/../../w.bin", "a\\w.bin"}) {
    const Bytes model = ModelWithData(location, "0").bytes();
    EXPECT_REFUSED(Push("acme", {{"a/model.onnx", model}}), HasSubstr("content.external_escape"));
    EXPECT_EQ(Push("lenient", {{"a/model.onnx", model}}), absl::OkStatus());
  }
  for (const ByteView offset : {"1001", "18446744073709551615"}) {
    EXPECT_REFUSED(Push("acme", {{"model.onnx", ModelWithData("w.bin", offset).bytes()},
                                 {"w.bin", RandomBytes(2'000, 4)}}),
                   HasSubstr("beyond the end of w.bin"));
  }
}

TEST_F(ContentRulesTest, CustomDomainsAndCompiledGraphsCanBeForbidden) {
  const Bytes own = ModelWithNode("Own", "x.example").bytes();
  const Bytes compiled = ModelWithNode("EPContext", "com.microsoft").bytes();
  for (const Bytes& model : {own, compiled})
    EXPECT_EQ(Push("acme", {{"m", model}}), absl::OkStatus());
  EXPECT_REFUSED(Push("strict", {{"m", own}}), HasSubstr("x.example"));
  EXPECT_REFUSED(Push("strict", {{"m", compiled}}), HasSubstr("EPContext"));
}

}  // namespace
}  // namespace mreg::sync
