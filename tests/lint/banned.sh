#!/bin/sh
# Functions we do without, because a checked helper does the same, and marks of unfinished work.
. tests/lint/lib.sh

code() {
    awk -f tests/lint/code.awk "$@"
}

# forbid REASON PATTERN: reads code on standard input.
forbid() {
    found=$(grep -E ":.*(^|[^A-Za-z0-9_.>])($2)")
    [ -n "$found" ] && complain "$1:
$found"
}

all=$(find src include tests -name '*.[ch]' | sort)
# shellcheck disable=SC2086
code $all | forbid "use span_u64, str, path instead" \
    '(atoi|atol|atoll|atof|strto(l|ll|ul|ull|d|f)|v?sprintf|strn?cpy|strn?cat|strtok(_r)?|basename|dirname|gets|alloca|mktemp|tmpnam|system|popen)\('
# A descriptor that a child inherits is a leak; a line may say why it has to.
# shellcheck disable=SC2046
code $(find src include -name '*.[ch]' | sort) |
    awk '{ line = $0; sub(/^[^:]*:[^:]*:/, "", line) }
         text != "" { text = text line }
         text == "" && line ~ /(^|[^A-Za-z0-9_])(open|openat)\(/ { where = $0; text = line }
         text != "" && text ~ /\)[ \t]*[;<>=!&|){]/ {
             if (text !~ /O_CLOEXEC|OPEN_ALWAYS|flags/) print where
             text = ""
         }' | forbid "open without O_CLOEXEC" 'open(at)?\('
# shellcheck disable=SC2046
code $(find src/util src/format src/core -name '*.[ch]' | sort) | forbid "only cli prints and exits" \
    '(printf|puts|putchar|perror|exit|_exit|quick_exit|err|warn)\('
# shellcheck disable=SC2046
code $(find src/format src/core src/cli include/steady/format include/steady/core include/steady/cli -name '*.[ch]') |
    forbid "platform differences belong into util" \
    '# *(el)?if(n?def)?.*(__APPLE__|__linux__|_WIN32|__GLIBC__|__FreeBSD__|__OpenBSD__|__NetBSD__)'

marks=$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' src include man cmake tests CMakeLists.txt --include='*.[ch]' --include='*.sh' \
    --include='*.py' --include='*.scd' --include='*.cmake' --include=CMakeLists.txt | grep -v '^tests/lint/banned.sh:')
[ -n "$marks" ] && complain "unfinished work:
$marks"
finish
