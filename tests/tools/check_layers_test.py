#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of tools/check_layers, each with a snippet that breaks it and one that does not."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from layers import check, headers, rules  # noqa: E402

HEADERS = {"base/error.h", "base/clock.h", "core/generate_request.h", "scheduler/scheduler.h", "sampling/sampler.h",
           "engine/engine.h", "engine/recorder_test.h", "engine/local/local_engine.h", "backend/backend.h",
           "backend/llama/llama_backend.h", "backend/fake/fake_backend.h", "service/generate.h", "http/server.h",
           "http/openai/chat.h", "grpc/server.h", "app/main.h", "cli/chat.h", "cli/bench/options.h", "worker/client.h"}


def reasons(path, text):
    if path.endswith(".h"):
        text = "#pragma once\n" + text
    return [v.reason for v in check.check_file(path, text, HEADERS)]


class LayerRules(unittest.TestCase):
    def rejects(self, path, text, word):
        found = reasons(path, text)
        self.assertEqual(len(found), 1, f"{path}: {text!r} gave {found}")
        self.assertIn(word, found[0])

    def accepts(self, path, text):
        self.assertEqual(reasons(path, text), [], f"{path}: {text!r}")

    def test_includes_point_downward(self):
        self.accepts("service/generate.cc", '#include "engine/engine.h"')
        self.accepts("http/openai/chat.cc", '#include "service/generate.h"')
        self.rejects("core/generate_request.h", '#include "service/generate.h"', "downward")
        self.rejects("scheduler/scheduler.cc", '#include "backend/backend.h"', "downward")
        self.rejects("service/generate.cc", '#include "http/server.h"', "downward")
        self.rejects("base/error.cc", '#include "core/generate_request.h"', "downward")

    def test_one_layer_only_by_the_allow_list(self):
        self.accepts("engine/local/local_engine.cc", '#include "engine/engine.h"\n#include "backend/backend.h"')
        self.accepts("backend/llama/llama_backend.h", '#include "backend/backend.h"')
        self.accepts("worker/client.cc", '#include "engine/engine.h"')
        self.accepts("http/openai/chat.cc", '#include "http/server.h"')
        self.rejects("scheduler/scheduler.cc", '#include "sampling/sampler.h"', "allow-list")
        self.rejects("http/server.cc", '#include "grpc/server.h"', "allow-list")
        self.rejects("backend/backend.h", '#include "engine/engine.h"', "allow-list")

    def test_only_the_wiring_names_implementations(self):
        self.accepts("app/main.cc", '#include "backend/llama/llama_backend.h"')
        self.accepts("engine/local/local_engine_test.cc", '#include "backend/fake/fake_backend.h"')
        self.rejects("service/generate.cc", '#include "backend/llama/llama_backend.h"', "implementation")
        self.rejects("engine/local/local_engine.cc", '#include "backend/fake/fake_backend.h"', "implementation")
        self.rejects("backend/fake/fake_backend.cc", '#include "backend/llama/llama_backend.h"', "implementation")

    def test_the_command_line_is_a_client(self):
        self.accepts("cli/chat.cc", '#include "base/error.h"\n#include "core/generate_request.h"')
        self.accepts("app/main.cc", '#include "cli/chat.h"')
        self.accepts("app/main/commands.cc", '#include "cli/bench/options.h"')
        self.rejects("cli/chat.cc", '#include "service/generate.h"', "client")

    def test_llama_stays_in_its_adapter(self):
        for name in ("llama.h", "ggml-backend.h", "gguf.h", "mtmd-helper.h", "chat.h", "json-schema-to-grammar.h"):
            with self.subTest(name):
                self.accepts("backend/llama/llama_backend.cc", f'#include "{name}"')
                self.rejects("engine/local/local_engine.cc", f"#include <{name}>", "llama.cpp")
                self.rejects("engine/local/local_engine_test.cc", f'#include "{name}"', "llama.cpp")

    def test_one_library_one_adapter(self):
        self.accepts("http/server.cc", "#include <boost/asio.hpp>")
        self.accepts("base/log.cc", "#include <spdlog/spdlog.h>")
        self.accepts("http/openai/chat.cc", "#include <nlohmann/json.hpp>")
        self.rejects("service/generate.cc", "#include <boost/asio.hpp>", "Boost")
        self.rejects("base/log.h", "#include <spdlog/spdlog.h>", ".cc")
        self.rejects("core/generate_request.cc", "#include <nlohmann/json.hpp>", "nlohmann")
        self.rejects("base/error.cc", "#include <gtest/gtest.h>", "tests")
        self.rejects("cli/chat.cc", "#include <readline/readline.h>", "not linked")

    def test_low_headers_use_the_standard_library_only(self):
        self.accepts("base/clock.h", "#include <chrono>\n#include <mutex>")
        self.accepts("base/clock.cc", "#include <sys/resource.h>")
        self.rejects("base/clock.h", "#include <sys/resource.h>", "standard library only")
        self.rejects("core/generate_request.h", "#include <unistd.h>", "standard library only")
        self.rejects("core/generate_request.cc", "#include <unistd.h>", "standard library only")

    def test_pure_modules_have_no_threads_files_or_clocks(self):
        self.accepts("scheduler/scheduler.h", "#include <chrono>\n#include <vector>")
        for header, word in (("thread", "threads"), ("mutex", "threads"), ("fstream", "files"), ("ctime", "clock")):
            with self.subTest(header):
                self.rejects("scheduler/scheduler.cc", f"#include <{header}>", word)
        self.rejects("scheduler/scheduler.cc", "auto t = std::chrono::steady_clock::now();", "clock")
        self.rejects("sampling/sampler.cc", "std::random_device seed;", "seeds")
        self.rejects("sampling/sampler.cc", "#include <unistd.h>", "standard library only")

    def test_their_tests_may(self):
        self.accepts("scheduler/scheduler_test.cc",
                     "#include <gtest/gtest.h>\n#include <fstream>\nauto t = std::chrono::steady_clock::now();")

    def test_production_code_does_not_include_tests(self):
        self.accepts("engine/local/local_engine_test.cc", '#include "engine/recorder_test.h"')
        self.rejects("engine/local/local_engine.cc", '#include "engine/recorder_test.h"', "test code")

    def test_comments_and_strings_are_not_code(self):
        self.accepts("scheduler/scheduler.cc",
                     '// #include <thread>\n/*\n#include <mutex>\nsteady_clock::now() */\nauto s = "clock::now()";')

    def test_unknown_places(self):
        self.rejects("misc/thing.cc", "", "no layer")
        self.rejects("core/generate_request.cc", '#include "error.h"', "named from src/")
        self.assertIn("pragma", check.check_file("base/error.h", "int x;", HEADERS)[0].reason)

    def test_every_name_in_the_tables_has_a_layer(self):
        for come, go in rules.SAME_LAYER:
            self.assertEqual(rules.LEVEL[come.partition("/")[0]], rules.LEVEL[go.partition("/")[0]], (come, go))


