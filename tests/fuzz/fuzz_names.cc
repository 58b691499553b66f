// Any text as a path, a repository's name, a remote's URL, a git-lfs pointer: what is accepted
// obeys the rules that are easy to state, and what is shown holds no control character.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "schema/base/display.h"
#include "storage/history/lfs_pointer.h"
#include "storage/registry/names.h"
#include "storage/registry/path_rules.h"
#include "storage/sync/connect.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckPath(std::string_view text) {
  if (!mreg::registry::CheckPath(text).ok()) return;
  Require(!text.empty() && text.front() != '/' && text.back() != '/');
  Require(text.find("..") != 0 && text.find("/../") == std::string_view::npos);
  for (const char c : text) Require(static_cast<unsigned char>(c) >= 0x20 && c != '\\');
  Require(mreg::registry::FoldPath(text).find(".git/") != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckPath(text);
  for (const char c : mreg::EscapeForDisplay(text)) {
    Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  if (const auto name = mreg::registry::RepositoryName::Parse(text); name.ok()) {
    Require(name->ToString() == text);
  }
  if (const auto url = mreg::sync::ParseRemoteUrl(text); url.ok()) {
    Require(mreg::sync::ParseRemoteUrl(url->ToString())->ToString() == url->ToString());
  }
  if (const auto pointer = mreg::history::ParseLfsPointer(text)) {
    Require(mreg::history::FormatLfsPointer(*pointer) == text);
  }
  return 0;
}
