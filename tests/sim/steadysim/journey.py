"""One seed: a developer and a machine that starts from nothing, step by step."""

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from . import transport
from .history import Developer, GitError, git
from .machine import Failed, Machine
from .model import Target

_BREAKABLE = ("plain/src/m1.rs", "embed/src/lib.rs", "watchdir/build.rs", "app/src/main.rs", "mac/src/lib.rs")
_COMMANDS = ((("build",), 10), (("build", "-p"), 4), (("build", "--release"), 2), (("build", "--release", "-p"), 1),
             (("test", "--no-run"), 1), (("test", "--no-run", "-p"), 2), (("check",), 2), (("check", "-p"), 1),
             (("doc", "--no-deps", "-p"), 1))
_PACKAGES = ("plain", "embed", "watchdir", "norerun", "outside", "envy", "macuser", "gen", "app", "app", "tool")


@dataclass
class Cache:
    """A stored target directory: where, how it travels, and what the model says it holds."""

    branch: str
    kind: str
    store: Path
    target: Target


@dataclass
class Result:
    """The numbers of one seed and, if something went wrong, what and after which steps."""

    seed: int
    jobs: int = 0
    warm: int = 0
    stale: int = 0
    broken: int = 0
    needed: int = 0
    rebuilt: int = 0
    open: int = 0
    extra: int = 0
    steps: list = field(default_factory=list)
    faults: list = field(default_factory=list)


