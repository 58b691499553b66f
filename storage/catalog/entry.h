// What the catalog keeps of a version's model.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/base/clock.h"
#include "schema/base/ids.h"
#include "schema/onnx/model_facts.h"
#include "storage/catalog/lineage.h"
#include "storage/catalog/query.h"

namespace mreg::catalog {

constexpr int64_t kUnknown = -1;

// By Number; kUnknown where nothing is known.
class Numbers {
 public:
  Numbers() { values_.fill(kUnknown); }
  int64_t& operator[](Number number) { return values_[static_cast<size_t>(number)]; }
  int64_t operator[](Number number) const { return values_[static_cast<size_t>(number)]; }

 private:
  std::array<int64_t, kNumbers> values_;
};

struct Term {
  std::string key;  // one of the query language's
  std::string value;
  bool operator==(const Term&) const = default;
};

// What is shown of an entry in a list.
struct Summary {
  CommitId commit;
  std::string path;                 // of the model's file; "" of a version without models
  std::optional<ArtifactId> model;  // that file
  TimePoint time;                   // of the commit
  Numbers numbers;
  std::string dtype;  // that most of the parameters' bytes are of
  std::string license;
  std::string task;
};

struct Entry {
  Summary summary;
  std::vector<Term> terms;  // without repo and namespace, which the catalog knows itself
  std::string about;        // text to search: the card
  std::string details;      // text to search: metadata
  std::string facts;        // JSON, kept once for each model; "": not known
  std::string verdicts;     // of targets: JSON, kept once for each model; "": not known
  std::optional<Fingerprint> fingerprint = {};  // kept once for each model
};

// What is kept once for each model, as JSON; "": not known.
struct ModelRecord {
  std::string facts;     // docs/formats/model-facts.md
  std::string verdicts;  // of targets: an array
  std::string lint;      // docs/formats/lint.md
};

// What libonnx said of a model.
struct LintRecord {
  std::string version;  // of libonnx, not ""
  std::string result;   // the value of the term "lint"
  std::string verdict;  // JSON
};

// The result of a model whose content could not be read: it is looked at again when it comes again.
inline constexpr std::string_view kAbsent = "absent";

// Adds to `entry` what its model's graph tells: numbers but for the size, dtype, terms, details
// and facts. A type is a term if it has a hundredth of the parameters' bytes.
void AddFacts(const onnx::ModelFacts& facts, Entry& entry);

}  // namespace mreg::catalog
