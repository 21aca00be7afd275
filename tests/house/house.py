"""Keeps the house: what may include what, what libbc260y may not touch, and how long things may be.

    house.py tree ROOT               the source tree
    house.py library OBJDUMP FILE... the built library: its symbols (an optimized build without
                                     sanitizers, which add symbols of their own)

Prints one line a finding, `file:line: what is wrong`, and exits 1 when there is any. The rules are
those of docs/ARCHITECTURE.md; each has a test in test_house.py that sees it fail.
"""

import ast
import os
import re
import subprocess
import sys

LINE_COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 1000

CODE = (".c", ".h", ".py", ".sh", ".js", ".mjs")
TEXT = CODE + (".txt", ".md", ".cmake", ".json", ".yml", ".at", ".1", ".in", ".html", ".css")

# What a part may include besides itself and the public headers.
LIBRARY = {
    "base": set(),
    "coap": {"base"},
    "at": {"base"},
    "dtls": {"base"},
    "dfota": {"base", "coap"},
    "lwm2m": {"base", "coap"},
    "module": {"base", "coap", "at", "dtls", "dfota", "lwm2m"},
}
PROGRAMS = {
    "common": {"base"},
    "daemon": set(LIBRARY) | {"common"},
    "platform": {"base", "coap", "dtls", "dfota", "lwm2m", "common", "tools"},
    "tools": {"base", "dfota", "common"},
    "sim": {"base", "module", "platform"},
    "fleet": {"base", "module", "platform"},
    "examples": set(),
}
# Folders of a program that may include less than its other folders.
INNER = {
    "platform/core/": ("platform/core/", "src/base/", "src/coap/", "src/lwm2m/", "include/"),
    "platform/codec/": ("platform/codec/", "platform/core/path.h", "src/base/", "src/lwm2m/",
                        "include/"),
    "platform/http/": ("platform/http/", "platform/service/", "platform/store/store.h",
                       "platform/core/", "src/base/", "common/", "include/"),
    "platform/service/": ("platform/service/", "platform/store/", "platform/core/",
                          "platform/codec/", "src/base/", "src/coap/", "src/dfota/", "src/lwm2m/",
                          "tools/", "include/"),
    "platform/cli/": ("platform/cli/", "platform/place.h", "common/"),
    "platform/store/": ("platform/store/", "platform/core/", "src/base/", "include/"),
}
# Of lwm2m the platform takes the formats; the rest of it is the client.
PLATFORM_LWM2M = {"lwm2m/path.h", "lwm2m/value.h"}
# Of the tools it takes the language of transcripts, and the checks of packages.
PLATFORM_TOOLS = {"tools/at_match.h", "tools/at_script.h", "tools/delta.h", "tools/sign.h",
                  "tools/sign_keys.h"}

# The part of the C library that neither does I/O, nor reads a clock, nor allocates.
LIBRARY_HEADERS = {"assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h",
                   "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h"}
# Files of a backend stand between us and somebody's library: they include it, and it has a heap and
# a state of its own.
BACKENDS = {
    "dtls/openssl": re.compile(r"openssl/\w+\.h|sys/time\.h"),
    "dfota/sha256_openssl": re.compile(r"openssl/evp\.h"),
    "dfota/unpack_zstd": re.compile(r"zstd\.h"),
}
BACKEND_SYMBOLS = {
    "openssl": re.compile(r"(SSL|BIO|EVP|ERR|RAND|CRYPTO|OPENSSL|OSSL|DTLS|DTLSv1)_\w+|"
                          r"(i2d|d2i)_SSL_SESSION|OpenSSL_version_num"),
    "sha256_openssl": re.compile(r"EVP_\w+"),
    "unpack_zstd": re.compile(r"ZSTD_\w+"),
}
FOREIGN_CALLS = re.compile(
    r"\b(malloc|calloc|realloc|reallocarray|free|strdup|strndup|alloca|aligned_alloc|"
    r"\w*printf|\w*scanf|puts|putchar|fputs|fopen|fwrite|fread|getenv|system|exit|rand|srand|"
    r"time|clock|clock_gettime|gettimeofday|localtime|gmtime|sleep|usleep|nanosleep|"
    r"open|read|write|close|socket|send|sendto|recv|recvfrom|select|poll|getaddrinfo)\s*\(")
