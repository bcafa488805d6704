"""A developer at work: random steps in a git repository, each leaving a work tree that compiles."""

import os
import random
import re
import subprocess
from pathlib import Path

from . import workspace

_CRATES = "ws/crates/"
_EDITABLE = [_CRATES + path for path in (
    "plain/src/m1.rs", "plain/src/m2.rs", "plain/src/lib.rs", "plain/variants/one/mod.rs", "plain/variants/two/mod.rs",
    "embed/data/msg.txt", "embed/data/v1.txt", "embed/data/v2.txt", "embed/src/lib.rs", "watchdir/assets/a.txt",
    "watchdir/assets/deep/er/b.txt", "watchdir/pool/x.txt", "watchdir/pool/y.txt", "watchdir/more/c.txt",
    "watchdir/build.rs", "norerun/notes.txt", "norerun/src/lib.rs", "norerun/Cargo.toml", "outside/src/lib.rs",
    "envy/setting.txt", "envy/build.rs", "mac/src/lib.rs", "macuser/src/lib.rs", "gen/template.txt", "gen/src/lib.rs",
    "app/src/main.rs")] + ["etc/site.txt", "ws/shared/config.txt", "outer/src/lib.rs", "helper/src/lib.rs"]
_LINKS = {_CRATES + "embed/data/current.txt": ("v1.txt", "v2.txt"),
          _CRATES + "plain/src/p": ("../variants/one", "../variants/two"),
          _CRATES + "watchdir/assets/l.txt": ("../pool/x.txt", "../pool/y.txt")}
_SWAPS = [(_CRATES + "embed/data/v1.txt", _CRATES + "embed/data/v2.txt"),
          (_CRATES + "watchdir/pool/x.txt", _CRATES + "watchdir/pool/y.txt"),
          (_CRATES + "plain/variants/one", _CRATES + "plain/variants/two")]


class GitError(Exception):
    pass


