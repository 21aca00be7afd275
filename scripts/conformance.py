"""Rewrites the table of docs/CONFORMANCE.md from the tests' own words and from how they ended.

    conformance.py JUNIT      JUNIT: what ctest --output-junit wrote (scripts/docs.sh does it all)
    conformance.py --check    writes nothing; exits 1 when the page names a test that is no more

A test says what it tests in the comment behind its name: `/* G 2.8, MODULE 2 */` names sections of
the vendor's guide and of our own decisions, `/* RFC 7252 4.2 */` those of a standard. The part of
the page between `<!-- generated -->` and `<!-- end -->` is written here, the rest by hand.
"""

import glob
import os
import re
import sys
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "CONFORMANCE.md")

# What the guide's chapters 2, 3 and 6 hold: each of these must have a test.
GUIDE = {
    "2.1": "`AT+QLACONFIG`", "2.2": "`AT+QLACFG`", "2.3": "`AT+QLAREG`", "2.4": "`AT+QLAUPDATE`",
    "2.5": "`AT+QLADEREG`", "2.6": "`AT+QLAADDOBJ`", "2.7": "`AT+QLADELOBJ`",
    "2.8": "`AT+QLARDRSP`", "2.9": "`AT+QLAWRRSP`", "2.10": "`AT+QLAEXERSP`",
    "2.11": "`AT+QLAOBSRSP`", "2.12": "`AT+QLANOTIFY`", "2.13": "`AT+QLASENDDATA`",
    "2.14": "`AT+QLASTATUS`",
    "3.1": "`\"ping\"`", "3.2": "`\"observe\"`", "3.3": "`\"write\"`", "3.4": "`\"read\"`",
    "3.5": "`\"execute\"`", "3.6": "`\"bs_finished\"`", "3.7": "`\"report\"`",
    "3.8": "`\"report_ack\"`", "3.9": "`\"send_ack\"`", "3.10": "`\"lifetime_changed\"`",
    "3.11": "`\"binding_changed\"`", "3.12": "`\"recovered\"`", "3.13": "`\"lw_event\"`",
    **{f"6: {code}": "" for code in (0, 1, 2, 3, 4, 5, 400, 403, 404, 412, 900)},
}

# Our own decisions where the guide is silent; docs/AT.md tells them.
DECISIONS = {"1": "the serial line", "2": "commands", "3": "URCs", "4": "LwM2M",
             "5": "power and storage", "6": "radio", "7": "base commands", "8": "firmware updates"}

SOURCE = re.compile(r"\bG(?= \d)|\bMODULE(?= \d)|\bRFC \d+|\bLwM2M 1\.0|\bV\.250|\bTS \d+\.\d+")
# The list of sections behind a source ends where something else begins.
SECTION = re.compile(r"[ ,]*(\d+(?:\.\d+)*)(?: to (\d+(?:\.\d+)*))?(?![\w-])(?!\.\d)")
CODES = re.compile(r": (?:codes? )?(\d+(?:, \d+)*)")


class Test:
    def __init__(self, name, path, tag):
        self.name = name
        self.path = path
        self.tag = tag
        self.result = "not run"

    def claim(self):
        return self.name.removeprefix("test_").replace("_", " ")


# What a tag says --------------------------------------------------------------------------------

def section_range(first, last):
    """2.8 to 2.11: all of them."""
    head, _, low = first.rpartition(".")
    high = last.rpartition(".")[2]
    return [f"{head}.{number}" for number in range(int(low), int(high) + 1)]


def sections_behind(source, rest):
    """The sections that `rest`, which follows the name of a source, begins with."""
    found = []
    match = SECTION.match(rest)
    while match:
        first, last = match.groups()
        found += section_range(first, last) if last else [first]
        rest = rest[match.end():]
        codes = CODES.match(rest) if source == "G" and first == "6" else None
        if codes:
            found[-1:] = [f"6: {code}" for code in codes.group(1).split(", ")]
            rest = rest[codes.end():]
        match = SECTION.match(rest)
    return found or [""]


def sections_of(tag):
    """A tag as a list of (source, section); section is "" for a source as a whole."""
    found = []
    for match in SOURCE.finditer(tag):
        rest = tag[match.end():]
        found += [(match.group(), section) for section in sections_behind(match.group(), rest)]
    return found


# The tests ---------------------------------------------------------------------------------------

def tests_of_c(path, text):
    """Test functions that are in the program's list."""
    listed = set(re.findall(r"\bcmocka_unit_test\w*\(\s*(\w+)", text))
    for match in re.finditer(r"^(?:static void\s+)?(\w+)\(void \*\*\w+\)\s*(?:/\*(.*?)\*/)?"
                             r"(?=[^;]*?\n\{)", text, re.M | re.S):
        if match.group(1) in listed:
            tag = re.sub(r"\n \* ", " ", match.group(2) or "")
            yield Test(match.group(1), path, " ".join(tag.split()))


def tests_of_python(path, text):
    for match in re.finditer(r"^    def (test_\w+)\(self\):(?: *# *([^\n]*))?"
                             r"(?:\n +\"\"\"(.*?)\"\"\")?", text, re.M | re.S):
        yield Test(match.group(1), path, " ".join(filter(None, match.group(2, 3))))


# Tests of the tools that write or check the sources say nothing about the module.
TOOLS = ("tests/docs/", "tests/house/")


