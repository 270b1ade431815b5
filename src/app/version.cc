// SPDX-License-Identifier: Apache-2.0
#include "app/version.h"

#include "app/build_stamp.h"

namespace lares::app {
namespace {

std::string Compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

}  // namespace

VersionInfo BuiltFrom() {
  return {.version = kBuildVersion,
          .commit = kBuildCommit,
          .llama = kBuildLlama,
          .compiler = Compiler(),
          .build = kBuildType};
}

std::string VersionText(const VersionInfo& info) {
  return "lares     " + info.version + "\ncommit    " + info.commit + "\nllama.cpp " + info.llama +
         "\ncompiler  " + info.compiler + " (" + info.build + ")\n";
}

}  // namespace lares::app