class CommandLine(unittest.TestCase):
    def test_names_file_line_text_and_reason(self):
        with tempfile.TemporaryDirectory() as root:
            folder = Path(root, "src", "core")
            folder.mkdir(parents=True)
            (folder / "thing.cc").write_text("#include <vector>\n#include <llama.h>\n", encoding="utf-8")
            result = subprocess.run([ROOT / "tools/check_layers", "--root", root], capture_output=True, text=True,
                                    check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("src/core/thing.cc:2: #include <llama.h>\n    only src/backend/llama may", result.stdout)


class HeadersAlone(unittest.TestCase):
    def tree(self, root, text):
        src = Path(root, "src", "core")
        src.mkdir(parents=True)
        (src / "thing.h").write_text(text, encoding="utf-8")
        build = Path(root, "build")
        build.mkdir()
        command = f"ccache g++ -std=c++23 -I{root}/src -o x.o -c {src}/thing.cc"
        entry = f'[{{"directory": "{build}", "file": "{src}/thing.cc", "command": "{command}"}}]'
        (build / "compile_commands.json").write_text(entry, encoding="utf-8")
        return build

    def test_a_header_that_leans_on_others_fails(self):
        with tempfile.TemporaryDirectory() as root:
            problems, _, _ = headers.check(root, self.tree(root, "#pragma once\nstd::string Name();\n"))
        self.assertEqual(len(problems), 1)
        self.assertIn("core/thing.h:2", problems[0])

    def test_a_header_that_passed_is_not_compiled_again_until_it_changes(self):
        with tempfile.TemporaryDirectory() as root:
            build = self.tree(root, "#pragma once\n#include <string>\nstd::string Name();\n")
            self.assertEqual(headers.check(root, build), ([], 1, 0))
            self.assertEqual(headers.check(root, build), ([], 0, 1))
            (Path(root) / "src/core/thing.h").write_text("#pragma once\nint Name();\n", encoding="utf-8")
            self.assertEqual(headers.check(root, build), ([], 1, 0))


if __name__ == "__main__":
    unittest.main()
