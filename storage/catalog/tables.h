// The catalog's file: docs/formats/catalog.md.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "storage/sqlite/database.h"

namespace mreg::catalog {

inline constexpr std::string_view kReading = "read the catalog";
inline constexpr std::string_view kWriting = "write to the catalog";

// Opens or creates. DataLoss if there is a file that is damaged or of another format.
absl::StatusOr<sqlite::Database> OpenTables(const std::string& path);

}  // namespace mreg::catalog
