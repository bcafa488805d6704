#!/bin/sh
# clang-format has the last word on layout; it does not look into comments, whose lines begin with " * ".
. tests/lint/lib.sh

torn=$(grep -rnE '^	* \*[A-Za-z0-9("`]' include src tests --include='*.[ch]')
[ -n "$torn" ] && complain "comment lines without a blank behind the asterisk:
$torn"
need clang-format
# Other versions lay out macros in other ways; Debian 12's decides.
version=$(clang-format --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
if [ "$version" != 14 ]; then
    echo "clang-format $version is here, 14 is needed"
    [ "$bad" = 0 ] && exit 77
    finish
fi
find src include tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} + || bad=1
finish
