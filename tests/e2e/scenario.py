"""What the scenario tests share: a repository that is built once, and copies of it that travel, change and build again.

A scenario is a story told twice. `check()` starts from a checkout that was built and saved, lets the story change it,
then builds: first with cargo alone (or after another tool), to show what goes wrong, then after `cargo steady restore`.

    class Stale(ScenarioCase):
        def test_S11_equal_mtimes(self):
            def story(w):
                w.write("txt/msg.txt", "two\\n", stamp=w.reference("txt"))
            self.check(story, {"txt": "two"}, ["app", "txt"], alone="stale")
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from scenario_files import BASE
from steadytest import E2ECase, clean_env, find_cargo, steady
from steadytest.run import run_cargo

_GIT = ("user.name=test", "user.email=test@localhost", "gc.auto=0", "protocol.file.allow=always", "init.defaultBranch=main")
DAY = 86400


class World:
    """A repository at `root` (always the same path within a class) with its target directory; `origin` is its remote."""

    def __init__(self, folder: Path, tool, place: str = "", root: Path = None):
        self.folder, self.tool, self.place = folder, tool, place
        self.root, self.origin, self.variables = Path(root or folder / "repo"), folder / "origin.git", {}
        self.directory, self.ours = self.root / place, True
        self.target = self.directory / "target"

    def at(self, root) -> "World":
        """The same world seen from another checkout of it."""
        other = World(self.folder, self.tool, self.place, Path(root))
        other.variables = dict(self.variables)
        return other

    def write(self, path: str, content, stamp: int = None) -> Path:
        """Writes text, bytes, or ("link", text); STAMP: its mtime in ns."""
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(full) and (isinstance(content, tuple) or full.is_symlink()):
            full.unlink()
        if isinstance(content, tuple):
            full.symlink_to(content[1])
        elif isinstance(content, bytes):
            full.write_bytes(content)
        else:
            full.write_text(content)
        if stamp is not None:
            os.utime(full, ns=(stamp, stamp), follow_symlinks=False)
        return full

    def git(self, *args, days: float = 0, author: float = None, cwd: Path = None, check: bool = True) -> str:
        """Runs git; DAYS (AUTHOR) before now is the committer's (author's) date."""
        env = clean_env(GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=os.devnull, GIT_EDITOR="true",
                        GIT_COMMITTER_DATE=f"@{int(time.time() - days * DAY)} +0000",
                        GIT_AUTHOR_DATE=f"@{int(time.time() - (days if author is None else author) * DAY)} +0000")
        argv = ["git", *(part for setting in _GIT for part in ("-c", setting)), *args]
        done = subprocess.run(argv, cwd=cwd or self.root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(argv)}: {done.stdout}")
        return done.stdout.strip()

    def commit(self, what: str = "change", **dates) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", what, **dates)

    def push(self) -> None:
        if not self.origin.exists():
            self.git("init", "-q", "--bare", str(self.origin), cwd=self.folder)
        self.git("push", "-q", "--force", str(self.origin), "--all")
        self.git("push", "-q", "--force", str(self.origin), "--tags")

    def travel(self, ref: str = "main", how: str = "pax", depth: int = None, clone: tuple = ()) -> None:
        """The job ends: everything is pushed, only target/ is kept. The next: a fresh clone of REF, target/ comes back.

        HOW: pax (exact times), seconds, tar-m or cp (times lost).
        """
        self.push()
        parcel = self.folder / "parcel"
        shutil.rmtree(parcel, ignore_errors=True)
        parcel.mkdir()
        if how == "cp":
            subprocess.run(["cp", "-r", str(self.target), str(parcel / "target")], check=True)
        else:
            form = "gnu" if how == "seconds" else "pax"
            subprocess.run(["tar", f"--format={form}", "-cf", str(parcel / "tar"), "-C", str(self.directory), "target"],
                           check=True)
        shutil.rmtree(self.root)
        shallow = ("--depth", str(depth)) if depth else ()
        self.git("clone", "-q", "-b", ref, *shallow, *clone, f"file://{self.origin}", str(self.root), cwd=self.folder)
        if how == "cp":
            subprocess.run(["cp", "-r", str(parcel / "target"), str(self.target)], check=True)
        else:
            subprocess.run(["tar", "-xmf" if how == "tar-m" else "-xf", str(parcel / "tar"), "-C", str(self.directory)],
                           check=True)

    def environment(self) -> dict:
        return clean_env(CARGO_INCREMENTAL="0", **self.variables)

    def build(self, *args, command: str = "build", check: bool = True):
        """`cargo build ARGS`, offline."""
        return run_cargo(self.tool, [command, "--offline", *args], self.directory, self.environment(), check=check)

    def restore(self, *args, check: bool = True):
        """cargo steady restore; nothing while a story is told without us (`ours`)."""
        return self.ours and steady("restore", *args, cwd=self.directory, env=self.environment(), check=check, timeout=60)

    def save(self, *args, check: bool = True):
        """cargo steady save; nothing while a story is told without us."""
        return self.ours and steady("save", *args, cwd=self.directory, env=self.environment(), check=check, timeout=60)

    def says(self, program: str = "debug/app") -> dict:
        """What the program prints: lines `name=text`."""
        done = subprocess.run([str(self.target / program)], cwd=self.directory, stdout=subprocess.PIPE, text=True, check=True)
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    def reference(self, package: str) -> int:
        """mtime in ns of the dep-info of PACKAGE's library."""
        return max(p.stat().st_mtime_ns for p in self.target.glob(f"debug/.fingerprint/{package}-*/dep-lib-{package}"))

    def stamps(self) -> dict:
        """Path -> mtime in ns of every file in the target directory."""
        found = {}
        for folder, _, names in os.walk(self.target):
            for name in names:
                full = os.path.join(folder, name)
                found[os.path.relpath(full, self.target)] = os.lstat(full).st_mtime_ns
        return found

    def restamp(self, change) -> None:
        """Every file and directory of the target directory gets the mtime CHANGE(mtime) in ns."""
        for folder, names, files in os.walk(self.target, topdown=False):
            for name in files + names:
                full = os.path.join(folder, name)
                stamp = change(os.lstat(full).st_mtime_ns)
                os.utime(full, ns=(stamp, stamp), follow_symlinks=False)


