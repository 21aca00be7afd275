"""Rewrites the table of docs/API.md from the places where the platform refuses.

    problems.py           rewrites it
    problems.py --check   writes nothing; exits 1 when it is out of step, or a code has two texts

The table stands between `<!-- generated: problems -->` and `<!-- end -->`.
"""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "API.md")
SOURCES = ("platform/service/*.c", "platform/http/*.c")

MARKED = re.compile(r"(<!-- generated: problems -->\n).*?(<!-- end -->)", re.S)
STRING = r'"((?:[^"\\]|\\.)*)"'
CALL = re.compile(r"\bapi_problem\(\s*[^,]+,\s*(\d+),\s*" + STRING + r",\s*[^,\"]*(?:" + STRING +
                  r")?\s*,\s*((?:" + STRING + r"\s*)+)")
# The check of shapes has its codes in rows, and in the calls of a helper.
WRONG = re.compile(r"\bwrong\(c, field, " + STRING + ", " + STRING + r"\)")
MEASURE = re.compile(r"struct measure \w+ = \{" + STRING + ", " + STRING + r"\}")


def found_in(text):
    """(code, status, format) of each place in a source."""
    for match in CALL.finditer(text):
        yield match[2], match[1], "".join(re.findall(STRING, match[4]))
    for code, wanted in WRONG.findall(text):
        yield code, "422", f"%s must be {wanted}"
    for code, unit in MEASURE.findall(text):
        yield code, "422", f"%s must be from %d to %d{unit}"


def collect():
    problems = {}
    for pattern in SOURCES:
        for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            for code, status, said in found_in(text):
                row = (status, re.sub(r"%(?:s|d|u|lld|zu)", "…", said).replace("%%", "%"))
                if problems.setdefault(code, row) != row:
                    sys.exit(f"problems: {code} is {problems[code]} and {row}")
    return problems


def main():
    problems = collect()
    table = "| code | status | detail |\n|---|---|---|\n" + "".join(
        f"| `{code}` | {status} | {said} |\n" for code, (status, said) in sorted(problems.items()))
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    fresh, count = MARKED.subn(lambda match: match[1] + table + match[2], page)
    if count != 1:
        sys.exit("problems: docs/API.md has no place for the table")
    if sys.argv[1:] == ["--check"]:
        sys.exit(fresh != page and "problems: docs/API.md is out of step: run scripts/problems.py")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(fresh)


if __name__ == "__main__":
    main()
