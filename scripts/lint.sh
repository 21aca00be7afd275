#!/bin/sh
# clang-format, clang-tidy and cppcheck over our C files; all three run before it fails.
# With --format, clang-format rewrites the files instead and that is all.
set -eu

cd "$(dirname "$0")/.."
files=$(find bench daemon examples fuzz include platform src tests tools -name '*.[ch]' | sort)

if [ "${1:-}" = --format ]; then
    echo "$files" | xargs clang-format -i
    exit 0
fi

failed=
echo "== clang-format"
echo "$files" | xargs clang-format --dry-run --Werror || failed="$failed clang-format"

echo "== clang-tidy"
cmake --preset clang >/dev/null
# What the build generates is not ours to tidy.
sources=$(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/clang/compile_commands.json |
    grep -v "^$PWD/build/" | sort -u)
if ! echo "$sources" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/clang \
        2>build/clang/tidy.log; then
    failed="$failed clang-tidy"
    grep -v 'warnings.* generated' build/clang/tidy.log || :
fi

echo "== cppcheck"
mkdir -p build/clang/cppcheck
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
    --cppcheck-build-dir=build/clang/cppcheck --std=c11 -j "$(nproc)" \
    --suppress=internalAstError --suppress=returnDanglingLifetime \
    --suppress=missingInclude --suppress=missingIncludeSystem \
    --suppress=unmatchedSuppression \
    -I include -I src $sources || failed="$failed cppcheck"

if [ -n "$failed" ]; then
    echo "lint: failed:$failed" >&2
    exit 1
fi
echo "lint: clean"
