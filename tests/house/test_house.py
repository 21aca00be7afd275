"""The house check fails when it should: each rule sees a bad snippet, and a clean tree passes."""

import os
import subprocess
import tempfile
import textwrap
import unittest

import house

GUARDED = "/* A header. */\n#ifndef BC_{0}_H\n#define BC_{0}_H\n{1}#endif\n"
CLEAN = {
    "include/bc260y/types.h": GUARDED.format("TYPES", "#include <stdint.h>\n"),
    "src/base/sink.h": GUARDED.format("SINK", '#include "bc260y/types.h"\n'),
    "src/coap/message.h": GUARDED.format("MESSAGE", ""),
    "src/lwm2m/client.h": GUARDED.format("CLIENT", ""),
    "src/lwm2m/value.h": GUARDED.format("VALUE", ""),
    "src/module/module.c": '/* All. */\n#include "base/sink.h"\n#include "lwm2m/client.h"\n',
    "src/coap/message.c": '/* The one. */\n#include "coap/message.h"\n\n#include "base/sink.h"\n'
                          "\nint bc_one(int n)\n{\n    return n; /* malloc(n) */\n}\n",
    "platform/server.c": '/* It. */\n#include <stdio.h>\n#include "lwm2m/value.h"\n',
    "daemon/main.c": '/* It. */\n#include <sys/socket.h>\n#include "bc260y/types.h"\n',
    "scripts/go.sh": "#!/bin/sh\n# Goes.\necho gone\n",
    "tool.py": '"""A tool."""\n',
    "README.md": "A [link](tool.py).\n",
}


