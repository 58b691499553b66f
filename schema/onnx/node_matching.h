// Which nodes of two graphs are the same node, though names and places differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "schema/onnx/model.h"

namespace mreg::onnx {

inline constexpr size_t kNoMatch = static_cast<size_t>(-1);

// Hashes of what attributes say, equal within a process for equal values. Of tensors only type and
// shape count, of graphs the operators. Not thread-safe: graphs' hashes are kept by address.
class AttributeHasher {
 public:
  size_t Hash(const Attribute& attribute);
  size_t Hash(const std::vector<Attribute>& attributes);  // in whatever order

 private:
  friend struct AttributeValueHasher;
  size_t HashGraph(const Graph& graph);

  absl::flat_hash_map<const Graph*, size_t> graphs_;
};

// Where a value comes from.
struct Origin {
  enum class Kind : uint8_t { kUnknown, kNode, kInitializer, kInput };
  Kind kind = Kind::kUnknown;
  size_t index = 0;
  size_t output = 0;  // of a node
};

// A graph or a function with its names resolved; points into it. Of a name that is given twice
// the last counts.
class Scope {
 public:
  explicit Scope(const Graph& graph);
  explicit Scope(const Function& function);

  const std::vector<Node>& nodes() const { return *nodes_; }
  const std::vector<const TensorRecord*>& initializers() const { return initializers_; }
  const std::vector<std::string_view>& inputs() const { return inputs_; }
  const std::vector<std::string_view>& outputs() const { return outputs_; }
  Origin Find(std::string_view value) const;

 private:
  void Resolve();

  const std::vector<Node>* nodes_;
  std::vector<const TensorRecord*> initializers_;
  std::vector<std::string_view> inputs_;  // without initializers
  std::vector<std::string_view> outputs_;
  absl::flat_hash_map<std::string_view, Origin> origins_;
};

// Pairs nodes that are computed alike, then those of the same name, then those that stand alike
// beside pairs. Takes time in proportion to both graphs. What was given outlives it.
class NodeMatching {
 public:
  // `outer`: of the graphs around; null for none.
  NodeMatching(const Scope& before, const Scope& after, const NodeMatching* outer,
               AttributeHasher& hasher);

  // For each node and initializer before its index after, or kNoMatch.
  const std::vector<size_t>& nodes() const { return nodes_.forward; }
  const std::vector<size_t>& initializers() const { return initializers_.forward; }
  // For each one after, the index before.
  const std::vector<size_t>& nodes_back() const { return nodes_.back; }
  const std::vector<size_t>& initializers_back() const { return initializers_.back; }

  // Whether the two names mean the same value. A name that is on both sides does, unless it is
  // known to be another node's there.
  bool Corresponds(std::string_view before, std::string_view after) const;

 private:
  struct Pairs {
    std::vector<size_t> forward, back;
    bool Add(size_t before, size_t after);
  };
  using Keys = std::vector<size_t>;  // one for each node; 0: none

  Keys DeepKeys(const Scope& scope, const Scope& other, AttributeHasher& hasher) const;
  template <typename KeyOf>
  void PairByKey(const KeyOf& key_of);
  void PairInitializersByName();
  void PairNeighbours();
  void PairInitializersByPlace();

  const Scope& before_;
  const Scope& after_;
  const NodeMatching* const outer_;
  Pairs nodes_, initializers_;
};

}  // namespace mreg::onnx
