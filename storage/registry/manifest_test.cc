#include "storage/registry/manifest.h"

#include <gtest/gtest.h>

#include "schema/base/sha256.h"
#include "storage/history/lfs_pointer.h"

namespace mreg::registry {
namespace {

Manifest Example() {
  Manifest manifest;
  manifest.files.push_back(
      {"README.md", history::FileMode::kRegular, 3, IdOf<ArtifactId>("abc"), false, ObjectId()});
  manifest.files.push_back(
      {"bin/run", history::FileMode::kExecutable, 0, IdOf<ArtifactId>(""), true, ObjectId()});
  return manifest;
}

// The example of docs/formats/manifest.md.
TEST(Manifest, HasTheDocumentedText) {
  EXPECT_EQ(FormatManifest(Example()),
            "mreg-manifest-v1\n"
            "100644 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 README.md\n"
            "100755 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 bin/run\n");
}

TEST(Manifest, TheDigestCoversNamesModesSizesAndContent) {
  const ManifestDigest digest = DigestOf(Example());
  Manifest changed = Example();
  changed.files[0].path = "README.txt";
  EXPECT_NE(DigestOf(changed), digest);
  changed = Example();
  changed.files[0].mode = history::FileMode::kExecutable;
  EXPECT_NE(DigestOf(changed), digest);
  changed = Example();
  changed.files[0].size = 4;
  EXPECT_NE(DigestOf(changed), digest);
  changed = Example();
  changed.files[0].digest = IdOf<ArtifactId>("abd");
  EXPECT_NE(DigestOf(changed), digest);
  // How a file is kept is no part of what it is.
  changed = Example();
  changed.files[0].is_artifact = true;
  EXPECT_EQ(DigestOf(changed), digest);
}

TEST(Text, IsShortUtf8WithoutNul) {
  EXPECT_TRUE(IsText(""));
  EXPECT_TRUE(IsText("# Stimmerkennung für alle\n"));
  EXPECT_FALSE(IsText(ByteView("a\0b", 3)));
  EXPECT_FALSE(IsText("\xff\xfe"));
  EXPECT_TRUE(IsText(Bytes(kMaxTextBytes, 'a')));
  EXPECT_FALSE(IsText(Bytes(kMaxTextBytes + 1, 'a')));
}

TEST(Text, APointerIsKeptAsAnArtifactSoThatItIsNotTakenForTheFileItNames) {
  EXPECT_FALSE(IsText(history::FormatLfsPointer({IdOf<ArtifactId>("x"), 1})));
}

}  // namespace
}  // namespace mreg::registry