class Tree(unittest.TestCase):
    """Rules on the source tree."""

    def findings(self, **more):
        """What the check says about the clean tree with `more` files: path -> text."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**CLEAN, **more.get("files", {})}.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return list(house.check_tree(root))

    def assert_finds(self, path, text, expected):
        found = self.findings(files={path: text})
        self.assertTrue(any(f.startswith(path + ":") and expected in f for f in found),
                        f"expected {path}: ...{expected}..., found {found}")

    def assert_clean(self, path, text):
        self.assertEqual(self.findings(files={path: text}), [])

    def test_clean_tree_has_no_findings(self):
        self.assertEqual(self.findings(), [])

    def test_arrows(self):
        for path, name in (("src/base/a.c", "coap/message.h"), ("src/coap/a.c", "lwm2m/value.h"),
                           ("src/lwm2m/a.c", "../module/m.h"), ("src/at/a.c", "coap/message.h"),
                           ("platform/a.c", "lwm2m/client.h"), ("tools/a.c", "coap/message.h"),
                           ("include/bc260y/a.h", "base/sink.h"), ("daemon/a.c", "platform/p.h"),
                           ("platform/core/a.c", "../p.h"), ("platform/store/a.c", "../p.h"),
                           ("platform/store/a.c", "coap/message.h"),
                           ("platform/a.c", "tools/at_port.h"), ("platform/cli/a.c", "../p.h"),
                           ("common/a.c", "coap/message.h"), ("common/a.c", "platform/p.h"),
                           ("examples/a.c", "base/sink.h")):
            with self.subTest(path=path, name=name):
                text = f'/* Bad. */\n#include "{name}"\n'
                files = {path: text, "src/module/m.h": GUARDED.format("M", ""),
                         "platform/p.h": GUARDED.format("P", ""),
                         "tools/at_port.h": GUARDED.format("AT_PORT", "")}
                found = [f for f in self.findings(files=files) if f"includes {name}" in f]
                self.assertEqual(len(found), 1, found)

    def test_include_that_is_not_there(self):
        self.assert_finds("src/coap/a.c", '/* Bad. */\n#include "nowhere.h"\n', "not there")

    def test_new_folder_in_src_needs_a_floor(self):
        self.assert_finds("src/attic/a.c", "/* Bad. */\n", "no floor")

    def test_system_headers_of_the_library(self):
        for name in ("stdio.h", "unistd.h", "sys/socket.h", "time.h", "fcntl.h", "pthread.h"):
            with self.subTest(name=name):
                self.assert_finds("src/at/a.c", f"/* Bad. */\n#include <{name}>\n", f"<{name}>")

    def test_only_a_backend_includes_its_library(self):
        text = "/* One. */\n#include <openssl/ssl.h>\n"
        self.assert_clean("src/dtls/openssl_bio.c", text)
        self.assert_finds("src/dtls/none.c", text, "<openssl/ssl.h>")
        self.assert_finds("src/module/openssl.c", text, "<openssl/ssl.h>")
        text = "/* One. */\n#include <zstd.h>\n"
        self.assert_clean("src/dfota/unpack_zstd.c", text)
        self.assert_finds("src/dfota/apply.c", text, "<zstd.h>")

    def test_calls_of_the_library(self):
        for call in ("malloc(n)", "free(p)", "snprintf(a, n, b)", "clock_gettime(0, p)",
                     "time(0)", "alloca(n)", "strdup(p)"):
            with self.subTest(call=call):
                text = f"/* Bad. */\nvoid bc_a(void)\n{{\n    {call};\n}}\n"
                self.assert_finds("src/base/a.c", text, call.split("(", maxsplit=1)[0])

    def test_calls_of_other_parts_and_members_are_free(self):
        self.assert_clean("daemon/a.c", "/* Good. */\nvoid a(void)\n{\n    free(p);\n}\n")
        self.assert_clean("src/base/a.c", "/* Good. */\nvoid bc_a(struct s *s)\n{\n"
                                          "    s->read(s->context);\n}\n")

    def test_function_static(self):
        text = "/* Bad. */\nint bc_a(void)\n{\n    static int n;\n    return n++;\n}\n"
        self.assert_finds("src/base/a.c", text, "static")
        self.assert_clean("src/base/a.c", text.replace("static int n", "static const int n = 1"))

    def test_recursion(self):
        direct = "/* Bad. */\nint bc_a(int n)\n{\n    return bc_a(n);\n}\n"
        self.assert_finds("src/base/a.c", direct, "bc_a() can call itself")
        member = "/* Good. */\nstatic void trace(struct s *s)\n{\n    s->trace(s->context);\n}\n"
        self.assert_clean("src/base/a.c", member)
        mutual = ("/* Bad. */\nstatic int b(int n)\n{\n    return bc_a(n);\n}\n"
                  "int bc_a(int n)\n{\n    return b(n);\n}\n")
        self.assert_finds("src/base/a.c", mutual, "b() can call itself")

    def test_function_length(self):
        def body(lines):
            return "/* A. */\nvoid bc_a(void)\n{\n" + "    bc_b();\n" * (lines - 2) + "}\n"
        self.assert_clean("src/base/a.c", body(house.FUNCTION_LINES_MAX))
        self.assert_finds("src/base/a.c", body(house.FUNCTION_LINES_MAX + 1), "has 71 lines")

    def test_function_length_in_scripts(self):
        long = house.FUNCTION_LINES_MAX
        self.assert_finds("a.py", '"""A."""\n\n\ndef a():\n' + "    b()\n" * long, "has 71 lines")
        self.assert_finds("a.sh", "# A.\na() {\n" + "    b\n" * long + "}\n", "has 72 lines")
        self.assert_finds("a.mjs", "// A.\nexport function a() {\n" + "  b();\n" * long + "}\n",
                          "has 72 lines")

    def test_line_length_counts_characters(self):
        limit = house.LINE_COLUMNS_MAX
        self.assert_finds("daemon/a.c", "/* " + "x" * limit + " */\n", "columns")
        self.assert_clean("daemon/a.c", "/* " + "路" * (limit - 6) + " */\n")

    def test_file_length(self):
        limit = house.FILE_LINES_MAX
        self.assert_clean("daemon/a.c", "/* A. */\n" + ";\n" * (limit - 1))
        self.assert_finds("daemon/a.c", "/* A. */\n" + ";\n" * limit, "lines")

    def test_white_space(self):
        self.assert_finds("daemon/a.c", "/* A. */\n\tint a;\n", "tab")
        self.assert_finds("daemon/a.c", "/* A. */\nint a; \n", "white space")
        self.assert_finds("docs/A.md", "text ", "newline")

    def test_opening_comment(self):
        self.assert_finds("daemon/a.c", "int a;\n", "opening comment")
        self.assert_finds("a.py", "import os\n", "opening comment")
        self.assert_finds("a.sh", "#!/bin/sh\necho\n", "opening comment")

    def test_include_guard(self):
        self.assert_finds("daemon/a.h", "/* A. */\nint a;\n", "include guard")
        self.assert_finds("daemon/a.h", GUARDED.format("B", ""), "include guard")
        self.assert_finds("src/a/types.h", GUARDED.format("TYPES", ""), "guard is also")

    def test_type_names(self):
        self.assert_finds("daemon/a.c", "/* A. */\ntypedef int count_t;\n", "count_t")
        self.assert_finds("daemon/a.c", "/* A. */\ntypedef struct {\n    int a;\n} pair_t;\n",
                          "pair_t")

    def test_words(self):
        for word in ("TO" + "DO", "FIX" + "ME"):
            self.assert_finds("daemon/a.c", f"/* {word}: later */\n", word)
        self.assert_finds("docs/A.md", "see /" + "work/main\n", "machine")
        self.assert_finds("docs/A.md", "<" * 7 + " mine\n", "conflict")

    def test_dead_links(self):
        self.assert_finds("docs/A.md", "A [link](B.md).\n", "B.md")


class Library(unittest.TestCase):
    """Rules on the built library, on objects that a compiler really made."""

    def findings(self, source, name="a.c"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(source))
            subprocess.run([os.environ.get("CC", "cc"), "-O1", "-fPIE", "-c", path, "-o",
                            path + ".o"], check=True)
            return list(house.check_library(os.environ.get("OBJDUMP", "objdump"), [path + ".o"]))

    def assert_finds(self, source, expected):
        found = self.findings(source)
        self.assertTrue(any(expected in f for f in found), f"{expected}: not in {found}")

    def test_constants_and_pure_calls_are_free(self):
        self.assertEqual(self.findings("""
            #include <assert.h>
            #include <string.h>
            extern const char *const bc_names[];
            const char *const bc_names[] = { "one", "two" };
            int bc_a(const char *p) { assert(p); return strcmp(p, bc_names[p[0] & 1]); }
            """), [])

    def test_mutable_globals(self):
        self.assert_finds("int bc_count;", "bc_count can change")
        self.assert_finds("int bc_count = 1;", "bc_count can change")
        self.assert_finds("int bc_a(void) { static int n; return n++; }", "n.0 can change")
        self.assert_finds("_Thread_local int bc_a = 1;", "bc_a can change")
        self.assert_finds("const char *bc_names[] = { \"one\" };", "bc_names can change")

    def test_foreign_calls(self):
        self.assert_finds("#include <stdlib.h>\nvoid *bc_a(int n) { return malloc(n); }", "malloc")
        self.assert_finds("#include <stdio.h>\nvoid bc_a(void) { puts(\"a\"); }", "puts")
        self.assert_finds("#include <time.h>\nlong bc_a(void) { return time(0); }", "time")

    def test_only_a_backend_calls_its_library(self):
        source = "int SSL_read(void *p);\nint bc_a(void *p) { return SSL_read(p); }\n"
        self.assertEqual(self.findings(source, "openssl_bio.c"), [])
        self.assert_finds(source, "SSL_read")
        source = "int ZSTD_isError(int n);\nint bc_a(int n) { return ZSTD_isError(n); }\n"
        self.assertEqual(self.findings(source, "unpack_zstd.c"), [])
        self.assert_finds(source, "ZSTD_isError")

    def test_names(self):
        self.assert_finds("int helper(int n) { return n; }", "helper is visible")
        self.assertEqual(self.findings("static int helper(int n) { return n * 2; }\n"
                                       "int bc_a(int n) { return helper(n); }"), [])

    def test_what_is_no_library(self):
        with tempfile.NamedTemporaryFile(suffix=".a") as file:
            file.write(b"text")
            file.flush()
            self.assertNotEqual(list(house.check_library("objdump", [file.name])), [])


if __name__ == "__main__":
    unittest.main()
