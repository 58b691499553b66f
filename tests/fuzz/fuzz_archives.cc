// Any bytes as each of the formats that bring others: the parsers alone, without what stops an
// inspection at the first find.
#include <cstdint>
#include <cstdlib>

#include "schema/formats/inspection/hdf5_scanner.h"
#include "schema/formats/inspection/inflate.h"
#include "schema/formats/inspection/keras_config.h"
#include "schema/formats/inspection/numpy_header.h"
#include "schema/formats/inspection/pickle_scanner.h"
#include "schema/formats/inspection/tar_reader.h"
#include "schema/formats/inspection/zip_reader.h"
#include "tests/models/memory_file.h"

namespace {

using namespace mreg::formats;

void Require(bool holds) {
  if (!holds) std::abort();
}

constexpr uint64_t kLimit = 1 << 20;

void InflateAll(const mreg::ReadableFile& file) {
  for (const Compression compression :
       {Compression::kDeflate, Compression::kZlib, Compression::kGzip, Compression::kBzip2,
        Compression::kXz, Compression::kLzma, Compression::kLz4, Compression::kZstd}) {
    const auto content = Inflate(file, 0, compression, kLimit);
    Require(content.ok() && content->bytes.size() <= kLimit);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const mreg::Bytes input(reinterpret_cast<const char*>(data), size);
  const mreg::test_models::MemoryFile file(input);
  const auto pickle = FindPickle(file);
  Require(pickle.ok() && (!*pickle || (*pickle)->offset <= size));
  const auto zip = ReadZip(file);
  Require(zip.ok());
  if (*zip) {
    for (const ZipMember& member : (*zip)->members) {
      Require(!member.fault.empty() || member.offset + member.stored <= size);
    }
  }
  const auto tar = ReadTar(file);
  Require(tar.ok());
  if (*tar) {
    for (const TarMember& member : (*tar)->members) Require(member.offset + member.size <= size);
  }
  Require(ReadNumpyHeader(file).ok());
  Require(FindHdf5(file).ok());
  CodeInKerasConfig(input);
  InflateAll(file);
  return 0;
}
