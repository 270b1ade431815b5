# SPDX-License-Identifier: Apache-2.0
# Writes OUT, a header with what this build is made from. Runs with each build and touches OUT only when
# something changed, so that a new commit recompiles one file.
#   cmake -DSOURCE=... -DOUT=... -DVERSION=... -DBUILD_TYPE=... -DLLAMA_PREFIX=... -P build_stamp.cmake

set(commit "unknown")
execute_process(COMMAND git -C "${SOURCE}" rev-parse --short=12 HEAD
  OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(NOT failed)
  set(commit "${head}")
  execute_process(COMMAND git -C "${SOURCE}" diff --quiet HEAD ERROR_QUIET RESULT_VARIABLE changed)
  if(changed)
    string(APPEND commit "+")
  endif()
endif()

set(llama "unknown")
if(EXISTS "${LLAMA_PREFIX}/BUILD-INFO")
  file(STRINGS "${LLAMA_PREFIX}/BUILD-INFO" lines LIMIT_COUNT 1)
  string(REGEX MATCH "(v[0-9.]+), source ([0-9a-f]+)" found "${lines}")
  if(found)
    string(SUBSTRING "${CMAKE_MATCH_2}" 0 12 source)
    set(llama "${CMAKE_MATCH_1} (${source})")
  endif()
endif()

file(CONFIGURE OUTPUT "${OUT}" @ONLY CONTENT [[
// Written by the build; see src/app/build_stamp.cmake.
#pragma once

namespace lares::app {
inline constexpr const char* kBuildVersion = "@VERSION@";
inline constexpr const char* kBuildCommit = "@commit@";
inline constexpr const char* kBuildLlama = "@llama@";
inline constexpr const char* kBuildType = "@BUILD_TYPE@";
}  // namespace lares::app
]])
