"""Git histories made to measure, and a slow, obvious answer to "which commit last changed this path?"."""

import os
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

TREE = "040000"
START = 1_400_000_000


def git(where, *args, stdin=None, check=True, **env) -> bytes:
    """git's standard output, with nobody's configuration but the repository's."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key == "GIT_EXEC_PATH"}
    settings.update(GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null", LC_ALL="C.UTF-8", TZ="UTC",
                    GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@x", GIT_COMMITTER_NAME="C", GIT_COMMITTER_EMAIL="c@x", **env)
    run = subprocess.run([os.environ.get("STEADY_GIT", "git"), *args], cwd=where, input=stdin, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=settings)
    if check and run.returncode != 0:
        raise AssertionError(f"git {args}: {run.stderr.decode(errors='replace')}")
    return run.stdout


def quoted(path: bytes) -> str:
    """As git writes a path that could be mistaken (core.quotePath on)."""
    names = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    if all(0x20 <= c < 0x7f and c not in (34, 92) for c in path):
        return path.decode()
    return '"' + "".join(names.get(c) or (chr(c) if 0x20 <= c < 0x7f else f"\\{c:03o}") for c in path) + '"'


@dataclass
class Commit:
    """A commit to be made: parents by position, tree as {path: (mode, content)}; a submodule's content is its id."""

    parents: list
    tree: dict
    author: int
    committer: int
    id: str = ""


@dataclass
class History:
    """Commits in an order in which parents come first; the last one is HEAD."""

    commits: list = field(default_factory=list)
    id_length: int = 40

    def add(self, parents, tree, time=None, author=None) -> int:
        time = START + 100 * len(self.commits) if time is None else time
        self.commits.append(Commit(list(parents), dict(tree), time if author is None else author, time))
        return len(self.commits) - 1

    def write(self, where, branch="main", init=()) -> Path:
        """Makes the repository (or adds to it) with git fast-import; fills in the ids."""
        where = Path(where)
        if not where.exists():
            where.mkdir(parents=True)
            git(where, "init", "-q", "-b", branch, *init)
        git(where, "fast-import", "--quiet", "--force", "--export-marks=marks", stdin=self._stream(branch))
        for line in (where / "marks").read_text().splitlines():
            mark, name = line[1:].split()
            if int(mark) <= len(self.commits):
                self.commits[int(mark) - 1].id = name
        (where / "marks").unlink()
        return where

    def _stream(self, branch) -> bytes:
        out, blobs = [], {}
        for commit in self.commits:
            for mode, content in commit.tree.values():
                if mode != "160000" and content not in blobs:
                    blobs[content] = len(self.commits) + 1 + len(blobs)
                    out.append(b"blob\nmark :%d\ndata %d\n%s\n" % (blobs[content], len(content), content))
        for i, commit in enumerate(self.commits):
            ref = branch if i == len(self.commits) - 1 else "steady-scratch"
            out.append(b"reset refs/heads/%s\n" % ref.encode())
            out.append(b"commit refs/heads/%s\nmark :%d\nauthor A <a@x> %d +0000\ncommitter C <c@x> %d +0000\ndata 1\nm\n"
                       % (ref.encode(), i + 1, commit.author, commit.committer))
            for n, parent in enumerate(commit.parents):
                out.append(b"%s :%d\n" % (b"merge" if n else b"from", parent + 1))
            out.append(b"deleteall\n")
            for path, (mode, content) in commit.tree.items():
                content = content.ljust(self.id_length, b"0") if mode == "160000" else content
                target = content if mode == "160000" else b":%d" % blobs[content]
                out.append(b"M %s %s %s\n" % (mode.encode(), target, quoted_for_import(path)))
            out.append(b"\n")
        return b"".join(out)

    def answers(self, head=-1, first_parent=False, merges=False, boundary=(), listings=False) -> dict:
        """{path: position of the commit that last changed it, or None}, by the definition, path by path."""
        head = head % len(self.commits)
        view = {}

        def entries(position):
            if position not in view:
                tree = self.commits[position].tree
                view[position] = listings_of(tree) if listings else tree
            return view[position]

        def answer(path, at):
            while True:
                parents = [] if at in boundary else self.commits[at].parents
                if first_parent:
                    parents = parents[:1]
                same = [p for p in parents if entries(p).get(path) == entries(at)[path]]
                if not same or (merges and len(same) != len(parents)):
                    return None if at in boundary else at
                at = same[0]

        return {path: answer(path, head) for path in entries(head)}


