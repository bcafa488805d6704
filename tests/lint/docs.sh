#!/bin/sh
# docs.sh PROGRAM: README.md names every command, and cargo-steady(1) refers to every page.
. tests/lint/lib.sh

program=$1
for command in $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'); do
    if [ -e README.md ]; then
        grep -qE "(cargo steady |\`)$command\b" README.md || complain "README.md does not name the command $command"
    fi
    grep -qF "*cargo-steady-$command*(1)" man/cargo-steady.1.scd ||
        complain "man/cargo-steady.1.scd does not refer to cargo-steady-$command(1)"
done
finish
