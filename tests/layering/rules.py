"""Which room may know which: the house's rules as data. layering.py applies them.

A room is a folder. A file belongs to the innermost room above it. Naming a room allows the rooms
inside it too. Only headers that a room's CMakeLists.txt lists under HEADERS are open to others.
"""

_KEEPING = ["storage/kv", "storage/content", "storage/history", "storage/journal",
            "storage/catalog"]
_REGISTRY = _KEEPING + ["storage/registry"]

# Room -> rooms whose public headers it may include.
ROOMS = {
    "schema/base": [],
    "schema/proto": [],
    "schema/process": ["schema/base"],
    "schema/onnx": ["schema/base"],
    "schema/lint": ["schema/base", "schema/onnx", "schema/process"],
    "schema/formats": ["schema/base", "schema/onnx"],
    "schema/formats/inspection": ["schema/base", "schema/formats", "schema/onnx"],
    "schema/targets": ["schema/base", "schema/onnx"],
    "signing": ["schema"],
    "storage/sqlite": ["schema/base"],
    "storage/kv": ["schema/base", "storage/sqlite"],
    "storage/content": ["schema", "storage/kv", "storage/content/encoding"],
    "storage/content/encoding": ["schema/base", "schema/onnx"],
    "storage/history": ["schema", "storage/kv"],
    "storage/catalog": ["schema", "storage/sqlite"],
    "storage/journal": ["schema", "signing", "storage/kv"],
    "storage/registry": ["schema", "signing"] + _KEEPING,
    "storage/sync": ["schema", "signing"] + _REGISTRY,
    "daemon/http": ["schema/base"],
    "daemon/api": ["schema", "daemon/http", "storage/catalog", "storage/registry", "storage/sync"],
    "daemon": ["schema", "daemon/http", "daemon/api", "storage/registry", "storage/sync"],
    "cli/terminal": ["schema/base"],
    "cli/runner": ["schema/base", "schema/onnx", "schema/process", "schema/targets"],
    "cli/workspace": ["schema"] + _REGISTRY,
    "cli": ["schema", "storage/sync", "cli/runner", "cli/terminal", "cli/workspace"] + _REGISTRY,
    "tests/models": ["schema"],
    "tests": ["schema", "signing", "storage", "daemon", "cli", "tests/models"],
}

# What tests and their helpers may include besides.
TEST_FILES = ["*_test.cc", "*/test_*", "*_fixture.h", "*_conformance.h", "tests/*"]
TEST_ROOMS = ["tests/models"]

# Third-party headers -> the only files that may include them; never a public header.
_JSON = [
    "cli/runner/protocol.cc",
    "cli/runner/provider_use.cc",
    "cli/terminal/json.cc",
    "daemon/api/*_routes.cc",
    "daemon/gc_command.cc",
    "daemon/optimize_command.cc",
    "daemon/stats_command.cc",
    "daemon/watched_call.cc",
    "daemon/main.cc",
    "daemon/serve.cc",
    "schema/formats/inspection/keras_config.cc",
    "schema/formats/safetensors_json.cc",
    "schema/lint/lines.cc",
    "schema/onnx/facts_json.cc",
    "schema/targets/verdict_json.cc",
    "signing/dsse.cc",
    "signing/statement.cc",
    "signing/strict_json.*",
    "storage/sync/attestations.cc",
    "storage/sync/lineage.cc",
    "storage/sync/problem.cc",
    "storage/sync/search.cc",
]
THIRD_PARTY = {
    "benchmark/*": ["tests/bench/*"],
    "CLI/*": ["cli/arguments.cc", "daemon/main.cc", "tests/*"],
    "boost/*": ["daemon/http/*"],
    "bzlib.h": ["schema/formats/inspection/inflate.cc"],
    "git2*": ["storage/history/*"],
    "google/protobuf/*": ["tests/models/*"],
    "gmock/*": TEST_FILES,
    "gtest/*": TEST_FILES,
    "htscodecs/*": ["storage/content/encoding/frame.cc"],
    "httplib.h": ["storage/sync/http_client.cc", "*_test.cc"],
    "nlohmann/*": _JSON + ["*_test.cc", "tests/fuzz/*"],
    "onnx/*": ["schema/lint/main.cc", "tests/models/*", "*_test.cc"],
    "dlfcn.h": ["cli/runner/ort_library.cc"],
    "cpuid.h": ["schema/base/sha256_blocks.cc"],
    "immintrin.h": ["schema/base/sha256_blocks.cc"],
    "lz4frame.h": ["schema/formats/inspection/inflate.cc"],
    "lzma.h": ["schema/formats/inspection/inflate.cc"],
    "openssl/*": ["schema/base/sha256.cc", "daemon/http/*tls*"],
    "roaring/*": ["storage/catalog/bitmap.h"],
    "rocksdb/*": ["storage/kv/rocksdb_store.cc"],
    "spdlog/*": ["daemon/serve.cc"],
    "sqlite3.h": ["storage/sqlite/database.cc"],
    "toml++/*": ["daemon/config.cc", "cli/settings_file.cc"],
    "utf8proc.h": ["schema/base/display.cc", "storage/registry/*.cc", "cli/terminal/table.cc"],
    "yaml-cpp/*": ["schema/formats/yaml.cc"],
    "zlib.h": ["schema/formats/inspection/inflate.cc"],
    "zstd.h": ["schema/formats/inspection/inflate.cc", "storage/content/encoding/frame.cc"],
}

# What any file may include besides the standard library, whose names have neither dot nor slash.
# fmt stays out of public headers.
COMMON = ["absl/*"]
COMMON_IN_SOURCES = ["fmt/*"]
POSIX = ["arpa/*", "dirent.h", "fcntl.h", "linux/*", "malloc.h", "net/*", "netinet/*", "poll.h",
         "pthread.h", "pwd.h", "signal.h", "stdio.h", "sys/*", "termios.h", "time.h", "unistd.h"]
