# Shared by the checks in this directory. Each runs in the root of the repository and prints what is wrong.
# shellcheck shell=sh
LC_ALL=C
export LC_ALL
bad=0

complain() {
    printf '%s\n' "$*" >&2
    bad=1
}

# need TOOL: without it the check is skipped on a developer's machine; on CI that would hide faults, so it fails.
need() {
    command -v "$1" >/dev/null 2>&1 && return
    echo "$1 is not installed (./bootstrap test installs it)" >&2
    [ -n "${CI:-}" ] && exit 1
    exit 77
}

finish() {
    exit "$bad"
}
