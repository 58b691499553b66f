#include "cli/runner/provider_use.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "schema/base/file_system.h"

namespace mreg::runner {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxBytes = 256 << 20;

std::vector<ProviderUse> CountProviders(const json& events) {
  std::map<std::string, std::set<std::string>> nodes;  // names, by provider
  for (const json& event : events) {
    if (!event.is_object() || event.value("cat", "") != "Node" || !event.contains("args")) continue;
    const json& arguments = event["args"];
    if (!arguments.is_object()) continue;
    const std::string provider = arguments.value("provider", "");
    if (!provider.empty()) nodes[provider].insert(event.value("name", ""));
  }
  std::vector<ProviderUse> uses;
  for (const auto& [provider, names] : nodes) uses.push_back({provider, names.size()});
  return uses;
}

}  // namespace

std::vector<ProviderUse> ReadProviderUse(const std::string& prefix) {
  FileSystem& fs = PosixFileSystem();
  const std::string folder = ParentPath(prefix);
  const auto entries = fs.List(folder);
  if (!entries.ok()) return {};
  std::string newest;
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = JoinPath(folder, entry.name);
    if (path.starts_with(prefix) && path > newest) newest = path;
  }
  const auto text = ReadSmallFile(fs, newest, kMaxBytes);
  if (!text.ok()) return {};
  const json events = json::parse(*text, nullptr, false);
  try {
    return CountProviders(events);
  } catch (const json::exception&) {
    return {};
  }
}

}  // namespace mreg::runner
