# SPDX-License-Identifier: Apache-2.0
# The llama.cpp that tools/llama/build installed, as imported targets:
#   lares_llama::llama    libllama and ggml
#   lares_llama::common   the part of llama.cpp's common for chat templates, schema grammars and tool-call parsing
#   lares_llama::mtmd     images and audio
# It is built once, outside the tree, and never by this CMake project: see docs/adr/0001-llama-build.md.

set(LARES_LLAMA_PREFIX "$ENV{LARES_LLAMA_PREFIX}" CACHE PATH
    "Where tools/llama/build installed llama.cpp; empty: the folder tools/llama/prefix prints")

set(lares_llama_prefix "${LARES_LLAMA_PREFIX}")
if(NOT lares_llama_prefix)
  execute_process(
    COMMAND "${PROJECT_SOURCE_DIR}/tools/llama/prefix"
    OUTPUT_VARIABLE lares_llama_prefix OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE lares_llama_rc)
  if(NOT lares_llama_rc EQUAL 0)
    message(FATAL_ERROR "tools/llama/prefix failed; its message stands above.")
  endif()
endif()

if(NOT EXISTS "${lares_llama_prefix}/BUILD-INFO")
  message(FATAL_ERROR "There is no built llama.cpp at ${lares_llama_prefix}. "
    "Run `./dev build`: it fetches and builds it, once, and then builds Lares.")
endif()
message(STATUS "llama.cpp: ${lares_llama_prefix}")

find_package(Threads REQUIRED)

function(lares_llama_import name file)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "INCLUDES;LINKS")
  add_library(lares_llama::${name} STATIC IMPORTED GLOBAL)
  set_target_properties(lares_llama::${name} PROPERTIES
    IMPORTED_LOCATION "${lares_llama_prefix}/lib/lib${file}.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES "C;CXX")
  if(arg_INCLUDES)
    list(TRANSFORM arg_INCLUDES PREPEND "${lares_llama_prefix}/include/")
    # Imported targets' folders are SYSTEM: no warnings from headers that are not ours.
    set_target_properties(lares_llama::${name} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${arg_INCLUDES}")
  endif()
  if(arg_LINKS)
    set_target_properties(lares_llama::${name} PROPERTIES INTERFACE_LINK_LIBRARIES "${arg_LINKS}")
  endif()
endfunction()

# ggml registers the backends compiled in: the registry calls the CPU backend and that calls the base.
lares_llama_import(ggml_base ggml-base LINKS Threads::Threads m ${CMAKE_DL_LIBS})
lares_llama_import(ggml_cpu ggml-cpu LINKS lares_llama::ggml_base)
set(backends lares_llama::ggml_cpu)
if(EXISTS "${lares_llama_prefix}/lib/libggml-cuda.a")
  find_package(CUDAToolkit REQUIRED)
  lares_llama_import(ggml_cuda ggml-cuda
    LINKS lares_llama::ggml_base CUDA::cudart CUDA::cublas CUDA::cuda_driver)
  list(APPEND backends lares_llama::ggml_cuda)
endif()
lares_llama_import(ggml ggml LINKS ${backends} lares_llama::ggml_base)
lares_llama_import(llama llama INCLUDES llama LINKS lares_llama::ggml)
lares_llama_import(common lares_llama_common INCLUDES common LINKS lares_llama::llama)
lares_llama_import(vendor_hash vendor-hash)
lares_llama_import(mtmd mtmd INCLUDES mtmd LINKS lares_llama::llama lares_llama::vendor_hash)
