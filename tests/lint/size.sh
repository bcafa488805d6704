#!/bin/sh
# A function has at most 60 lines and a complexity of 15, a file 500 lines. What exceeds that stands in size.allow
# (one "file function" a line), which may only shrink: an entry that is no longer needed fails too.
. tests/lint/lib.sh

need pmccabe
list=$(find src -name '*.c' | sort)
# pmccabe: modified complexity, traditional one, statements, first line, lines, file(line): function.
# shellcheck disable=SC2086
large=$(pmccabe $list 2>/dev/null | awk '$1 > 15 || $5 > 60 {
    sub(/\(.*/, "", $6); print $6, $7, "complexity " $1 ", " $5 " lines" }')
printf '%s\n' "$large" | while read -r file name what; do
    [ -z "$file" ] || grep -qxF "$file $name" tests/lint/size.allow || echo "$file: $name: $what"
done >"${TMPDIR:-/tmp}/size.$$"
while read -r file name; do
    printf '%s\n' "$large" | grep -qF "$file $name " || echo "size.allow: $file $name is no longer too large"
done <tests/lint/size.allow >>"${TMPDIR:-/tmp}/size.$$"
# shellcheck disable=SC2086
wc -l $list | awk '$1 > 500 && $2 != "total" { print $2 ": " $1 " lines" }' >>"${TMPDIR:-/tmp}/size.$$"
cat "${TMPDIR:-/tmp}/size.$$" >&2
[ -s "${TMPDIR:-/tmp}/size.$$" ] && bad=1
rm -f "${TMPDIR:-/tmp}/size.$$"
finish
