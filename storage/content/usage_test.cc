#include "storage/content/usage.h"

#include "storage/content/gc_fixture.h"

namespace mreg::content {
namespace {

void ExpectSumsHold(const Usage& usage) {
  EXPECT_EQ(static_cast<int64_t>(usage.file_bytes) - usage.shared_bytes +
                static_cast<int64_t>(usage.loose_bytes),
            static_cast<int64_t>(usage.plain_bytes()));
  EXPECT_EQ(usage.stored_bytes() + usage.overhead_bytes + usage.dead_bytes, usage.pack_bytes);
}

TEST(Usage, OfAnEmptyStoreIsNothing) {
  GcStore world;
  const auto usage = MeasureUsage(world.store);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_EQ(usage->pack_bytes, 0u);
  ExpectSumsHold(*usage);
}

TEST(Usage, TellsSharedPartsEncodingsAndDeadRecordsApart) {
  GcStore world;
  const Bytes shared = GcStore::RandomBytes(5'000, 1), dead = GcStore::RandomBytes(1'000, 2);
  const auto files = world.Put({{shared, Bytes(3'000, 'z')}, {shared}, {dead}});
  Usage usage = *MeasureUsage(world.store);
  EXPECT_EQ(usage.files, 3u);
  EXPECT_EQ(usage.file_bytes, 14'000u);
  EXPECT_EQ(usage.shared_bytes, 5'000);
  EXPECT_EQ(usage.plain_bytes(), 9'000u);
  ASSERT_EQ(usage.encodings.size(), 2u);
  EXPECT_EQ(usage.encodings[0].name, "raw");
  EXPECT_EQ(usage.encodings[0].plain_bytes, 6'000u);
  EXPECT_EQ(usage.encodings[1].name, "zstd");
  EXPECT_EQ(usage.encodings[1].plain_bytes, 3'000u);
  EXPECT_EQ(usage.dead_bytes, 0u);
  ExpectSumsHold(usage);

  ASSERT_TRUE(world.Collect({files[0], files[1]}).ok());
  usage = *MeasureUsage(world.store);
  EXPECT_EQ(usage.files, 2u);
  EXPECT_EQ(usage.dead_bytes, 1'048u);  // with its record's header; the pack was not worth it
  ExpectSumsHold(usage);
}

TEST(Usage, ChunksOfNoFileAreLoose) {
  GcStore world;
  const auto ingest = world.store.BeginIngest(nullptr);
  ASSERT_TRUE(ingest->Add(Encode(IdOf<ChunkId>("loose"), "loose")).ok());
  ASSERT_TRUE(ingest->Finish().ok());
  const Usage usage = *MeasureUsage(world.store);
  EXPECT_EQ(usage.loose_bytes, 5u);
  ExpectSumsHold(usage);
}

}  // namespace
}  // namespace mreg::content
