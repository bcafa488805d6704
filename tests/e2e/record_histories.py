#!/usr/bin/env python3
"""Records what `git last-modified` says about a few generated histories, for test_history.py.

    STEADY_GIT=/path/to/git python3 tests/e2e/record_histories.py

writes tests/data/histories/NAME.fi, the history for git fast-import, and NAME.tsv, git's answer: path, commit, committer
time. Git 2.52 or newer is needed; where clocks go wrong, git 2.55 stops with BUG, so those histories have the slow
reference alone. What is recorded does not depend on how Python's random numbers come about.
"""

import sys
import tempfile
from pathlib import Path

from steadytest.histories import git, modern_git, quoted, random_history

PLACE = Path(__file__).resolve().parents[1] / "data/histories"
RECORDED = {"merges": 2010, "more-merges": 2114, "many-roots": 2390, "yet-more": 2108}


def record(name, seed, where):
    made = random_history(seed, commits=120).write(where / "made")
    stream = git(made, "fast-export", "--reencode=no", "main")
    repository = where / "imported"
    git(where, "init", "-q", "-b", "main", str(repository))
    git(repository, "fast-import", "--quiet", stdin=stream)
    lines = []
    for line in git(repository, "last-modified", "-r", "-z", "HEAD").split(b"\0")[:-1]:
        commit, path = line.decode("utf-8", "surrogateescape").split("\t", 1)
        time = git(repository, "show", "-s", "--format=%ct", commit).decode().strip()
        lines.append(f"{quoted(path.encode('utf-8', 'surrogateescape'))}\t{commit}\t{time}\n")
    (PLACE / f"{name}.fi").write_bytes(stream)
    (PLACE / f"{name}.tsv").write_text("".join(sorted(lines)))
    print(f"{name}: {len(lines)} paths")


def main():
    if not modern_git():
        sys.exit("this git has no last-modified; name one in STEADY_GIT")
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        for name, seed in RECORDED.items():
            (Path(tmp) / name).mkdir()
            record(name, seed, Path(tmp) / name)


if __name__ == "__main__":
    main()
