#!/usr/bin/env bash
# Every preset, every test, and one closing line `N passed, N failed, N skipped`. ./bootstrap test calls it.
#
# A step that fails does not stop the others; the exit code is non-zero if any failed or if no test ran.
# Logs stay in build-PRESET/matrix-STEP.log.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

jobs=${JOBS:-2}
passed=0
failed=0
skipped=0
failures=()
began=$SECONDS
missing=$(mktemp)
trap 'rm -f "$missing"' EXIT
export STEADY_TEST_MISSING=$missing

headline() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - began)); }

fail() {
    failed=$((failed + $1))
    shift
    failures+=("$*")
    printf 'FAILED: %s\n' "$*"
}

# step PRESET NAME COMMAND...: one check; its output goes to a log that is shown when it fails.
step() {
    local log=build-$1/matrix-$2.log name="$1: $2"
    mkdir -p "build-$1"
    shift 2
    headline "$name"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        tail -n 60 "$log"
        fail 1 "$name"
        return 1
    fi
}

# build PRESET TARGET...: configures and builds; no target means all.
build() {
    local preset=$1
    shift
    step "$preset" configure cmake --preset "$preset" && step "$preset" build cmake --build --preset "$preset" -j "$jobs" "$@"
}

# attribute NAME FILE: a number from the first testsuite element of a JUnit file.
attribute() { tr '\n' ' ' <"$2" | sed -n "s/.*<testsuite [^>]*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" | head -n1; }

# run_tests PRESET NAME CTEST-ARGUMENT...
run_tests() {
    local preset=$1 name="$1: $2" junit=$PWD/build-$1/junit-$2.xml status=0 total bad absent
    shift 2
    headline "$name"
    rm -f "$junit"
    ctest --preset "$preset" -j "$jobs" --output-junit "$junit" "$@" || status=$?
    total=0 bad=0 absent=0
    if [ -f "$junit" ]; then
        total=$(attribute tests "$junit")
        bad=$(attribute failures "$junit")
        absent=$(($(attribute skipped "$junit") + $(attribute disabled "$junit")))
    fi
    [ "$status" = 0 ] || [ "${bad:-0}" -gt 0 ] || bad=1
    [ "${total:-0}" -gt 0 ] || { bad=1 && total=1; }
    passed=$((passed + total - bad - absent))
    skipped=$((skipped + absent))
    [ "$bad" = 0 ] || fail "$bad" "$name, $bad of $total: $(sed -n 's/.*<testcase name="\([^"]*\)".*status="fail".*/\1/p' "$junit" 2>/dev/null | xargs)"
}

# Unit tests that are quick under valgrind and do not fork.
valgrind_tests() {
    local name program
    for name in mem str strmap span path digest fingerprint depinfo buildoutput pyconfig json; do
        program=build-dev/tests/unit/test_$name
        [ -x "$program" ] || continue
        step dev "valgrind-$name" valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$program"
    done
}

# has_tests PRESET LABEL
has_tests() { ctest --test-dir "build-$1" -N -L "$2" 2>/dev/null | grep -q '^Total Tests: [1-9]'; }

# A build tree made by another checkout or another CMake would be refused.
for preset in dev clang asan tsan; do
    [ ! -f "build-$preset/CMakeCache.txt" ] ||
        grep -qFx "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "build-$preset/CMakeCache.txt" || rm -rf "build-$preset"
done

if build dev; then
    run_tests dev all
    step dev headers-alone cmake --build --preset dev -j "$jobs" --target all_verify_interface_header_sets
    valgrind_tests
fi
if build clang; then
    run_tests clang quick -L 'unit|lint|cli'
fi
if build asan; then
    run_tests asan sanitized -L 'unit|cli|asan'
fi
if step tsan configure cmake --preset tsan && has_tests tsan threads; then
    if step tsan build cmake --build --preset tsan -j "$jobs"; then
        run_tests tsan threads -L threads
    fi
fi

headline "done"
if [ -s "$missing" ]; then
    echo "Tests that could not run here:"
    sort -u "$missing"
    skipped=$((skipped + $(sort -u "$missing" | grep -c .)))
fi
for failure in "${failures[@]+"${failures[@]}"}"; do
    echo "FAILED: $failure"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
