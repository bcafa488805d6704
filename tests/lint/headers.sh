#!/bin/sh
# Every header compiles alone, with nothing but its own includes.
. tests/lint/lib.sh

compiler=${CC:-cc}
need "$compiler"
flags=$(pkg-config --cflags libgit2 libcjson libxxhash 2>/dev/null)
# shellcheck disable=SC2046,SC2086
for header in $(find include -name '*.h' | sort); do
    printf '#include "%s"\n#include "%s"\nint nothing;\n' "${header#include/}" "${header#include/}" |
        "$compiler" -x c -std=c17 -D_GNU_SOURCE -D_DARWIN_C_SOURCE -Wall -Wextra -Werror -fsyntax-only -Iinclude $flags - ||
        complain "$header does not compile alone"
done
finish
