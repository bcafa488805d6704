#!/bin/sh
# Every shell script passes shellcheck. Scripts are known by their first line.
. tests/lint/lib.sh

need shellcheck
scripts=$(find bootstrap .ci tests -type f ! -path 'tests/data/*' ! -path '*/corpus/*' ! -name '*.pyc' -exec \
    awk 'FNR == 1 { if (/^#!.*[\/ ](ba)?sh$/) print FILENAME; nextfile }' {} +)
[ -n "$scripts" ] || complain "no script found"
# shellcheck disable=SC2086 # a list of words
shellcheck -x $scripts || bad=1
finish
