# SPDX-License-Identifier: Apache-2.0
"""The layers as data: who may include whom. ARCHITECTURE.md tells why; CONTRIBUTING.md tells how to change it."""

import re

# Includes point downward only. A folder below src/ belongs to the layer of its first path component.
LAYERS = (
    ("L0", ("base",)),
    ("L1", ("core",)),
    ("L2", ("scheduler", "sampling", "supervisor", "registry", "identity", "cluster", "capacity", "insight")),
    ("L3", ("engine", "worker", "upstream", "backend", "store", "coordinator", "jobs")),
    ("L4", ("service",)),
    ("L5", ("http", "grpc", "console")),
    ("L6", ("app", "cli")),
)
LEVEL = {folder: level for level, (_, folders) in enumerate(LAYERS) for folder in folders}

# Folders of one layer that may include each other, from -> to.
SAME_LAYER = {
    ("engine/local", "engine"),
    ("engine/local", "backend"),
    ("engine", "backend"),
    ("backend/llama", "backend"),
    ("backend/fake", "backend"),
    ("worker", "engine"),
    ("worker", "engine/failover"),
    ("engine/failover", "engine"),
    ("worker", "backend"),
    ("upstream", "engine"),
    ("coordinator/local", "coordinator"),
    ("coordinator/etcd", "coordinator"),
    ("jobs/local", "jobs"),
    ("jobs/nats", "jobs"),
    # app wires everything, so it also starts the commands; they share its settings.
    ("app", "cli"),
    ("cli", "app"),
}

# Tops whose folders are alternatives to each other and so must not know each other.
ALTERNATIVES = {"engine", "backend", "coordinator", "jobs"}

# What implements an interface is named by the wiring (and by tests) and by nobody else.
IMPLEMENTATIONS = {"backend/llama", "backend/fake", "engine/local", "engine/failover", "coordinator/local", "coordinator/etcd",
                   "jobs/local", "jobs/nats"}
WIRING = {"app", "worker"}

# The command line is a client of the server like any other: it sees values, not services.
ONLY_BELOW = {"cli": {"base", "core", "app", "cli"}}

PURE = {"scheduler", "sampling", "supervisor", "registry", "identity", "cluster", "capacity", "insight"}

# What a pure module's own code must not include, and why.
IMPURE_HEADERS = {
    **dict.fromkeys(("thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore", "latch",
                     "barrier", "stop_token", "atomic"),
                    "a pure module has no threads: its caller owns the one thread that calls it"),
    **dict.fromkeys(("fstream", "filesystem", "iostream", "cstdio", "stdio.h"),
                    "a pure module touches no files and no terminal: what it needs comes in as an argument"),
    **dict.fromkeys(("ctime", "time.h"), "a pure module has no clock: time comes in as an argument"),
}
IMPURE_CODE = (
    (re.compile(r"\b\w+_clock::now\b|::now\s*\(\s*\)|\bClock::Now\b|\bgettimeofday\b|\bclock_gettime\b"),
     "a pure module has no clock: time comes in as an argument"),
    (re.compile(r"\bstd::(jthread|thread)\b|\bthis_thread\b"), "a pure module has no threads"),
    (re.compile(r"\brandom_device\b|\bgetenv\b|\b(std::)?s?rand\s*\("),
     "a pure module is repeatable: seeds and settings come in as arguments"),
)

# Headers of ours that a build writes, named as if they lay below src/.
GENERATED = {"app/build_stamp.h", "worker/worker.pb.h"}

# Third-party headers, the folders that own each library, and whether its headers may be included.
# ".cc" means that no header of ours may include it, so that nobody else pays for it or depends on it.
LLAMA = re.compile(r"^(llama(-cpp)?|ggml[a-z0-9-]*|gguf|mtmd[a-z-]*|chat|chat-[a-z-]+|common|json|json-schema"
                   r"|json-schema-to-grammar|peg-parser|jinja/.*|trie|unicode|log|sampling|speculative)\.h$")
LIBRARIES = (
    ("llama.cpp", LLAMA, ("backend/llama",), "any"),
    ("Boost", re.compile(r"^boost/"), ("http",), "any"),
    ("OpenSSL", re.compile(r"^openssl/"), ("base", "http"), ".cc"),
    ("spdlog", re.compile(r"^(spdlog|fmt)/"), ("base",), ".cc"),
    ("prometheus-cpp", re.compile(r"^prometheus/"), ("base",), ".cc"),
    ("yaml-cpp", re.compile(r"^yaml-cpp/"), ("app",), ".cc"),
    ("CLI11", re.compile(r"^CLI/"), ("app", "cli"), ".cc"),
    ("simdjson", re.compile(r"^simdjson"), ("http",), ".cc"),
    ("nlohmann-json", re.compile(r"^nlohmann/"),
     ("http", "app", "cli", "worker", "upstream", "store", "jobs", "coordinator", "backend/llama"), "any"),
    ("libcurl", re.compile(r"^curl/"), ("upstream", "cli"), ".cc"),
    ("nghttp2", re.compile(r"^nghttp2/"), ("http",), ".cc"),
    ("gRPC and protobuf", re.compile(r"^(grpc|grpcpp|google/protobuf)/"),
     ("grpc", "worker", "coordinator/etcd"), "any"),
    ("libseccomp", re.compile(r"^seccomp\.h$"), ("worker",), ".cc"),
    ("SOCI", re.compile(r"^(soci|sqlite3|libpq)"), ("store",), ".cc"),
    ("NATS", re.compile(r"^nats/"), ("jobs/nats",), ".cc"),
    ("libedit", re.compile(r"^(editline/|histedit)"), ("cli",), ".cc"),
    ("readline, which is under the GPL,", re.compile(r"^readline/"), (), "nobody"),
    ("GoogleTest", re.compile(r"^(gtest|gmock)/"), (), "test"),
    ("Google Benchmark", re.compile(r"^benchmark/"), (), "test"),
)

# Headers that belong to the language: all of the C++23 library, and the C library under its C++ names.
STANDARD = frozenset("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution expected filesystem flat_map flat_set
format forward_list fstream functional future generator initializer_list iomanip ios iosfwd iostream istream iterator
latch limits list locale map mdspan memory memory_resource mutex new numbers numeric optional ostream print queue
random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span spanstream sstream stack
stacktrace stdexcept stdfloat stop_token streambuf string string_view strstream syncstream system_error thread tuple
type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
""".split())
