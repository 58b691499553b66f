// The conformance suite on a registry in this process.
#include "storage/content/record_stream.h"
#include "storage/sync/local_remote.h"
#include "storage/sync/remote_conformance.h"

namespace mreg::sync {
namespace {

class LocalFixture final : public RemoteFixture {
 public:
  explicit LocalFixture(const std::string& directory) {
    auto opened = registry::OpenRegistry(directory, registry::OpenMode::kCreate, {},
                                         PosixFileSystem(), clock_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    registry_ = *std::move(opened);
  }
  std::unique_ptr<Remote> Connect() override {
    return MakeLocalRemote(*registry_, registry::Access::Owner(), name_, "local");
  }
  std::unique_ptr<Remote> ConnectReader() override {
    return MakeLocalRemote(*registry_, registry_->access().Anonymous(), name_, "local");
  }
  registry::Registry& registry() override { return *registry_; }

 private:
  const SystemClock clock_;
  const registry::RepositoryName name_ = *registry::RepositoryName::Parse("acme/vad");
  std::unique_ptr<registry::Registry> registry_;
};

INSTANTIATE_TEST_SUITE_P(Local, RemoteTest,
                         testing::Values(RemoteFactory{"folder",
                                                       [](const std::string& directory) {
                                                         return std::make_unique<LocalFixture>(
                                                             directory);
                                                       }}),
                         [](const auto& param) { return param.param.name; });

// Where reading needs a token, one namespace must not learn what another holds.
class ClosedRegistry : public testing::Test {
 protected:
  // Someone who may write in `space` only.
  std::unique_ptr<Remote> Connect(const std::string& space) {
    auto& access = registry_->access();
    const auto token = *access.CreateToken(registry::Access::Owner(),
                                           {space, registry::Role::kWrite, space, {}, {}});
    return MakeLocalRemote(*registry_, *access.Authenticate(token.secret),
                           *registry::RepositoryName::Parse(space + "/vad"), space);
  }

