#!/bin/sh
# clang-format has the last word on layout.
. tests/lint/lib.sh

need clang-format
find src include tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} + || bad=1
finish
