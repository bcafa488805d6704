"""A work tree with its target directory and the model of it; one job on it; what a strategy does around a job."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from steadytest import clean_env

from . import workspace
from .history import git
from .model import Target


class Failed(Exception):
    """The tool under test did what it must never do."""


class Plain:
    """Nothing before the build, nothing after it."""

    judged = False
    said = ""

    def before(self, repo: Path) -> None:
        """Runs after the checkout and the unpacking of the cache, before cargo."""

    def after(self, repo: Path) -> None:
        """Runs after cargo, before the cache is stored."""


class CommitTimes(Plain):
    """git-restore-mtime: every file gets the time of its last commit."""

    def before(self, repo: Path) -> None:
        if os.path.exists(repo / ".git/shallow"):
            git(repo, "fetch", "-q", "--unshallow")
        program = shutil.which("git-restore-mtime") or "/usr/lib/git-core/git-restore-mtime"
        env = dict(os.environ, GIT_CONFIG_COUNT="0")
        subprocess.run([program, "-q"], cwd=repo, env=env, check=True, stdout=subprocess.DEVNULL)


class Steady(Plain):
    """cargo steady restore before each build, cargo steady save after it."""

    judged = True
    options = ()

    def __init__(self, program: str):
        self.program = program

    def _run(self, repo: Path, command: str, *options: str) -> None:
        done = subprocess.run([self.program, command, *options], cwd=repo / "ws", env=clean_env(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        if done.returncode != 0:
            raise Failed(f"cargo steady {command} exited {done.returncode}: {done.stdout[-2000:]}")
        if command == "restore":
            self.said = done.stdout

    def before(self, repo: Path) -> None:
        stamps = _stamps(repo)
        self._run(repo, "restore", *self.options)
        if not self.options and _stamps(repo) != stamps:
            raise Failed("restore touched the sources")

    def after(self, repo: Path) -> None:
        self._run(repo, "save")


class SteadyMtimes(Steady):
    """The same with commit times on the sources: cargo steady restore --mtimes."""

    options = ("--mtimes",)


def _stamps(repo: Path) -> dict:
    found = {}
    for folder, names, files in os.walk(repo):
        names[:] = [name for name in names if name not in (".git", "target")]
        for name in files + names:
            info = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (info.st_mtime_ns, info.st_size)
    found.pop(str(repo / "ws"), None)  # a cold restore makes the target directory in it
    return found


@dataclass
class Outcome:
    """What one job showed. `stale` and `extra` hold a line for each fault."""

    warm: bool
    needed: int = 0
    rebuilt: int = 0
    open: int = 0
    stale: list = field(default_factory=list)
    extra: list = field(default_factory=list)
    broken: str = ""


def name_of(unit: tuple) -> str:
    return f"{unit[0]} {unit[1]}" + (f" ({unit[2]})" if unit[2] not in (unit[1], "build") else "") + \
        (" [release]" if unit[3] == "release" else "")


class Machine:
    """The repository at `repo`, built by `cargo`. `target` is the model of repo/ws/target."""

    def __init__(self, repo: Path, cargo, strategy):
        self.repo, self.cargo, self.strategy = repo, cargo, strategy
        self.target = Target()

    @property
    def target_directory(self) -> Path:
        return self.repo / "ws/target"

    def prepare(self) -> None:
        self.strategy.before(self.repo)
        self.target.session()

    def job(self, args: list, kill_after: int, must_fail: bool, judged: bool) -> Outcome:
        """cargo ARGS, and everything checked. JUDGED: the strategy saw this work tree; else only the model learns."""
        before = workspace.Tree(self.repo)
        graph = self.cargo.graph(self.repo / "ws", args)
        verdict = self.target.judge(graph, before)
        warm = bool(self.target.made)
        build = self.cargo.run(self.repo / "ws", args, kill_after)
        started = set(build.started)
        after = workspace.Tree(self.repo)
        needed = set(verdict.needed) if build.ok else started & set(verdict.needed)
        outcome = Outcome(warm, len(needed), len(started))
        outcome.open = len((started & verdict.open) - set(verdict.needed))
        strange = sorted(started - set(graph))
        if strange:
            raise RuntimeError(f"units not in the graph of {args}: {strange}; {sorted(graph)}")
        for unit in verdict.order:
            if unit in started and unit not in verdict.needed and unit not in verdict.open:
                outcome.extra.append(f"{name_of(unit)} was rebuilt without need")
            if build.ok and unit in verdict.needed and unit not in started:
                outcome.stale.append(f"{name_of(unit)} was not rebuilt: {verdict.needed[unit]}")
        if build.ok:
            outcome.stale += self._read_programs(build, before)
            if must_fail:
                outcome.stale.append("the build must fail and did not")
        elif not build.killed and not must_fail:
            outcome.broken = "the build failed: " + build.stderr[-1500:]
        self.target.built(graph, verdict, build, before, after)
        if self._race():
            self.target.raced(unit for unit in started if unit[:2] == ("gen", "lib"))
        if not self.strategy.judged:
            for made in self.target.made.values():
                made.recorded = True
        elif not judged:
            outcome.stale, outcome.extra = [], []
            self._unsettle()
        return outcome

    def _race(self) -> bool:
        """Did a rustc start in the clock tick in which the script of gen wrote its source?"""
        source = self.repo / workspace.IGNORED[0]
        begun = [*self.target_directory.glob("*/.fingerprint/gen-*/invoked.timestamp"),
                 *self.target_directory.glob("*/build/gen/*/fingerprint/invoked.timestamp")]
        return source.exists() and source.stat().st_ctime_ns in [path.stat().st_mtime_ns for path in begun]

    def _unsettle(self) -> None:
        """A build that no strategy prepared: whether what it made can be recorded is open."""
        for made in self.target.made.values():
            if not made.recorded:
                made.in_session = False

    def _read_programs(self, build, tree: workspace.Tree) -> list:
        faults = []
        for (package, _, mode, _), program in sorted(build.executables.items()):
            argv = [program, "--nocapture", "--test-threads=1"] if mode == "test" else [program]
            done = subprocess.run(argv, cwd=self.repo, env=clean_env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, timeout=60)
            shown = re.search(r"^SHOW \w+ (.*)$", done.stdout, re.M) if mode == "test" else re.match(r"(.*)\n", done.stdout)
            text, due = shown.group(1) if shown else done.stdout, workspace.says(tree, package)
            if mode == "test" and package == "mac":
                continue
            if text != due:
                faults.append(f"{package} ({mode}) says {text!r}, the sources say {due!r}")
        return faults

    def save(self) -> None:
        self.strategy.after(self.repo)
        self.target.saved(workspace.Tree(self.repo))