  const SystemClock clock_;
  const std::unique_ptr<registry::Registry> registry_ =
      *registry::OpenRegistry(FreshDirectory(), registry::OpenMode::kCreate,
                              {registry::AnonymousRead::kForbidden}, PosixFileSystem(), clock_);
  const std::unique_ptr<Remote> secret_side_ = Connect("secret"), other_side_ = Connect("other");
};

TEST_F(ClosedRegistry, TheWireDoesNotTellOfOtherNamespacesContent) {
  const Bytes model = RandomBytes(2 << 20, 5);
  const ArtifactId id = IdOf<ArtifactId>(model);
  Site owner, guesser;
  ASSERT_TRUE(owner.PushTo(*secret_side_, owner.Commit({{"m.onnx", model}})).ok());

  const CommitId guess = guesser.Commit({{"m.onnx", model}});
  const auto pushed = guesser.PushTo(*other_side_, guess);
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_EQ(pushed->new_bytes, model.size());  // all of it had to be sent
  // Having sent it, they may have it back; and it is stored once.
  Site reader;
  EXPECT_TRUE(FetchFiles(reader.content, *other_side_, {&id, 1}, nullptr).ok());
  EXPECT_LT(registry_->Stats(registry::Access::Owner())->unique_bytes, model.size() + 10'000);
}

TEST_F(ClosedRegistry, ContentOfAnotherNamespaceCannotBeHadByItsHash) {
  const Bytes model = RandomBytes(100'000, 6);
  const ArtifactId id = IdOf<ArtifactId>(model);
  Site owner, thief;
  ASSERT_TRUE(owner.PushTo(*secret_side_, owner.Commit({{"m.onnx", model}})).ok());
  ASSERT_TRUE(thief.PushTo(*other_side_, thief.Commit({{"a.txt", "x"}})).ok());
  EXPECT_TRUE(
      absl::IsNotFound(FetchFiles(thief.content, *other_side_, {&id, 1}, nullptr).status()));
  v1::ChunksRequest request;
  const auto recipe = **owner.content.FindRecipe(id);
  for (const auto& chunk : recipe.chunks) request.mutable_chunk_ids()->append(chunk.id.bytes());
  struct Sink final : ByteSink {
    absl::Status Write(ByteView) override { return absl::OkStatus(); }
  } sink;
  EXPECT_TRUE(absl::IsNotFound(other_side_->Download(request, sink)));
  // Nor by pushing a version that only names it.
  v1::PushRequest push;
  *push.add_recipes() = content::ToProto(recipe);
  auto& move = *push.add_moves();
  move.set_name("refs/heads/steal");
  EXPECT_TRUE(absl::IsNotFound(other_side_->Push(push).status()));
}

TEST_F(ClosedRegistry, AnothersChunksAreNoBases) {
  const Bytes base = test_models::NormalFloats(200'000, 1);
  const Bytes tuned = test_models::TrainedFloats(base, 0.001f, 2);
  Site owner, other;
  ASSERT_TRUE(owner.PushTo(*secret_side_, owner.Commit({{"w.f32", base}})).ok());
  other.Commit({{"w.f32", base}});
  const auto pushed = other.PushTo(*other_side_, other.Commit({{"w.f32", tuned}}));
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_GT(pushed->sent_bytes, tuned.size() * 7 / 10);  // not as a difference
  // Sent all the same, it is refused like one whose base is nowhere.
  const auto chunk = (*other.content.FindRecipe(IdOf<ArtifactId>(tuned)))->chunks[0];
  const auto stored = *other.content.GetStored(chunk.id);
  ASSERT_EQ(stored.bases.size(), 1u);
  struct Source final : ByteSource {
    absl::StatusOr<size_t> Read(std::span<char> buffer) override {
      const size_t take = std::min(buffer.size(), bytes.size());
      bytes.copy(buffer.data(), take);
      bytes.erase(0, take);
      return take;
    }
    Bytes bytes;
  } source;
  source.bytes = content::StreamHeader() + content::RecordHeader(stored) + stored.payload +
                 content::EndRecord();
  EXPECT_TRUE(absl::IsNotFound(other_side_->Upload(source, source.bytes.size())));
}

TEST(Registry, CheckOfASoundRegistryFindsNothingAndOfADamagedOneDoes) {
  const SystemClock clock;
  const std::string directory = FreshDirectory();
  const auto registry =
      *registry::OpenRegistry(directory, registry::OpenMode::kCreate, {}, PosixFileSystem(), clock);
  const auto remote = MakeLocalRemote(*registry, registry::Access::Owner(),
                                      *registry::RepositoryName::Parse("acme/vad"), "local");
  Site site;
  ASSERT_TRUE(site.PushTo(*remote, site.Commit({{"m.onnx", RandomBytes(100'000, 7)}})).ok());
  const auto caller = registry::Access::Owner();
  const auto sound = *registry->Check(caller, content::FsckDepth::kContent, nullptr);
  EXPECT_THAT(sound.problems, testing::IsEmpty());
  EXPECT_THAT(sound.content.problems, testing::IsEmpty());
  EXPECT_TRUE(absl::IsUnauthenticated(
      registry->Check(registry->access().Anonymous(), content::FsckDepth::kIndex, nullptr)
          .status()));
}

TEST(Registry, AFolderOfSomethingElseIsLeftAlone) {
  const SystemClock clock;
  const std::string directory = FreshDirectory();
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), directory + "/thesis.txt", "mine").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(
      registry::OpenRegistry(directory, registry::OpenMode::kCreate, {}, PosixFileSystem(), clock)
          .status()));
  EXPECT_TRUE(absl::IsNotFound(
      registry::OpenRegistry(directory, registry::OpenMode::kExisting, {}, PosixFileSystem(), clock)
          .status()));
}

}  // namespace
}  // namespace mreg::sync
