#!/bin/sh
# man.sh PROGRAM: every command has a page that is built, every page a command; each page defines exactly the options of the tables.
# An option is defined by a line that begins with "*-"; the common options stand in cargo-steady(1) alone.
. tests/lint/lib.sh

program=$1
need python3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Lines "PAGE OPTIONS...", an option written as in the pages, but without asterisks and underscores.
"$program" help --format json | python3 -c '
import json, sys
def show(page, options):
    for o in options:
        value = " " + o["value"] if o["value"] else ""
        alias = "-" + o["alias"] + ", " if o["alias"] else ""
        print(page, alias + "--" + o["name"] + value)
report = json.load(sys.stdin)
show("cargo-steady.1", report["program_options"] + report["common_options"])
for command in report["commands"]:
    page = "cargo-steady-%s.1" % command["name"]
    print(page, "page")
    show(page, command["options"])
' | sort >"$dir/tables"

for page in man/*.1.scd; do
    name=$(basename "$page" .scd)
    [ "$name" = cargo-steady.1 ] || echo "$name page"
    sed -n 's/^\*-/-/; t found; d; :found; s/[*]//g; s/ _\([^_]*\)_/ \1/; s/\.\.\.$//; p' "$page" | sed "s/^/$name /"
done | sort >"$dir/pages"

if ! diff "$dir/tables" "$dir/pages" >"$dir/difference"; then
    complain "tables (<) and pages (>) differ:
$(cat "$dir/difference")"
fi

for page in man/*.1.scd; do
    grep -qxE " *$(basename "$page" .1.scd)\)?" man/CMakeLists.txt || complain "man/CMakeLists.txt does not build $page"
done

if command -v scdoc >/dev/null 2>&1 && command -v mandoc >/dev/null 2>&1; then
    for page in man/*.scd; do
        scdoc <"$page" >"$dir/page.1" || complain "$page: scdoc fails"
        # scdoc puts paragraph macros beside headings, which mandoc drops, as it should.
        problems=$(mandoc -Tlint -Wwarning "$dir/page.1" 2>&1 | grep -v 'skipping paragraph macro')
        [ -n "$problems" ] && complain "$page: $problems"
    done
elif [ -n "${CI:-}" ]; then
    complain "scdoc or mandoc is not installed"
fi
finish
