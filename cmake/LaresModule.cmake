# SPDX-License-Identifier: Apache-2.0
# One folder, one module. See docs/adr/ and CONTRIBUTING.md for the layers; tools/check_layers enforces them.

include(GoogleTest)

# Adds every folder below ROOT that has a CMakeLists.txt, parents first, each once. A folder that adds its own
# children by add_subdirectory() is respected.
function(lares_add_modules root)
  file(GLOB_RECURSE lists CONFIGURE_DEPENDS LIST_DIRECTORIES false "${root}/CMakeLists.txt" "${root}/*/CMakeLists.txt")
  list(REMOVE_DUPLICATES lists)
  list(SORT lists)
  foreach(list IN LISTS lists)
    get_filename_component(dir "${list}" DIRECTORY)
    get_property(done GLOBAL PROPERTY LARES_MODULE_DIRS)
    if(NOT dir IN_LIST done)
      file(RELATIVE_PATH relative "${PROJECT_SOURCE_DIR}" "${dir}")
      add_subdirectory("${dir}" "${PROJECT_BINARY_DIR}/${relative}")
      # Folders that a parent added itself have registered themselves in lares_module().
      set_property(GLOBAL APPEND PROPERTY LARES_MODULE_DIRS "${dir}")
    endif()
  endforeach()
endfunction()

# lares_module(NAME [DEPS target...] [TEST_DEPS target...])
#
# Sorts the *.cc of the calling folder by name:
#   *_test.cc   -> executable NAME_test, one CTest case per test, label "unit"
#   *_fuzz.cc   -> one fuzz target each, named like the file
#   *_bench.cc  -> executable NAME_bench (Google Benchmark), not run by CTest
#   the rest    -> library lares_NAME, also called lares::NAME (INTERFACE when there is nothing to compile)
# DEPS are public and may be any CMake target.
function(lares_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPS;TEST_DEPS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lares_module(${name}): unknown words ${arg_UNPARSED_ARGUMENTS}; did you mean DEPS?")
  endif()
  set_property(GLOBAL APPEND PROPERTY LARES_MODULE_DIRS "${CMAKE_CURRENT_SOURCE_DIR}")

  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  set(benches ${sources})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")

  if(sources)
    add_library(lares_${name} STATIC ${sources})
    target_link_libraries(lares_${name} PUBLIC lares::compile ${arg_DEPS})
  else()
    add_library(lares_${name} INTERFACE)
    target_link_libraries(lares_${name} INTERFACE lares::compile ${arg_DEPS})
  endif()
  add_library(lares::${name} ALIAS lares_${name})

  if(tests AND BUILD_TESTING)
    lares_unit_test(${name}_test SOURCES ${tests} DEPS lares::${name} ${arg_TEST_DEPS})
  endif()
  foreach(file IN LISTS fuzzers)
    lares_fuzz_target("${file}" lares::${name} ${arg_TEST_DEPS})
  endforeach()
  if(benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE lares::${name} ${arg_TEST_DEPS} benchmark::benchmark
                                                benchmark::benchmark_main)
  endif()
endfunction()

# A GoogleTest executable whose cases CTest lists one by one. Tests run with the source root as working folder,
# so that they can read tests/ and api/ by relative path.
function(lares_unit_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "SOURCES;DEPS")
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE lares::compile ${arg_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE LARES_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # PRE_TEST lists the cases when ctest starts: a build does not run test binaries, and a crash at start-up is a
  # failed test instead of a failed link.
  gtest_discover_tests(${target} TEST_PREFIX "${target}:" DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT})
endfunction()

# With libFuzzer: a fuzzer. Without: a program that replays tests/fuzz/corpus/<target>/, as a CTest case, so that an
# input that once broke something can never break it again unseen.
function(lares_fuzz_target file)
  get_filename_component(target "${file}" NAME_WE)
  add_executable(${target} "${file}")
  target_link_libraries(${target} PRIVATE lares::compile ${ARGN})
  set(corpus "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${target}")
  set_property(GLOBAL APPEND PROPERTY LARES_FUZZ_TARGETS ${target})
  if(LARES_LIBFUZZER)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc")
    if(BUILD_TESTING)
      add_test(NAME "fuzz_corpus:${target}" COMMAND ${target} "${corpus}")
      set_tests_properties("fuzz_corpus:${target}" PROPERTIES LABELS "unit;fuzz" TIMEOUT 300)
    endif()
  endif()
endfunction()
