#!/bin/sh
# Rewrites what is generated in docs/: the tables of AT.md from the command rows, that of API.md
# from where the platform refuses, CONFORMANCE.md from a run of all tests in BUILD, which must have
# been built.
set -eu

[ $# -eq 1 ] && [ "${1#-}" = "$1" ] || { echo "usage: $0 BUILD" >&2; exit 2; }
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

python3 scripts/at_reference.py "$build"
python3 scripts/problems.py

# See scripts/test.sh.
fixed=
if setarch "$(uname -m)" -R true 2>/dev/null; then
    fixed="setarch $(uname -m) -R"
fi
status=0
$fixed ctest --test-dir "$build" --output-junit "$build/docs.xml" --quiet -E '^(docs|house)/' \
    --test-output-size-passed 10000000 --test-output-size-failed 10000000 </dev/null || status=$?
python3 scripts/conformance.py "$build/docs.xml"
[ "$status" -eq 0 ] || echo "docs: some tests failed; docs/CONFORMANCE.md tells which" >&2
exit "$status"