def begin(case, files: dict) -> World:
    """A repository of its own in CASE.tmp, with FILES committed; nothing is built or saved."""
    world = World(case.tmp, case.cargo("path"))
    world.root.mkdir(parents=True)
    world.git("init", "-q")
    for path, content in files.items():
        world.write(path, content)
    run_cargo(world.tool, ["generate-lockfile"], world.directory, world.environment())
    ScenarioCase.history(world)
    return world


def date_sources(world: World, stamp: int = 1577836800 * 10**9) -> None:
    """Another tool's way: every source gets one old time (2020)."""
    for folder, names, files in os.walk(world.root):
        names[:] = [name for name in names if name not in (".git", "target")]
        for name in files + names:
            os.utime(os.path.join(folder, name), ns=(stamp, stamp), follow_symlinks=False)


def commit_times(world: World, *options) -> None:
    """git-restore-mtime, where it is installed; else its result: the author time of the newest commit of each file,
    and for a directory of the newest that added or removed a name in it."""
    program = shutil.which("git-restore-mtime") or "/usr/lib/git-core/git-restore-mtime"
    if os.path.exists(program):
        subprocess.run([program, "-q", *options], cwd=world.root, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return
    for path in world.git("ls-files", "-z").split("\0"):
        seconds = path and world.git("log", "-1", "--no-merges", "--format=%at", "--", path)
        if seconds:
            os.utime(world.root / path, (int(seconds), int(seconds)), follow_symlinks=False)
    for path in world.git("ls-tree", "-r", "-d", "-z", "--name-only", "HEAD").split("\0"):
        seconds = path and world.git("log", "-1", "--no-merges", "--diff-filter=AD", "--format=%at", "--", path)
        if seconds:
            os.utime(world.root / path, (int(seconds), int(seconds)))


def _build_base(case: type, folder: Path) -> None:
    world = World(folder, find_cargo(case.tool), case.place)
    world.root.mkdir(parents=True)
    world.git("init", "-q")
    for path, content in case.files.items():
        world.write(path, content)
    # Crates that this compiler takes, whatever was published since (cargo 1.84 and newer).
    lock = dict(world.environment(), CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS="fallback")
    run_cargo(world.tool, ["generate-lockfile"], world.directory, lock)
    if case.fetched:
        run_cargo(world.tool, ["fetch", "--locked"], world.directory, world.environment())
    case.history(world)
    world.restore()
    for command in case.commands:
        world.build(*command[1:], command=command[0])
    world.save()
    world.push()
    subprocess.run(["tar", "--format=pax", "-cf", str(folder / "base.tar"), "-C", str(folder), "repo", "origin.git"], check=True)


class ScenarioCase(E2ECase):
    """Tests over copies of one repository, built and saved once for the class."""

    tool = "path"
    files = BASE
    commands = (("build",),)
    fetched = False
    place = ""
    _folder = None

    @staticmethod
    def history(world: World) -> None:
        """The commits before the first build: msg.txt was `zero` three days ago and is `one` since yesterday."""
        text = (world.root / "txt/msg.txt").read_text()
        world.write("txt/msg.txt", "zero\n")
        world.commit("first", days=3)
        world.git("branch", "old")
        world.write("txt/msg.txt", text)
        world.commit("second", days=1)

    @classmethod
    def tearDownClass(cls):
        if cls._folder and not os.environ.get("STEADY_TEST_KEEP"):
            shutil.rmtree(cls._folder, ignore_errors=True)
        cls._folder = None

    def world(self) -> World:
        """A copy of the base, as an archive unpacks it: built, saved, everything committed and pushed."""
        cls = type(self)
        if cls.fetched and find_cargo(cls.tool).version < (1, 84, 0):
            self.missing("a cargo before 1.84 cannot choose versions of crates that its compiler takes")
        if cls._folder is None:
            folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="steady-scenario-", suffix="-t")))
            _build_base(cls, folder)
            cls._folder = folder
        for name in ("repo", "origin.git"):
            shutil.rmtree(cls._folder / name, ignore_errors=True)
        subprocess.run(["tar", "-xf", str(cls._folder / "base.tar"), "-C", str(cls._folder)], check=True)
        return World(cls._folder, self.cargo(cls.tool), cls.place)

    def check(self, story, prints: dict, compiled: list, alone: str = "", by=None, build: tuple = ()) -> World:
        """Tells STORY. PRINTS: part of what the program must say; COMPILED: exactly the packages that cargo compiles.

        ALONE: what cargo without us does after the tool BY: `stale` (prints something else), `more` (compiles others
        too), `fails`; empty: not tried.
        """
        if alone:
            world = self.world()
            world.ours = False
            story(world)
            if by:
                by(world)
            run = world.build(*build, check=alone != "fails")
            if alone == "stale":
                self.assertNotEqual({key: world.says().get(key) for key in prints}, prints, "cargo alone is right here")
            elif alone == "more":
                self.assertTrue(set(run.compiled) - set(compiled), "cargo alone compiles no more here")
            else:
                self.assertNotEqual(run.returncode, 0, "cargo alone does not fail here")
        world = self.world()
        story(world)
        world.restore()
        self.builds(world, prints, compiled, *build)
        return world

    def builds(self, world: World, prints: dict, compiled: list, *args) -> None:
        """cargo build compiles exactly COMPILED, and then the program says PRINTS."""
        run = world.build(*args)
        self.assertEqual(sorted(set(run.compiled)), sorted(compiled), f"reasons: {run.reasons}")
        says = world.says()
        self.assertEqual({key: says.get(key) for key in prints}, prints)
