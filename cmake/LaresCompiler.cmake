# SPDX-License-Identifier: Apache-2.0
# How every file of this repository is compiled. Third-party code never sees these flags: it comes built.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
# Nothing here uses C++20 modules, and scanning for them costs a process per file.
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
# A module may find_package() what it alone needs; who links the module must see those targets too.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(LARES_CCACHE ccache)
if(LARES_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${LARES_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${LARES_CCACHE}")
endif()

find_program(LARES_MOLD mold)
if(LARES_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(lares_compile INTERFACE)
add_library(lares::compile ALIAS lares_compile)
target_compile_features(lares_compile INTERFACE cxx_std_23)
target_include_directories(lares_compile INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_options(lares_compile INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual
  -Wextra-semi -Wimplicit-fallthrough -Wvla -Wformat=2 -Wundef
  -fno-omit-frame-pointer -fdiagnostics-color=auto)
if(LARES_WERROR)
  target_compile_options(lares_compile INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(lares_compile INTERFACE -Wduplicated-cond -Wlogical-op
    # False alarms of g++ 12 inside its own headers once std::string and std::variant are inlined.
    -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread
    # Designated initialisers that leave out members with defaults are meant.
    -Wno-missing-field-initializers)
else()
  target_compile_options(lares_compile INTERFACE -Wthread-safety -Wno-missing-field-initializers
    -Wno-missing-designated-field-initializers
    # std::stable_sort of libstdc++ 12 uses what the same library deprecates; g++ still reports our own uses.
    -Wno-deprecated-declarations)
endif()

# A coroutine or a request parser that overruns a buffer must stop, not go on.
add_compile_options(-fstack-protector-strong)
if(NOT LARES_SANITIZE)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
endif()

if(LARES_SANITIZE)
  add_compile_options(-fsanitize=${LARES_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LARES_SANITIZE})
  add_compile_definitions(LARES_SANITIZED=1)
endif()

if(LARES_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

if(LARES_LIBFUZZER)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "libFuzzer comes with clang: configure with `cmake --preset fuzz`.")
  endif()
  # Every library is instrumented for coverage; only the fuzz targets get libFuzzer's main.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
