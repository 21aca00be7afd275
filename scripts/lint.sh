#!/bin/sh
# clang-format, clang-tidy and cppcheck over our C files; all three run before it fails.
# With --format, clang-format rewrites the files instead and that is all.
set -eu

cd "$(dirname "$0")/.."
folders="bench common daemon examples fuzz include platform src tests tools"
files=$(find $folders -name '*.[ch]' | sort)

if [ "${1:-}" = --format ]; then
    echo "$files" | xargs clang-format -i
    exit 0
fi

failed=
echo "== clang-format"
echo "$files" | xargs clang-format --dry-run --Werror || failed="$failed clang-format"

echo "== clang-tidy"
cmake --preset clang >/dev/null
# clang-tidy reads a file once for each target that compiles it: leave it one command of each. What
# the build generates is not ours to tidy.
mkdir -p build/clang/tidy
sources=$(python3 - "$PWD/build/" build/clang <<'END'
import json
import sys

built, folder = sys.argv[1:]
with open(f"{folder}/compile_commands.json", encoding="utf-8") as file:
    commands = {row["file"]: row for row in json.load(file) if not row["file"].startswith(built)}
with open(f"{folder}/tidy/compile_commands.json", "w", encoding="utf-8") as file:
    json.dump(list(commands.values()), file)
print("\n".join(sorted(commands)))
END
)
if ! echo "$sources" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/clang/tidy \
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
