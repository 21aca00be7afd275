#!/bin/sh
# Runs the fuzz targets (fuzz/), each for SECONDS, as many at a time as there are processors:
#   fuzz.sh SECONDS [TARGET...]
#   fuzz.sh --coverage [TARGET...]   what seeds and corpora reach, in lines of the sources
# FUZZ_SEED=N in the environment repeats a run that began with the same corpus; without it each run
# goes its own way.
# What a run learns stays in build/fuzz/corpus/<target> and is where the next one begins. A finding
# fails the run; its input is kept in build/fuzz/findings and the way to repeat it is printed.
set -eu

cd "$(dirname "$0")/.."
usage() {
    echo "usage: $0 SECONDS|--coverage [TARGET...]" >&2
    exit 2
}
[ $# -gt 0 ] || usage
what=$1
shift
case $what in
--coverage) ;;
'' | *[!0-9]* | 0*) usage ;;
esac

all=$(sed -n 's/^ *bc_fuzz_target(\([a-z_]*\).*/\1/p' fuzz/CMakeLists.txt)
[ $# -gt 0 ] || set -- $all
for target in "$@"; do
    if ! echo "$all" | grep -qx -- "$target"; then
        echo "$0: no target \"$target\"; there are:" $all >&2
        exit 2
    fi
done

# As in test.sh: the sanitizers want addresses that are not too random.
fixed=
if setarch "$(uname -m)" -R true 2>/dev/null; then
    fixed="setarch $(uname -m) -R"
fi
root=$PWD/build/fuzz
made=$root/fuzz

# The folders with inputs of a target; the corpus, which grows, is the first.
inputs() {
    mkdir -p "$root/corpus/$1"
    echo "$root/corpus/$1 $made/seeds/$1"
    [ ! -d "fuzz/seeds/$1" ] || echo "fuzz/seeds/$1"
}

coverage() {
    build=$PWD/build/fuzz-coverage
    flags='-fprofile-instr-generate -fcoverage-mapping'
    cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_FLAGS="$flags" >/dev/null
    for target in "$@"; do
        program=$build/fuzz/fuzz_${target}_seeds
        cmake --build "$build" --target "fuzz_${target}_seeds" >/dev/null
        LLVM_PROFILE_FILE=$build/$target.raw "$program" $(inputs "$target") >/dev/null
        llvm-profdata merge -o "$build/$target.profile" "$build/$target.raw"
        echo "== $target"
        llvm-cov report "$program" -instr-profile "$build/$target.profile" \
            -ignore-filename-regex '/fuzz/' -show-region-summary=0 -show-branch-summary=0
    done
}

cmake --preset fuzz >/dev/null
output=$(cmake --build --preset fuzz 2>&1) || {
    echo "$output" | tail -n 20 >&2
    exit 1
}
if [ "$what" = --coverage ]; then
    coverage "$@"
    exit 0
fi

# One target; the last line of its log has the totals. What was freed is kept from use for 32 MB
# only, not for the sanitizer's 256: a script of Lua that lives in 1 MB may free hundreds, and the
# limit of memory is there for what we hold, not for what the sanitizer holds back.
run_one() {
    target=$1
    words=
    case $target in at_line | module) words=-dict=$made/at.dict ;; esac
    log=$root/$target.log
    mkdir -p "$root/findings"
    if ASAN_OPTIONS=quarantine_size_mb=32 UBSAN_OPTIONS=print_stacktrace=1 \
        $fixed nice "$made/fuzz_$target" $words \
        -seed="${FUZZ_SEED:-0}" -max_total_time="$seconds" \
        -timeout=10 -rss_limit_mb=1024 -max_len=4096 -len_control=20 \
        -artifact_prefix="$root/findings/$target-" -print_final_stats=1 $(inputs "$target") \
        >"$log" 2>&1; then
        cov=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
        runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
        printf '%-14s %9s runs, %s edges reached, nothing found\n' "$target" "$runs" "$cov"
        return
    fi
    found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    tail -n 60 "$log" >&2
    printf '%-14s FOUND %s; repeat it with\n    %s %s %s\n' "$target" "${found:-see $log}" \
        "$fixed" "build/fuzz/fuzz/fuzz_$target" "${found#"$PWD/"}"
    return 1
}

seconds=$what
failed=0
left=0
for target in "$@"; do
    run_one "$target" &
    pids="${pids:-} $!"
    left=$((left + 1))
    if [ $((left % $(nproc))) -eq 0 ]; then
        for pid in $pids; do wait "$pid" || failed=1; done
        pids=
    fi
done
for pid in ${pids:-}; do wait "$pid" || failed=1; done
exit "$failed"
