"""Rewrites the generated tables of docs/AT.md from the programs that were built in BUILD.

    at_reference.py [--check] BUILD

A table stands between `<!-- generated: NAME -->` and `<!-- end -->`. With --check nothing is
written; the exit status is 1 when a table is out of step.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "AT.md")

# Which program prints which table.
TABLES = {
    "commands": ("tests/docs/at_reference", "qla"),
    "states": ("tests/module/test_module_states", "--markdown"),
    "base commands": ("tests/docs/at_reference", "base"),
}

MARKED = re.compile(r"(<!-- generated: ([\w ]+) -->\n).*?(<!-- end -->)", re.S)


def generate(build, name):
    program, argument = TABLES[name]
    path = os.path.join(build, program)
    if not os.path.exists(path):
        sys.exit(f"at_reference: {path} does not exist; build first")
    result = subprocess.run([path, argument], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"at_reference: {path} {argument} failed: {result.stderr.strip()}")
    return result.stdout


def rewrite(page, tables):
    """The page with its marked parts replaced. Every table must have exactly one place."""
    places = [match.group(2) for match in MARKED.finditer(page)]
    if sorted(places) != sorted(tables):
        raise ValueError(f"the page marks {sorted(places)}, there are {sorted(tables)}")
    return MARKED.sub(lambda match: match.group(1) + tables[match.group(2)] + match.group(3), page)


def main(arguments):
    check = "--check" in arguments
    arguments = [argument for argument in arguments if argument != "--check"]
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    try:
        wanted = rewrite(page, {name: generate(arguments[0], name) for name in TABLES})
    except ValueError as error:
        sys.exit(f"at_reference: docs/AT.md: {error}")
    if wanted == page:
        return 0
    if check:
        print("at_reference: docs/AT.md is out of step with the sources; run `make docs`")
        return 1
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