PURE_SYMBOLS = re.compile(
    r"mem(cpy|move|set|cmp|chr)|str(len|nlen|cmp|ncmp|casecmp|ncasecmp|chr|rchr|str|spn|"
    r"cspn|tod|tof|tol|toul|toll|toull)|abort|__assert_fail|__errno_location|__stack_chk_fail|"
    r"__(mem|str)\w+_chk|__ctype_(b|tolower|toupper)_loc|tolower|toupper|"
    r"(l?l?round|trunc|floor|ceil|fabs|ldexp|frexp|pow|fmod|nextafter)f?|_GLOBAL_OFFSET_TABLE_|"
    r"__(u?div|u?mod|mul|ashl|ashr|lshr|float|fix|pop)\w*[sdt][if]\d?|__aeabi_\w+")
MUTABLE_SECTIONS = re.compile(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)|\*COM\*")

UNWANTED = (
    (re.compile(r"(?<![\w.])/[w]ork/"), "a path of one machine"),
    (re.compile(r"\b(TO[D]O|FIX[M]E)\b"), "unfinished business; file an issue instead"),
    (re.compile(r"^(<{7}|>{7})( |$)", re.M), "a merge conflict"),
)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def blank(match):
    """The same text without letters, so that offsets and lines stay."""
    return re.sub(r"[^\n]", " ", match.group())


COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def code_of(text):
    """C source with comments and literals blanked out; #include names stay."""
    def keep(match):
        start = text.rfind("\n", 0, match.start()) + 1
        if match.group()[0] == '"' and text[start:match.start()].lstrip().startswith("#"):
            return match.group()
        return blank(match)
    return COMMENT.sub(keep, text)


def part_of(path):
    folders = path.split("/")
    if path.startswith("include/bc260y/"):
        return "public"
    if folders[0] == "src" and len(folders) > 2:
        return folders[1]
    return folders[0]


def in_library(path):
    return path.startswith(("src/", "include/"))


# Text ------------------------------------------------------------------------------------------

def check_lines(path, text):
    lines = text.split("\n")
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end of the file"
    if len(lines) - 1 > FILE_LINES_MAX and path.endswith(CODE):
        yield FILE_LINES_MAX + 1, f"file of more than {FILE_LINES_MAX} lines"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "white space at the end of the line"
        if path.endswith(CODE):
            if "\t" in line:
                yield number, "a tab"
            if len(line) > LINE_COLUMNS_MAX:
                yield number, f"line of {len(line)} columns; at most {LINE_COLUMNS_MAX}"


def check_words(_path, text):
    for pattern, what in UNWANTED:
        for match in pattern.finditer(text):
            yield line_of(text, match.start()), f"{match.group().strip()!r}: {what}"


def check_opening(path, text):
    lines = text.split("\n")
    first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
    wanted = {".py": ('"""', "#"), ".sh": ("#",)}.get(os.path.splitext(path)[1], ("/*", "//"))
    if path.endswith(CODE) and not first.startswith(wanted):
        yield 1, "no opening comment that tells the file's job"


def check_links(path, text, root):
    """Relative links of a Markdown page."""
    if not path.endswith(".md"):
        return
    fenced = re.sub(r"^```.*?^```", blank, text, flags=re.S | re.M)
    for match in re.finditer(r"\]\(([^)#\s]+)[^)]*\)", fenced):
        target = match.group(1)
        if "://" in target or target.startswith("mailto:"):
            continue
        if not os.path.exists(os.path.join(root, os.path.dirname(path), target)):
            yield line_of(text, match.start()), f"link to {target}, which does not exist"


# Functions -------------------------------------------------------------------------------------

def c_functions(text):
    """(name, first line, last line, body) of each function. clang-format puts the braces of a
    function, and of nothing else that matters, alone in the first column."""
    code = code_of(text)
    for match in re.finditer(r"^\{\n(.*?)^\}", code, re.S | re.M):
        head = re.split(r"[;}#]", code[:match.start()])[-1]
        name = re.search(r"(\w+)\s*\(", head)
        if name:
            yield (name.group(1), line_of(text, match.start()), line_of(text, match.end()),
                   match.group(1))


