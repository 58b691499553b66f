# Language level, warnings and sanitizers: one place, so that every target is built alike.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(MREG_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them")
option(MREG_FUZZ "Build the fuzzers (needs clang)" OFF)
option(MREG_BENCH "Build the benchmarks" OFF)

add_library(mreg_flags INTERFACE)
target_include_directories(mreg_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(mreg_flags INTERFACE -Wall -Wextra -Wshadow -Werror)
target_compile_definitions(mreg_flags INTERFACE MREG_VERSION="${PROJECT_VERSION}")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely inside its own <string> and <regex> when optimising.
  target_compile_options(mreg_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(MREG_SANITIZE)
  target_compile_options(mreg_flags INTERFACE
    -fsanitize=${MREG_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mreg_flags INTERFACE -fsanitize=${MREG_SANITIZE})
endif()
if(MREG_FUZZ)
  target_compile_options(mreg_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
