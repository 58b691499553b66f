// Keras models in HDF5 files. Signature:
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
// Internal to schema/formats/inspection.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "schema/base/file_system.h"

namespace mreg::formats {

struct Hdf5 {
  uint64_t offset = 0;                    // of the signature
  std::optional<uint64_t> keras_code_at;  // where a Keras model's Lambda layer stands
};

// Nothing if `file` has the signature neither at its start nor at 512, 1024, 2048 ... bytes. An
// HDF5 file is read through: its attributes can lie anywhere. Reading errors are passed on.
absl::StatusOr<std::optional<Hdf5>> FindHdf5(const ReadableFile& file);

}  // namespace mreg::formats