class Journey:
    """Runs SEED below FOLDER with a strategy. Everything random comes from the seed."""

    def __init__(self, seed: int, folder: Path, cargo, strategy, options):
        self.chance = random.Random(seed)
        self.folder, self.cargo, self.strategy, self.options = folder, cargo, strategy, options
        self.result = Result(seed)
        self.developer = Developer(folder / "dev/repo", folder / "origin.git", self.chance)
        self.own = Machine(folder / "dev/repo", cargo, strategy)
        self.caches, self.stored = [], 0
        self.own_share = self.chance.choice((0.0, 0.3, 0.6, 1.0)) if options.machines == "both" else \
            float(options.machines == "kept")
        self.kinds = [options.transport] if options.transport else \
            self.chance.choice((["pax"], ["pax"], ["seconds"], ["cp"], ["tar-m"], list(transport.KINDS)))

    def run(self) -> Result:
        while self.result.jobs < self.options.jobs and not (self.result.faults and self.options.stop):
            if self.result.jobs:
                self._note("  " + self.developer.step())
            try:
                if self.chance.random() < self.own_share:
                    self._on_own_machine()
                else:
                    self._from_nothing()
            except Failed as failed:
                self._fault(str(failed))
                break
        return self.result

    def _note(self, line: str) -> None:
        self.result.steps.append(line)
        if self.options.verbose:
            print(line, flush=True)

    def _fault(self, line: str) -> None:
        self.result.faults.append(f"job {self.result.jobs}: {line}")
        self._note("    FAULT " + line)

    def _command(self) -> list:
        args = list(self.chance.choices([c for c, _ in _COMMANDS], [weight for _, weight in _COMMANDS])[0])
        if not self.caches and not self.own.target.made:
            args = ["build"]
        return args + ([self.chance.choice(_PACKAGES)] if args[-1] == "-p" else [])

    def _on_own_machine(self) -> None:
        edited = self.chance.random() < 0.2 and self.developer.edit_uncommitted()
        prepared = self.chance.random() < 0.88 or not self.own.target.made
        self._note(f"own machine, {self.developer.branch()}" + (f", {edited}" if edited else ""))
        self._job(self.own, prepared)
        if edited and self.chance.random() < 0.5:
            self.developer.discard()
            self._note("  take the edit back")
        if self.chance.random() < 0.8:
            self._save(self.own)

    def _from_nothing(self) -> None:
        machine = Machine(self.folder / "ci/repo", self.cargo, self.strategy)
        shutil.rmtree(machine.repo, ignore_errors=True)
        branch = self._check_out(machine.repo)
        cache = self._choose_cache(branch)
        if cache:
            transport.unpack(cache.store, machine.target_directory, cache.kind)
            machine.target = cache.target.copy(cache.kind in transport.LOSE_STAMPS)
            self._note(f"  cache of {cache.branch}, {transport.WHAT[cache.kind]}")
        self._job(machine, True)
        if self.chance.random() < 0.85:
            self._save(machine)
        if self.chance.random() < 0.7 and machine.target_directory.exists():
            self._store(machine, branch)

    def _check_out(self, repo: Path) -> str:
        branches = self.developer.branches()
        here = self.developer.branch()
        branch = here if self.chance.random() < 0.75 else self.chance.choice(branches)
        how = self.chance.choice(("full", "depth 1", "old commit"))
        repo.parent.mkdir(parents=True, exist_ok=True)
        shallow = ["--depth", "1"] if how == "depth 1" else []
        git(self.folder, "clone", "-q", *shallow, "-b", branch, f"file://{self.developer.origin}", str(repo))
        if how == "old commit":
            commits = git(repo, "log", "--first-parent", "-4", "--format=%H").split()
            git(repo, "checkout", "-q", self.chance.choice(commits))
        self._note(f"fresh clone ({how}) of {branch}")
        return branch

    def _choose_cache(self, branch: str):
        if not self.caches or self.chance.random() < 0.04:
            return None
        mine = [cache for cache in self.caches if cache.branch == branch]
        main = [cache for cache in self.caches if cache.branch == "main"]
        if self.chance.random() < 0.2:
            return self.chance.choice(self.caches)
        return (mine or main or self.caches)[-1]

    def _store(self, machine: Machine, branch: str) -> None:
        self.stored += 1
        kind = self.chance.choice(self.kinds)
        cache = Cache(branch, kind, self.folder / f"cache/{self.stored}", machine.target.copy(kind in transport.LOSE_STAMPS))
        transport.pack(machine.target_directory, cache.store, cache.kind)
        self.caches.append(cache)
        if len(self.caches) > 5:
            transport.forget(self.caches.pop(0).store)

    def _save(self, machine: Machine) -> None:
        if self.strategy.judged:
            machine.save()
            self._note("  save")

    def _job(self, machine: Machine, prepared: bool) -> None:
        broken = self.chance.random() < 0.07 and self._break(machine.repo)
        kill_after = self.chance.randint(1, 7) if self.chance.random() < 0.07 else 0
        args = self._command()
        if broken:
            args = ["build"]
        if prepared:
            machine.prepare()
        text = f"  cargo {' '.join(args)}" + (f", stopped at process {kill_after}" if kill_after else "") + \
            (f", {broken} does not compile" if broken else "") + ("" if prepared else ", nothing before it")
        outcome = machine.job(args, kill_after, bool(broken), prepared or not self.strategy.judged)
        self._note(f"{text}: made {outcome.rebuilt}, needed {outcome.needed}, open {outcome.open}")
        if broken:
            git(machine.repo, "checkout", "-q", "--", "ws/crates/" + broken)
        self._count(outcome)

    def _break(self, repo: Path) -> str:
        path = self.chance.choice(_BREAKABLE)
        full = repo / "ws/crates" / path
        if not full.exists() or git(repo, "status", "--porcelain", "--", str(full)):
            return ""
        full.write_text(full.read_text() + 'compile_error!("stop");\n')
        return path

    def _count(self, outcome) -> None:
        result = self.result
        result.jobs += 1
        result.warm += outcome.warm
        result.stale += bool(outcome.stale)
        result.broken += bool(outcome.broken)
        result.extra += len(outcome.extra)
        if outcome.warm:
            result.needed += outcome.needed
            result.rebuilt += outcome.rebuilt
            result.open += outcome.open
        for line in [*outcome.stale, *(outcome.extra if self.strategy.judged or self.options.strict else ()), outcome.broken]:
            if line:
                self._fault(line)
        if outcome.stale or outcome.extra or outcome.broken:
            for line in self.strategy.said.splitlines():
                self._note("      restore said: " + line.strip())


__all__ = ["Journey", "Result", "GitError"]