def git(cwd, *args, check: bool = True) -> str:
    """Runs git without the user's configuration. GitError if it fails and CHECK is set."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env.update(GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=os.devnull, GIT_EDITOR="true", LC_ALL="C.UTF-8",
               GIT_MERGE_AUTOEDIT="no", GIT_ADVICE="0")
    settings = ("user.name=sim", "user.email=sim@localhost", "gc.auto=0", "maintenance.auto=false",
                "merge.conflictStyle=merge", "rebase.autoStash=false", "protocol.file.allow=always",
                "core.fsync=none", "merge.renames=true", "init.defaultBranch=main")
    argv = ["git", *(part for setting in settings for part in ("-c", setting)), *args]
    done = subprocess.run(argv, cwd=str(cwd), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="surrogateescape")
    if check and done.returncode != 0:
        raise GitError(f"git {' '.join(args)}: {done.stdout[-400:]}")
    return done.stdout.strip()


class Developer:
    """Owns the work tree `root` and pushes every branch to the bare repository `origin` after each step."""

    def __init__(self, root: Path, origin: Path, chance: random.Random):
        self.root, self.origin, self.chance, self.version = root, origin, chance, 1
        root.mkdir(parents=True)
        git(root, "init", "-q")
        for path, content in workspace.files().items():
            workspace.write(root, path, content)
        self._commit("begin")
        git(root.parent, "init", "-q", "--bare", str(origin))
        git(root, "remote", "add", "origin", str(origin))
        self.push()

    def push(self) -> None:
        git(self.root, "push", "-q", "--force", "--all", "origin")

    def branch(self) -> str:
        return git(self.root, "symbolic-ref", "--short", "HEAD")

    def branches(self) -> list:
        return git(self.root, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def commits(self, limit: int = 30) -> list:
        """Newest commits of all branches."""
        return git(self.root, "log", "--all", f"-{limit}", "--format=%H").split()

    def step(self) -> str:
        """Does one random thing that can be done now and says what."""
        steps = (self._edit, 8), (self._add, 2), (self._delete, 2), (self._rename, 2), (self._swap, 1), (self._link, 2), \
            (self._new_branch, 2), (self._switch, 4), (self._merge, 4), (self._revert, 3), (self._rebase, 2), \
            (self._cherry_pick, 2), (self._amend, 1), (self._reset, 1), (self._move_back, 1)
        for _ in range(20):
            done = self.chance.choices([s for s, _ in steps], [weight for _, weight in steps])[0]()
            if done:
                self._mend()
                self.push()
                return done
        return "nothing"

    def _next(self) -> int:
        self.version += 1
        return self.version

    def _commit(self, text: str) -> None:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", text)

    def change(self, path: str) -> bool:
        """Gives the file at PATH a text no file had before. False if it is not there."""
        full = self.root / path
        if not full.is_file() or full.is_symlink():
            return False
        old, version = full.read_text(), self._next()
        new = re.sub(r" v\d+(?=[\"\n]|$)", f" v{version}", old, count=1)
        if new == old:
            new = re.sub(r"\n*(# v\d+\n)?\Z", "\n", old) + f"# v{version}\n"
        full.write_text(new)
        return True

    def _edit(self) -> str:
        paths = [p for p in self.chance.sample(_EDITABLE, self.chance.choice((1, 1, 1, 2, 3))) if self.change(p)]
        if paths:
            self._commit("edit " + " ".join(paths))
        return paths and "edit " + " ".join(paths)

    def edit_uncommitted(self) -> str:
        path = self.chance.choice(_EDITABLE)
        return self.change(path) and f"edit {path} (not committed)"

    def discard(self) -> None:
        git(self.root, "checkout", "-q", "--", ".")

    def _add(self) -> str:
        version = self._next()
        kind = self.chance.choice(("asset", "deep asset", "note", "module", "unused"))
        path = {"asset": f"watchdir/assets/n{version}.txt", "deep asset": f"watchdir/assets/deep/d{version}/n.txt",
                "note": f"norerun/n{version}.txt", "module": f"plain/src/x{version}.rs",
                "unused": f"plain/unused{version}.txt"}[kind]
        if kind == "module":
            workspace.write(self.root, _CRATES + path, workspace.module(f"x{version}", version))
            self._write_plain(self._modules() + [f"x{version}"])
        else:
            workspace.write(self.root, _CRATES + path, f"{kind} v{version}\n")
        self._commit("add " + path)
        return "add " + path

    def _added(self) -> list:
        found = git(self.root, "ls-files", *(_CRATES + p for p in ("watchdir/assets", "norerun", "plain/src"))).split("\n")
        return [p for p in found if re.search(r"/(n|x|d)\d+(/n)?\.(txt|rs)$", p)]

    def _delete(self) -> str:
        paths = self._added()
        if not paths:
            return ""
        path = self.chance.choice(paths)
        (self.root / path).unlink()
        if path.endswith(".rs"):
            self._write_plain([m for m in self._modules() if m != Path(path).stem])
        self._commit("delete " + path)
        return "delete " + path

    def _rename(self) -> str:
        paths = self._added()
        if not paths:
            return ""
        path, version = self.chance.choice(paths), self._next()
        new = re.sub(r"([nxd])\d+", rf"\g<1>{version}", path, count=1)
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        git(self.root, "mv", path, new)
        if path.endswith(".rs"):
            self._write_plain([Path(new).stem if m == Path(path).stem else m for m in self._modules()])
        self._commit(f"rename {path} {new}")
        return f"rename {path} to {new}"

    def _swap(self) -> str:
        one, two = self.chance.choice(_SWAPS)
        for old, new in ((one, "swapped"), (two, one), ("swapped", two)):
            os.rename(self.root / old, self.root / new)
        self._commit(f"swap {one} {two}")
        return f"swap {one} and {two}"

    def _link(self) -> str:
        path, targets = self.chance.choice(sorted(_LINKS.items()))
        now = os.readlink(self.root / path)
        workspace.write(self.root, path, ("link", targets[now == targets[0]]))
        self._commit("retarget " + path)
        return "retarget " + path

    def _move_back(self) -> str:
        """A file saved aside comes back with its old time (mv over a file that was built)."""
        path = self.chance.choice(["ws/crates/embed/data/msg.txt", "ws/crates/plain/src/m1.rs", "outer/src/lib.rs"])
        full = self.root / path
        if not full.is_file():
            return ""
        stamp = full.stat()
        self.change(path)
        os.utime(full, ns=(stamp.st_atime_ns, stamp.st_mtime_ns - 10**9))
        self._commit(f"move an older file over {path}")
        return f"move an older file over {path}"

    def _new_branch(self) -> str:
        if len(self.branches()) >= 4:
            return ""
        name = f"b{self._next()}"
        git(self.root, "checkout", "-q", "-b", name)
        return "new branch " + name

    def _other(self) -> str:
        others = [b for b in self.branches() if b != self.branch()]
        return self.chance.choice(others) if others else ""

    def _switch(self) -> str:
        other = self._other()
        if not other:
            return ""
        try:
            git(self.root, "checkout", "-q", other)
        except GitError:  # an edit that is not committed is in the way
            git(self.root, "reset", "-q", "--hard")
            git(self.root, "checkout", "-q", other)
        return "switch to " + other

    def _try(self, what: str, abort: str, *args) -> str:
        """A git command that may meet conflicts: then it is taken back. Mostly nothing has happened, then: ''."""
        try:
            git(self.root, *args)
        except GitError:
            git(self.root, abort, "--abort", check=False)
            git(self.root, "reset", "-q", "--hard")
            return ""
        return what

    def _merge(self) -> str:
        other = self._other()
        return other and self._try("merge " + other, "merge", "merge", "-q", "-X", "theirs", *self._no_ff(), other)

    def _no_ff(self) -> list:
        return ["--no-ff"] if self.chance.random() < 0.7 else []

    def _revert(self) -> str:
        own = git(self.root, "log", "--no-merges", "-8", "--format=%H").split()[:-1]
        commit = own and self.chance.choice(own)
        return commit and self._try("revert " + commit[:8], "revert", "revert", "--no-edit", "-X", "theirs", commit)

    def _rebase(self) -> str:
        other = self._other()
        return other and self._try("rebase on " + other, "rebase", "rebase", "-q", "-X", "theirs", other)

    def _cherry_pick(self) -> str:
        other = self._other()
        commits = other and git(self.root, "log", "--no-merges", "-5", "--format=%H", f"HEAD..{other}").split()
        commit = commits and self.chance.choice(commits)
        return commit and self._try("cherry-pick " + commit[:8], "cherry-pick", "cherry-pick", "-X", "theirs", commit)

    def _amend(self) -> str:
        path = self.chance.choice(_EDITABLE)
        if not self.change(path):
            return ""
        git(self.root, "commit", "-q", "-a", "--amend", "-m", "amended " + path)
        return "amend with " + path

    def _reset(self) -> str:
        own = git(self.root, "log", "--first-parent", "-4", "--format=%H").split()[1:]
        if not own or self.branch() == "main" and self.chance.random() < 0.7:
            return ""
        commit = self.chance.choice(own)
        git(self.root, "reset", "-q", "--hard", commit)
        return "reset to " + commit[:8]

    def _modules(self) -> list:
        return re.findall(r"^mod (\w+);", (self.root / _CRATES / "plain/src/lib.rs").read_text(), re.M)

    def _write_plain(self, modules: list) -> None:
        names = [m for i, m in enumerate(modules) if m not in modules[:i]]
        (self.root / _CRATES / "plain/src/lib.rs").write_text(workspace.library("plain", names, self._next()))

    def _mend(self) -> None:
        """After a merge lib.rs may name modules that are gone, or miss some: write it from the files there are."""
        text = (self.root / _CRATES / "plain/src/lib.rs").read_text()
        src = self.root / _CRATES / "plain/src"
        there = sorted(p.stem for p in src.glob("*.rs") if p.stem != "lib") + ["p"]
        used = re.findall(r"^        (\w+)::T", text, re.M)
        if sorted(self._modules()) == sorted(there) and sorted(used) == sorted(there) and "<<<<" not in text:
            return
        self._write_plain(there)
        self._commit("mend plain")