def find_tests(root):
    tests = []
    for pattern, reader in (("tests/*/test_*.c", tests_of_c), ("tests/*/test_*.py",
                                                                tests_of_python)):
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            name = os.path.relpath(path, root).replace(os.sep, "/")
            with open(path, encoding="utf-8") as file:
                tests += reader(name, file.read())
    return tests


def results_of(junit):
    """How each test of each program ended: {(program, test): "pass" or "FAIL"}."""
    results = {}
    for case in xml.etree.ElementTree.parse(junit).iter("testcase"):
        output = case.findtext("system-out") or ""
        program = case.get("name")
        for good, name in re.findall(r"\[ +(OK|FAILED) +\] (\w+)", output):
            results[program, name] = "pass" if good == "OK" else "FAIL"
        for name, good in re.findall(r"^(test_\w+) \([^)]*\)(?:\n.*?)??.*?\.\.\. (?:.*\n)*?.*?\b"
                                     r"(ok|FAIL|ERROR|skipped)\b", output, re.M):
            results[program, name] = {"ok": "pass", "skipped": "skipped"}.get(good, "FAIL")
    return results


def programs_of(path):
    """The CTest names that may run a file: tests/module/test_flow.c is unit/module_flow."""
    folder, file = path.split("/")[1:]
    theme = os.path.splitext(file)[0].removeprefix("test_")
    return (f"unit/{folder}_{theme}", f"unit/{theme}", f"{folder}/{theme}", f"{folder}/selftest")


def take_results(tests, results):
    for test in tests:
        for program in programs_of(test.path):
            test.result = results.get((program, test.name), test.result)


# The page ----------------------------------------------------------------------------------------

def in_order(section):
    return [(int(part), "") if part.isdigit() else (0, part)
            for part in re.split(r"[.: ]+", section) if part]


def row(section, test):
    return f"| {section} | {test.claim()} | [{test.path}](../{test.path}) | {test.result} |\n"


def table(sections, titles, tests_by_section):
    """One row for each test of each section; a section that has none says so."""
    text = "| section | behaviour | tested in | result |\n|---|---|---|---|\n"
    for section in sections:
        title = f"{section} {titles.get(section, '')}".strip()
        tests = tests_by_section.get(section, [])
        if not tests:
            text += f"| {title} | **no test** | | |\n"
        for test in tests:
            text += row(title, test)
    return text


def by_source(tests):
    found = {}
    for test in tests:
        for source, section in dict.fromkeys(sections_of(test.tag)):
            found.setdefault(source, {}).setdefault(section, []).append(test)
    return found


def generate(tests):
    sources = by_source(tests)
    guide = sources.pop("G", {})
    decisions = sources.pop("MODULE", {})
    ran = [test for test in tests if test.result != "not run"]
    good = sum(test.result == "pass" for test in ran)
    holes = [section for section in GUIDE if section not in guide]
    text = (f"{len(tests)} tests; {len(ran)} ran, {good} passed. Sections of chapters 2, 3 and 6 "
            f"without a test: {', '.join(holes) or 'none'}.\n\n"
            "### The guide: commands (2), URCs (3), result codes (6)\n\n")
    text += table(GUIDE, GUIDE, guide)
    others = sorted((section for section in guide if section not in GUIDE), key=in_order)
    text += "\n### The guide: everything else that is tested\n\n" + table(others, {}, guide)
    text += "\n### Our decisions where the guide is silent (docs/AT.md)\n\n"
    text += table(sorted(decisions, key=in_order), DECISIONS, decisions)
    for source in sorted(sources):
        text += f"\n### {source}\n\n" + table(sorted(sources[source], key=in_order), {},
                                              sources[source])
    return text


def rewrite(page, text):
    marked = re.compile(r"(<!-- generated -->\n).*?(<!-- end -->)", re.S)
    if len(marked.findall(page)) != 1:
        raise ValueError("the page needs one pair of <!-- generated --> and <!-- end -->")
    return marked.sub(lambda match: match.group(1) + text + match.group(2), page)


def named_on(page):
    """The tests that the page names: (name, path) of its table, (name, None) of its lists."""
    for claim, path in re.findall(r"^\| [^|]* \| ([^|*]+) \| \[([^\]]+)\]", page, re.M):
        yield claim.strip().replace(" ", "_"), path
    for name in re.findall(r"`([a-z]\w*(?:_\w+){2,})`", page):
        yield name, None


def missing_tests(page, tests):
    there = {(test.name.removeprefix("test_"), test.path) for test in tests}
    there |= {(name, None) for name, _ in there}
    for name, path in named_on(page):
        if (name.removeprefix("test_"), path) not in there:
            yield f"{name} in {path}" if path else name


def main(arguments):
    if len(arguments) != 1 or (arguments[0].startswith("-") and arguments[0] != "--check"):
        print(__doc__, file=sys.stderr)
        return 2
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    tests = find_tests(ROOT)
    if arguments[0] == "--check":
        missing = list(missing_tests(page, tests))
        for name in missing:
            print(f"docs/CONFORMANCE.md names {name}, which does not exist; run `make docs`")
        return 1 if missing else 0
    try:
        take_results(tests, results_of(arguments[0]))
        wanted = rewrite(page, generate([test for test in tests
                                         if not test.path.startswith(TOOLS)]))
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
        sys.exit(f"conformance: {error}")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
