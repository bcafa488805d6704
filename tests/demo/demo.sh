#!/usr/bin/env bash
# demo.sh CARGO-STEADY: shows on a real workspace that a cache built in a throw-away Python environment stays warm in the
# next one. Exits non-zero if anything is not as promised.
set -euo pipefail

steady=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tmp=$(mktemp -d)
tmp=$(realpath "$tmp")
trap 'rm -rf "$tmp"' EXIT
workspace=$tmp/answers

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' green=$'\e[1;32m' dim=$'\e[2m' red=$'\e[1;31m' plain=$'\e[0m'
else
    bold='' green='' dim='' red='' plain=''
fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }
command_line() { printf '%s$ %s%s\n' "$green" "${*//$tmp/\~}" "$plain"; }
broken() {
    printf '%sNot as promised:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}

# Only what the demo sets may decide what cargo builds.
for name in $(compgen -e); do
    case $name in
    CARGO_HOME | CARGO_HTTP* | CARGO_NET* | CARGO_REGISTR* | RUSTUP_HOME) ;;
    CARGO* | RUST* | PYO3_* | PYTHON* | VIRTUAL_ENV | CONDA_* | STEADY_[!T]*) unset "$name" ;;
    esac
done

find_cargo() {
    local program
    program=$(PYTHONPATH=$here/../e2e python3 -m steadytest best) || broken "no cargo to build with"
    PATH=$(dirname "$program"):$PATH
}

make_env() { python3 -m venv --without-pip "$1"; }

# build LOG: cargo build -v, its stderr in LOG; one line about it.
build() {
    command_line "PYO3_PYTHON=$PYO3_PYTHON cargo build -v"
    local began=$SECONDS
    (cd "$workspace" && cargo build -v) >"$1" 2>&1 || { tail -n 30 "$1"; broken "cargo build failed"; }
    printf '   %d crates compiled, %d fresh, in %d s\n' "$(grep -c '^ *Compiling ' "$1")" "$(grep -c '^ *Fresh ' "$1")" \
        $((SECONDS - began))
}

show_dirty() { sed -n "s/^ *Dirty \([^ ]* v[^ ]*\)\( ([^:]*)\)\{0,1\}: /   Dirty \1: /p" "$1" | sed "s|$tmp|~|g"; }

prepare() {
    find_cargo
    cp -R "$here/pyo3" "$workspace"
    cp "$here/../e2e/locks/pyo3-0.26.lock" "$workspace/Cargo.lock"
    if ! (cd "$workspace" && cargo fetch --locked) >"$tmp/fetch.log" 2>&1; then
        note "(the crate registry cannot be reached: a build script that does what pyo3's does stands in for pyo3)"
        rm -rf "$workspace"
        cp -R "$here/offline" "$workspace"
    fi
}

answer() {
    local library
    library=$(find "$workspace/target/debug" -maxdepth 1 -name 'libanswers.so' -o -maxdepth 1 -name 'libanswers.dylib')
    cp "$library" "$tmp/answers.so"
    if [ -f "$workspace/pyprobe/Cargo.toml" ]; then
        "$PYO3_PYTHON" -c "import ctypes; print(ctypes.CDLL('$tmp/answers.so').answer())"
    else
        (cd "$tmp" && "$PYO3_PYTHON" -c 'import answers; print(answers.answer())')
    fi
}

prepare
throwaway=$(mkdir -p "$tmp/builds-v0" && mktemp -d "$tmp/builds-v0/.tmpXXXXXX")
stable=$tmp/env

title "1. A build in a throw-away environment, as a PEP 517 front end makes it"
make_env "$throwaway"
export PYO3_PYTHON=$throwaway/bin/python
build "$tmp/first.log"
note "   The front end removes the environment; the target directory is cached."
rm -rf "$throwaway"
cp -a "$workspace/target" "$tmp/cached"

title "2. The next build, in another environment: nothing changed, and yet"
make_env "$stable"
export PYO3_PYTHON=$stable/bin/python
build "$tmp/second.log"
show_dirty "$tmp/second.log"
grep -q '^ *Compiling answers ' "$tmp/second.log" || broken "cargo had nothing to rebuild"

title "3. The cache again as it was, and one command"
rm -rf "$workspace/target"
cp -a "$tmp/cached" "$workspace/target"
command_line "cargo steady rewrite --to $stable"
(cd "$workspace" && "$steady" rewrite --to "$stable") >"$tmp/rewrite.log" 2>&1 ||
    { cat "$tmp/rewrite.log"; broken "rewrite failed"; }
sed "s|$tmp|~|g; s/^/   /" "$tmp/rewrite.log"

title "4. The same build"
build "$tmp/third.log"
show_dirty "$tmp/third.log"
if grep -qE '^ *(Compiling|Dirty) ' "$tmp/third.log"; then
    broken "cargo compiled something"
fi
grep -q '^ *Fresh answers ' "$tmp/third.log" || broken "cargo did not look at the module"

title "5. The module answers"
command_line "$PYO3_PYTHON -c 'import answers; print(answers.answer())'"
said=$(answer)
printf '   %s\n' "$said"
[ "$said" = 42 ] || broken "the module answered $said"
