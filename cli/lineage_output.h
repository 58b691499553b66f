// Lineage as text: a tree for people, a graph for Graphviz.
#pragma once

#include <string>

#include "storage/registry/lineage.h"

namespace mreg::cli {

// The root and, indented below it, what it came from and what came of it, as far as `question`
// asked for them. Chains of parents without names and other edges are told in one line.
std::string FormatLineage(const registry::Lineage& lineage,
                          const registry::LineageQuestion& question);

// In Graphviz's language (https://graphviz.org/doc/info/lang.html), with whatever names: arrows
// lead from sources to what was made of them, dashed where that is inferred.
std::string LineageToDot(const registry::Lineage& lineage);

}  // namespace mreg::cli
