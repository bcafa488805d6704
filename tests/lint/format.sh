#!/bin/sh
# clang-format has the last word on layout; it does not look into comments, whose lines begin with " * ".
. tests/lint/lib.sh

torn=$(grep -rnE '^	* \*[A-Za-z0-9("`]' include src tests --include='*.[ch]')
[ -n "$torn" ] && complain "comment lines without a blank behind the asterisk:
$torn"
need clang-format
find src include tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} + || bad=1
finish
