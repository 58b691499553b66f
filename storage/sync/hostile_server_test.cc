// What a server that answers anything can do to who fetches from it.
#include <algorithm>
#include <utility>
#include <vector>

#include "schema/base/status.h"
#include "storage/content/chunk_receiver.h"
#include "storage/sync/test_site.h"

namespace mreg::sync {
namespace {

// Gives the recipes of a store truly, and streams of chunks as it was told to.
class HostileRemote final : public Remote {
 public:
  explicit HostileRemote(content::ContentStore& content) : content_(content) {}

  // Any further ones are the last of these.
  std::vector<Bytes> streams;
  bool is_endless = false;
  int downloads = 0;

  std::string url() const override { return "hostile"; }
  absl::StatusOr<v1::RecipesReply> Recipes(const v1::RecipesRequest& request) override {
    v1::RecipesReply reply;
    for (const auto& artifact : request.artifacts()) {
      MREG_ASSIGN_OR_RETURN(const auto recipe,
                            content_.FindRecipe(*ArtifactId::FromBytes(artifact)));
      *reply.add_recipes() = content::ToProto(*recipe);
    }
    return reply;
  }
  absl::Status Download(const v1::ChunksRequest&, ByteSink& sink) override {
    const size_t number = std::min<size_t>(downloads++, streams.size() - 1);
    MREG_RETURN_IF_ERROR(sink.Write(streams[number]));
    for (int i = 0; is_endless && i < 200; ++i) {
      const Bytes plain = RandomBytes(1 << 20, 1'000 + i);
      const auto chunk = content::Encode(IdOf<ChunkId>(plain), plain);
      MREG_RETURN_IF_ERROR(sink.Write(content::RecordHeader(chunk) + chunk.payload));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<v1::ReferencesReply> ListReferences() override { return No(); }
  absl::StatusOr<v1::OfferReply> Offer(const v1::OfferRequest&) override { return No(); }
  absl::Status Upload(ByteSource&, std::optional<uint64_t>) override { return No(); }
  absl::StatusOr<v1::PushReply> Push(const v1::PushRequest&) override { return No(); }
  absl::StatusOr<v1::FetchReply> Fetch(const v1::FetchRequest&) override { return No(); }
  absl::StatusOr<v1::DownloadSizeReply> DownloadSize(const v1::ChunksRequest&) override {
    return No();
  }

 private:
  static absl::Status No() { return absl::UnimplementedError("not for this test"); }

  content::ContentStore& content_;
};

class HostileServerTest : public testing::Test {
 protected:
  HostileServerTest() {
    server_.Commit({{"m.bin", file_}});
    const content::Recipe recipe = **server_.content.FindRecipe(artifact_);
    for (const content::RecipeChunk& chunk : recipe.chunks) ids_.push_back(chunk.id);
  }

  Bytes Stream(const std::vector<ChunkId>& ids) {
    const auto sender = *content::ChunkSender::Open(server_.content, ids, {});
    Bytes stream(sender->most() + 1, '\0');
    stream.resize(*sender->Read(stream));
    return stream;
  }
  absl::Status Fetch() {
    return FetchFiles(here_.content, remote_, {&artifact_, 1}, nullptr).status();
  }

  const Bytes file_ = RandomBytes(3 << 20, 1);
  const ArtifactId artifact_ = IdOf<ArtifactId>(file_);
  Site server_, here_;
  HostileRemote remote_{server_.content};
  std::vector<ChunkId> ids_;
};

TEST_F(HostileServerTest, WhoSendsNothingIsNotAskedForEver) {
  remote_.streams = {Stream({})};
  EXPECT_TRUE(absl::IsDataLoss(Fetch()));
  EXPECT_EQ(remote_.downloads, 1);
}

TEST_F(HostileServerTest, WhoSendsAPartIsAskedForTheRest) {
  ASSERT_GT(ids_.size(), 1u);
  remote_.streams = {Stream({ids_[0]}), Stream({ids_.begin() + 1, ids_.end()})};
  EXPECT_TRUE(Fetch().ok());
  EXPECT_EQ(remote_.downloads, 2);
}

TEST_F(HostileServerTest, WhoSendsMoreThanWasAskedForIsNotListenedTo) {
  const Bytes stream = Stream(ids_);
  remote_.streams = {stream.substr(0, stream.size() - content::kRecordHeaderBytes)};
  remote_.is_endless = true;
  EXPECT_TRUE(absl::IsDataLoss(Fetch()));
  EXPECT_LT(here_.content.Stats()->pack_bytes, 20u << 20);
}

TEST_F(HostileServerTest, ChunksMayComeTwiceAndInAnyOrder) {
  std::vector<ChunkId> ids(ids_.rbegin(), ids_.rend());
  ids.push_back(ids_.back());
  remote_.streams = {Stream(ids)};
  EXPECT_TRUE(Fetch().ok());
}

}  // namespace
}  // namespace mreg::sync
