# mreg_library(NAME
#   SOURCES ... HEADERS ...      listed, never globbed
#   DEPS ...                     what its headers use
#   PRIVATE_DEPS ...             what only its sources use
#   TESTS ... TEST_DEPS ...)     *_test.cc files, built into NAME_test)
# A library is a room: its headers are verified to stand on their own by the target
# all_verify_interface_header_sets.
function(mreg_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                                         FILES ${ARG_HEADERS})
  set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_link_libraries(${name} PUBLIC mreg_flags ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(ARG_TESTS)
    mreg_test(${name}_test SOURCES ${ARG_TESTS} DEPS ${name} ${ARG_TEST_DEPS})
  endif()
endfunction()

# mreg_embed(TARGET FILE HEADER SYMBOL): puts a text file into a library, as the string_view SYMBOL
# (with its namespace) that HEADER declares.
function(mreg_embed target file header symbol)
  cmake_path(GET file STEM LAST_ONLY name)
  set(input ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}_data.cc)
  set(script ${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DHEADER=${header}
            -DSYMBOL=${symbol} -P ${script}
    DEPENDS ${input} ${script}
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

# mreg_test(NAME SOURCES ... DEPS ...): one GoogleTest binary. Its tests are found when ctest
# runs, so that building never runs a test. A parameter's value may be an address: its name is
# enough.
function(mreg_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE mreg_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
                       PROPERTIES TIMEOUT 300)
endfunction()
include(GoogleTest)

# mreg_fuzzer(NAME SOURCES ... DEPS ... CORPUS dir): a libFuzzer target under clang. Under any
# other compiler the same file is built with a plain main() that replays files, so that the
# committed corpus is a regression test everywhere.
function(mreg_fuzzer name)
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE mreg_flags ${ARG_DEPS})
  if(MREG_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
  endif()
  if(ARG_CORPUS)
    add_test(NAME ${name}.corpus COMMAND ${name} ${ARG_CORPUS})
  endif()
endfunction()