def quoted_for_import(path: bytes) -> bytes:
    return b'"' + b"".join(b"\\%03o" % c if c < 0x20 or c >= 0x7f or c in (34, 92) else bytes([c]) for c in path) + b'"'


def listings_of(tree: dict) -> dict:
    """{directory: the names in it, each with whether it is a directory}."""
    found = {b"": set()} if tree else {b"": frozenset()}
    for path in tree:
        parts = path.split(b"/")
        for i in range(len(parts)):
            found.setdefault(b"/".join(parts[:i]), set()).add((parts[i], i < len(parts) - 1))
    return {path: frozenset(names) for path, names in found.items()}


NAMES = [b"a", b"a.c", b"b", b"c c", b"d", "é".encode(), b"\xff\xfe", b'q"uo\\te', b"tab\there", b"new\nline", b"a-b", b"zz"]


def random_path(rng) -> bytes:
    return b"/".join(rng.choice(NAMES) for _ in range(rng.choice([1, 1, 2, 2, 3, 4])))


def put(tree: dict, path: bytes, entry):
    """Adds a path, removing what it cannot stand beside (a file where a directory must be)."""
    for other in list(tree):
        if other.startswith(path + b"/") or path.startswith(other + b"/"):
            del tree[other]
    tree[path] = entry


def edit(rng, tree: dict):
    kind = rng.choice(["write", "write", "write", "new", "delete", "mode", "rename", "link", "submodule", "copy", "drop"])
    paths = sorted(tree)
    if kind == "new" or not paths:
        put(tree, random_path(rng), ("100644", b"%d" % rng.randrange(8)))
        return
    path = rng.choice(paths)
    mode, content = tree[path]
    if kind == "write":
        tree[path] = ("100644", b"%d" % rng.randrange(8))
    elif kind == "delete":
        del tree[path]
    elif kind == "mode" and mode.startswith("100"):
        tree[path] = ("100755" if mode == "100644" else "100644", content)
    elif kind == "rename":
        del tree[path]
        put(tree, random_path(rng), (mode, content))
    elif kind == "copy":
        put(tree, random_path(rng), (mode, content))
    elif kind == "link":
        put(tree, random_path(rng), ("120000", rng.choice([b"a", b"../x", b"/etc"])))
    elif kind == "submodule":
        put(tree, random_path(rng), ("160000", b"%040x" % (rng.randrange(3) + 1)))
    elif kind == "drop":
        top = path.split(b"/")[0]
        for other in paths:
            if other.split(b"/")[0] == top:
                del tree[other]


def merged(rng, trees: list) -> dict:
    """What somebody may have made of these trees: each path from one of them, now and then something of their own."""
    tree = {}
    for path in sorted({path for t in trees for path in t}):
        entry = rng.choice(trees).get(path)
        if entry is not None:
            put(tree, path, entry)
    if rng.random() < 0.3:
        edit(rng, tree)
    return tree


def random_history(seed: int, commits: int = 60, skew: bool = False) -> History:
    """Branches, octopus and criss-cross merges, evil merges, several roots, renames, modes, links, submodules."""
    rng = random.Random(seed)
    history = History()
    for i in range(commits):
        time = START + 100 * i + (rng.randrange(-2000, 2000) if skew else 0)
        author = time - rng.choice([0, 0, 50, 10_000])
        recent = range(max(0, i - 6), i)
        if i == 0 or rng.random() < 0.03:
            parents, tree = [], {}
        elif rng.random() < 0.3 and i > 2:
            parents = rng.sample(recent, min(len(recent), rng.choice([2, 2, 2, 3, 4])))
            tree = merged(rng, [history.commits[p].tree for p in parents])
        else:
            parents = [rng.choice(recent) if rng.random() < 0.3 else i - 1]
            tree = dict(history.commits[parents[0]].tree)
        for _ in range(rng.choice([0, 1, 1, 2, 5]) if len(parents) < 2 else 0):
            edit(rng, tree)
        history.add(parents, tree, time, author)
    return history


def present_if(there):
    """A test that adds to others where something is at hand; elsewhere there is no such test."""
    return (lambda test: test) if there else (lambda test: None)


def modern_git() -> bool:
    """Does the git at hand have `git last-modified`?"""
    return b"last-modified" in git("/", "--list-cmds=main")
