#!/bin/sh
# help.sh PROGRAM: --help goes to stdout and fits a terminal; complaints go to stderr; exit codes are the documented ones.
. tests/lint/lib.sh

program=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# run STATUS ARGUMENT...: runs the program into $dir/out and $dir/err.
run() {
    wanted=$1
    shift
    "$program" "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    [ "$status" = "$wanted" ] || complain "cargo-steady $*: exit status $status, expected $wanted"
}

check_help() {
    run 0 "$@" --help
    [ -s "$dir/out" ] || complain "$* --help: nothing on stdout"
    [ -s "$dir/err" ] && complain "$* --help: something on stderr"
    wide=$(awk 'length($0) > 80' "$dir/out")
    [ -n "$wide" ] && complain "$* --help: lines of more than 80 columns: $wide"
    cp "$dir/out" "$dir/long"
    run 0 "$@" -h
    cmp -s "$dir/out" "$dir/long" || complain "$* -h differs from --help"
}

check_error() {
    run 2 "$@"
    [ -s "$dir/out" ] && complain "cargo-steady $*: something on stdout"
    head -n1 "$dir/err" | grep -q '^error: ' || complain "cargo-steady $*: no error on stderr"
    tail -n1 "$dir/err" | grep -q "try '--help'" || complain "cargo-steady $*: no way out on stderr"
}

check_help
check_error --no-such-option
check_error no-such-command
commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
[ -n "$commands" ] || complain "--help lists no commands"
for command in $commands; do
    check_help "$command"
    run 0 help "$command"
    cmp -s "$dir/out" "$dir/long" || complain "help $command differs from $command --help"
    check_error "$command" --no-such-option
done
finish
