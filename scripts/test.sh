#!/bin/sh
# Builds the presets given, runs all their tests, and ends with one line of totals for each and
# `N passed, N failed` for all together. Goes on after a failure, so that the totals are complete.
set -eu

cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { echo "usage: $0 PRESET..." >&2; exit 2; }

jobs=$(nproc)
# The sanitizers of gcc 12 and clang 14 cannot place their shadow memory when the kernel randomizes
# addresses with 32 bits (vm.mmap_rnd_bits), as newer kernels do: run without that where we may.
fixed=
if setarch "$(uname -m)" -R true 2>/dev/null; then
    fixed="setarch $(uname -m) -R"
fi

# The value of one attribute of the first element of a JUnit file; 0 when there is no file.
count() {
    value=
    if [ -f "$1" ]; then
        value=$(sed -n "/<testcase/q; s/.*[[:space:]]$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1)
    fi
    echo "${value:-0}"
}

passed=0
failed=0
totals=
for preset in "$@"; do
    echo "== $preset: build"
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset" -- -j "$jobs"
    echo "== $preset: test"
    report=$PWD/build/$preset/ctest.xml
    rm -f "$report"
    status=0
    $fixed ctest --preset "$preset" -j "$jobs" --output-junit "$report" </dev/null || status=$?
    bad=$(count "$report" failures)
    skip=$(($(count "$report" skipped) + $(count "$report" disabled)))
    good=$(($(count "$report" tests) - bad - skip))
    # CTest itself can fail, with no test to blame.
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + good))
    failed=$((failed + bad))
    line=$(printf '%-8s %4d passed, %d failed, %d skipped' "$preset" "$good" "$bad" "$skip")
    totals="$totals$line
"
done
printf '\n%s' "$totals"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
