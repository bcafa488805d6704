#!/bin/sh
# clang-format has the last word on layout; it does not look into comments, whose lines begin with " * ".
. tests/lint/lib.sh

torn=$(grep -rnE '^	* \*[A-Za-z0-9("`]' include src tests --include='*.[ch]')
[ -n "$torn" ] && complain "comment lines without a blank behind the asterisk:
$torn"

# Other versions lay out macros in other ways; Debian 12's decides. Where the system has another one, PyPI has this one.
is_14() { "$1" --version 2>/dev/null | grep -q 'version 14\.'; }
formatter=clang-format
if ! is_14 "$formatter"; then
    kept=${STEADY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cargo-steady-tests}/clang-format-14
    formatter=$kept/clang_format/data/bin/clang-format
    need python3
    is_14 "$formatter" ||
        python3 -m pip install -q --disable-pip-version-check --root-user-action ignore --upgrade --target "$kept" \
            clang-format==14.0.6 >&2
fi
if ! is_14 "$formatter"; then
    echo "no clang-format 14 is to be had" >&2
    [ -z "${CI:-}" ] && [ "$bad" = 0 ] && exit 77
    bad=1
    finish
fi
find src include tests -name '*.[ch]' -exec "$formatter" --dry-run -Werror {} + || bad=1
finish
