// What the catalog keeps of what models and versions were made from: docs/formats/lineage.md.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "schema/base/bytes.h"
#include "schema/base/clock.h"
#include "schema/base/ids.h"

namespace mreg::catalog {

// By what a model, a file with the external data that belongs to it, is compared with others. What
// traits and keys mean is known to who makes and compares them.
struct Fingerprint {
  Bytes identity;              // the same for the same content only
  Bytes traits;                // what is compared
  std::vector<uint64_t> keys;  // what it is found by
};

struct DeclaredSource {
  CommitId commit;
  std::string name;  // as it was given: "google/bert@v1"
};

// What a version itself says that it was made from.
struct VersionSources {
  CommitId commit;
  std::vector<CommitId> parents;
  std::vector<DeclaredSource> declared;
  std::string how;  // of the declared ones
};

// Models by numbers, counted from 1 in the order in which they came to the catalog.
using ModelNumber = int64_t;

struct FingerprintedModel {
  ModelNumber number = 0;
  Bytes traits;
};

// Which of two models was made from the other.
enum class Direction : uint8_t { kUnknown = 0, kFromOther = 1, kToOther = 2 };

// What two models have in common: shares, 0 to 1, of the elements of the larger one's tensors.
struct Evidence {
  double identical = 0;  // in tensors of the same bytes
  double alike = 0;      // in other tensors whose sketches are near
  double named = 0;      // in tensors of the same name and shape
  double shaped = 0;     // in tensors of the same shape
  bool operator==(const Evidence&) const = default;
};

struct Likeness {
  ModelNumber other = 0;
  Direction direction = Direction::kUnknown;
  double confidence = 0;  // 0 to 1
  std::string how;        // "quantize", ...; "" where nothing tells
  Evidence evidence;
};

// A file of a version, or with an empty path a version without models.
struct VersionPlace {
  std::string repository;
  std::string path;
  TimePoint time;         // of the commit
  ModelNumber model = 0;  // 0: none is known
  bool is_first = false;  // no parent of the version has that model
};

struct SourceRow {
  CommitId commit;
  bool is_declared = false;  // else a parent in git
  std::string how;           // of a declared one
  std::string name;
};

struct FirstVersion {
  CommitId commit;
  TimePoint time;
  auto operator<=>(const FirstVersion& other) const {
    return std::tie(time, commit) <=> std::tie(other.time, other.commit);
  }
  bool operator==(const FirstVersion&) const = default;
};

}  // namespace mreg::catalog