def script_functions(path, text):
    if path.endswith(".py"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.lineno, node.end_lineno
        return
    head = r"^(\w+) ?\(\) ?\{" if path.endswith(".sh") else \
        r"^(?:export )?(?:default )?(?:async )?function\*? ?(\w*)[^\n]*\{"
    for match in re.finditer(head + r"\n.*?^\}", text, re.S | re.M):
        yield match.group(1), line_of(text, match.start()), line_of(text, match.end())


def check_functions(path, text):
    found = []
    if path.endswith((".c", ".h")):
        found = [f[:3] for f in c_functions(text)]
    elif path.endswith(CODE):
        found = script_functions(path, text)
    for name, first, last in found:
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield first, f"{name}() has {last - first + 1} lines; at most {FUNCTION_LINES_MAX}"


def check_recursion(files):
    """Calls by name among the functions of src/ that end where they began."""
    calls, places = {}, {}
    shared = set()
    for path, text in files.items():
        if not (path.startswith("src/") and path.endswith(".c")):
            continue
        functions = list(c_functions(text))
        own = {f[0] for f in functions}
        shared |= {name for name in own if name.startswith("bc_")}
        for name, first, _, body in functions:
            key = name if name.startswith("bc_") else f"{path}:{name}"
            places[key] = (path, first)
            calls[key] = {c if c.startswith("bc_") else f"{path}:{c}"
                          for c in re.findall(r"(?<![.>\w])(\w+)\s*\(", body)
                          if c.startswith("bc_") or c in own}
    for start in sorted(calls):
        seen, todo = set(), [start]
        while todo:
            for callee in calls.get(todo.pop(), ()):
                if callee not in seen:
                    seen.add(callee)
                    todo.append(callee)
        if start in seen:
            path, first = places[start]
            yield path, first, f"{start.split(':')[-1]}() can call itself: the stack has no bound"


# C ---------------------------------------------------------------------------------------------

def check_guard(path, text):
    if not path.endswith(".h"):
        return
    wanted = re.sub(r"\W", "_", os.path.basename(path)).upper()
    directives = re.findall(r"^#\s*(\w+)(?:[ \t]+(\w+))?", code_of(text), re.M)
    if (len(directives) < 3 or directives[0][0] != "ifndef" or directives[1][0] != "define"
            or directives[0][1] != directives[1][1] or directives[-1][0] != "endif"
            or not directives[0][1].endswith(wanted)):
        yield 1, f"no include guard that ends in {wanted}"


def check_types(path, text):
    if path.endswith((".c", ".h")):
        for match in re.finditer(r"^typedef\b[^;{]*?\b(\w+_t);|^\} (\w+_t);", code_of(text), re.M):
            name = match.group(1) or match.group(2)
            yield line_of(text, match.start()), f"type {name}: the suffix _t is the C library's"


def resolve(path, name, files):
    """The file of ours that `#include "name"` in `path` means, or None."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
    for candidate in (beside, "src/" + name, "include/" + name, name):
        if candidate in files:
            return candidate
    folder = path.split("/", maxsplit=1)[0] + "/"
    if folder in ("src/", "include/"):
        return None
    # A program's folders may be on its own include path.
    return next((f for f in files if f.startswith(folder) and f.endswith("/" + name)), None)


def may_include(part, target):
    """None, or why a file of `part` may not include the file `target`."""
    other = part_of(target)
    if other in ("public", part):
        return None
    if part == "public":
        return "a public header may include public headers only"
    allowed = LIBRARY.get(part, PROGRAMS.get(part, set()))
    if other not in allowed:
        return f"{part}/ may include only {', '.join(sorted(allowed | {part, 'include'}))}"
    if part == "platform" and other == "lwm2m" and target[4:] not in PLATFORM_LWM2M:
        return "platform/ may include only the formats of lwm2m/"
    if part == "platform" and other == "tools" and target not in PLATFORM_TOOLS:
        return "platform/ may include only transcripts and packages of tools/"
    return None


def may_include_inside(path, target):
    """None, or why that file of a program's inner folder may not include the file `target`."""
    for folder, allowed in INNER.items():
        if path.startswith(folder) and not target.startswith(allowed):
            return f"{folder} may include only {', '.join(sorted(allowed))}"
    return None


def of_backend(path, name):
    return any(path.startswith("src/" + backend) and headers.fullmatch(name)
               for backend, headers in BACKENDS.items())


def check_includes(path, text, files):
    part = part_of(path)
    known = part == "public" or part in LIBRARY or part in PROGRAMS
    if not path.endswith((".c", ".h")) or not known:
        if path.startswith("src/") and path.endswith((".c", ".h")):
            yield 1, f"{part}/ has no floor; give it one in tests/house/house.py"
        return
    code = code_of(text)
    for match in re.finditer(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", code, re.M):
        number, name = line_of(text, match.start()), match.group(2)
        target = resolve(path, name, files)
        if target:
            why = may_include(part, target) or may_include_inside(path, target)
            if why:
                yield number, f"includes {name}: {why}"
        elif match.group(1) == '"':
            yield number, f"includes {name}, which is not there"
        elif in_library(path) and name not in LIBRARY_HEADERS and not of_backend(path, name):
            yield number, f"includes <{name}>: the library does no I/O and has no clock or heap"


def check_calls(path, text):
    if in_library(path) and path.endswith((".c", ".h")):
        code = re.sub(r"^\s*#[^\n]*", blank, code_of(text), flags=re.M)
        for match in FOREIGN_CALLS.finditer(code):
            before = code[:match.start()].rstrip()
            if before.endswith((".", "->", "(*")):
                continue
            yield (line_of(text, match.start()),
                   f"{match.group(1)}(): the library does no I/O and has no clock or heap")


def check_function_statics(path, text):
    """The built library shows these too, but not in which line."""
    if path.startswith("src/") and path.endswith(".c"):
        for _, first, _, body in c_functions(text):
            for match in re.finditer(r"^\s+static (?!const\b|inline\b)", body, re.M):
                yield first + line_of(body, match.end()), "a function keeps state in a static"


# The whole tree --------------------------------------------------------------------------------

def read_tree(root):
    files = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(("build", ".git", "__pycache__"))
                            and f != "node_modules")
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
            if path.endswith(TEXT) or name in ("Makefile", ".ci/run", "run", "NOTICE"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    files[path] = file.read()
    return files


def check_tree(root):
    files = read_tree(root)
    checks = (check_lines, check_words, check_opening, check_functions, check_guard, check_types,
              check_calls, check_function_statics,
              lambda path, text: check_links(path, text, root),
              lambda path, text: check_includes(path, text, files))
    guards = {}
    for path, text in files.items():
        for check in checks:
            for number, what in check(path, text):
                yield f"{path}:{number}: {what}"
        guard = re.match(r"\s*#\s*ifndef\s+(\w+)", code_of(text)) if path.endswith(".h") else None
        if guard and guards.setdefault(guard.group(1), path) != path:
            yield f"{path}:1: its include guard is also that of {guards[guard.group(1)]}"
    for path, number, what in check_recursion(files):
        yield f"{path}:{number}: {what}"


# The built library -----------------------------------------------------------------------------

SYMBOL = re.compile(r"^[0-9a-f]+ (.)(.)...(.)(.) (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$")


def check_symbols(table):
    """`table` is what `objdump -t` prints for an archive or an object."""
    member = "?"
    lines = table.split("\n")
    symbols = [match for match in map(SYMBOL.match, lines) if match]
    ours = {match.group(6) for match in symbols if match.group(5) != "*UND*"}
    if not symbols:
        yield "no symbols: is this a library?"
    for line in lines:
        header = re.match(r"(\S+):\s+file format", line)
        if header:
            member = os.path.basename(header.group(1))
        match = SYMBOL.match(line)
        if not match:
            continue
        scope, _, debug, kind, section, name = match.groups()
        if debug == "d" or kind == "f":
            continue
        if MUTABLE_SECTIONS.match(section):
            yield f"{member}: {name} can change ({section}): the library keeps no state"
        elif section == "*UND*":
            pure = PURE_SYMBOLS.fullmatch(name) or any(
                member.startswith(backend) and symbols.fullmatch(name)
                for backend, symbols in BACKEND_SYMBOLS.items())
            if name not in ours and not pure:
                yield f"{member}: needs {name}, which the library may not call"
        elif scope == "g" and not name.startswith("bc_"):
            yield f"{member}: {name} is visible outside, but does not begin with bc_"


def check_library(objdump, paths):
    for path in paths:
        result = subprocess.run([objdump, "-t", path], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            yield f"{path}: {result.stderr.strip()}"
            continue
        yield from check_symbols(result.stdout)


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "tree":
        findings = list(check_tree(arguments[1]))
    elif len(arguments) >= 3 and arguments[0] == "library":
        findings = list(check_library(arguments[1], arguments[2:]))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
