// A stored file, to be read at any place like one on the disk.
#pragma once

#include <memory>

#include "schema/base/file_system.h"
#include "storage/content/content_store.h"

namespace mreg::content {

// Only the chunks that are read are decoded, each verified: reading fails with DataLoss rather than
// give a wrong byte, and with NotFound where one is absent. The last few stay in memory. For
// reading here and there; ContentStore::OpenRange is for reading on. `store` outlives the file.
std::unique_ptr<ReadableFile> OpenStored(const ContentStore& store, Recipe recipe);

}  // namespace mreg::content
