#include "storage/kv/key_value_store.h"

namespace mreg::kv {
namespace {

std::optional<Bytes> Copy(std::optional<ByteView> value) {
  if (!value) return std::nullopt;
  return Bytes(*value);
}

}  // namespace

std::string_view TableName(Table table) {
  static constexpr std::string_view kNames[kTableCount] = {
      "meta",         "chunks",  "packs",      "recipes",   "members",
      "repositories", "objects", "references", "journal",   "merkle",
      "tokens",       "clones",  "sketches",   "optimized", "attestations"};
  return kNames[static_cast<int>(table)];
}

void Batch::Put(Table table, ByteView key, ByteView value) {
  writes_.push_back({table, Bytes(key), Bytes(value)});
}

void Batch::Remove(Table table, ByteView key) {
  writes_.push_back({table, Bytes(key), std::nullopt});
}

void Batch::Expect(Table table, ByteView key, std::optional<ByteView> value) {
  expectations_.push_back({table, Bytes(key), Copy(value)});
}

}  // namespace mreg::kv
