#!/bin/sh
# util <- format <- core <- cli: a file includes headers of its own layer and of lower ones only.
. tests/lint/lib.sh

below=
for layer in util format core cli; do
    below="$below $layer"
    for file in src/"$layer"/*.[ch] include/steady/"$layer"/*.h; do
        [ -e "$file" ] || continue
        sed -n 's|^#include "steady/\([a-z]*\)/.*|\1|p' "$file" | sort -u | while read -r used; do
            case " $below " in
            *" $used "*) ;;
            *) echo "$file: layer $layer includes steady/$used" ;;
            esac
        done
        sed -n 's|^#include "\(.*\)"|\1|p' "$file" | grep -v '^steady/' | while read -r used; do
            [ -e "src/$layer/$used" ] || echo "$file: \"$used\" is neither \"steady/...\" nor beside it"
        done
    done
done >"${TMPDIR:-/tmp}/layers.$$"
cat "${TMPDIR:-/tmp}/layers.$$" >&2
[ -s "${TMPDIR:-/tmp}/layers.$$" ] && bad=1
rm -f "${TMPDIR:-/tmp}/layers.$$"
finish
