// Stands in for libFuzzer's main() where there is none: runs the fuzzer's entry point once on
// every file that is named, or lies in a directory that is named.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

bool Replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(content.data()), content.size());
  return true;
}

// The number of files that were run; -1 if one could not be read.
int ReplayAll(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return Replay(path) ? 1 : -1;
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    if (!Replay(entry.path())) return -1;
    ++count;
  }
  return count;
}

}  // namespace

// Fails if there was nothing to run, so that a corpus that went missing is noticed.
int main(int argc, char** argv) {
  int total = 0;
  for (int i = 1; i < argc; ++i) {
    const int count = ReplayAll(argv[i]);
    if (count < 0) return 1;
    total += count;
  }
  std::printf("replayed %d inputs\n", total);
  return total > 0 ? 0 : 1;
}
