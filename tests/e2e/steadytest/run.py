"""Running cargo and cargo-steady, and reading what they say."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .cache import cache_dir

_DROPPED = re.compile(r"^(CARGO(?!_HOME$|_HTTP|_NET|_REGISTR|_SOURCE).*|RUST(?!UP_HOME$).*|PYO3_.*|PYTHON.*|VIRTUAL_ENV|CONDA_.*"
                      r"|STEADY_.*|GIT_.*|MAKEFLAGS|MFLAGS|DESTDIR)$")


def clean_env(**extra) -> dict:
    """This process's environment without what would change a build, plus EXTRA (None removes a variable). Our own directory
    is one of the tests."""
    env = {key: value for key, value in os.environ.items() if not _DROPPED.match(key)}
    env.update(LC_ALL="C.UTF-8", CARGO_TERM_COLOR="never", STEADY_HOME=str(cache_dir() / "home"))
    for key, value in extra.items():
        env.pop(key, None)
        if value is not None:
            env[key] = str(value)
    return env


@dataclass
class CargoRun:
    """One run of cargo -v. Names are package names; `reasons` maps a dirty package to cargo's reason."""

    argv: list
    returncode: int
    stderr: str
    output: str = ""
    messages: list = field(default_factory=list)
    fresh: list = field(default_factory=list)
    compiled: list = field(default_factory=list)
    reasons: dict = field(default_factory=dict)

    _VERB = re.compile(r"^\s*(Fresh|Dirty|Compiling|Checking|Documenting|Scraping) (\S+) v(\S+)(?: \(.*?\))*?(?:: (.*))?$")

    @classmethod
    def parse(cls, argv: list, returncode: int, stdout: str, stderr: str) -> "CargoRun":
        run = cls(argv, returncode, stderr)
        for line in stderr.splitlines():
            found = cls._VERB.match(line)
            if found and found.group(1) == "Fresh":
                run.fresh.append(found.group(2))
            elif found and found.group(1) == "Dirty":
                run.reasons[found.group(2)] = found.group(4)
            elif found:
                run.compiled.append(found.group(2))
        other = []
        for line in stdout.splitlines(keepends=True):
            if line.startswith('{"reason":'):
                run.messages.append(json.loads(line))
            else:
                other.append(line)
        run.output = "".join(other)
        return run

    @property
    def dirty(self) -> list:
        """Packages that cargo called Dirty (cargo >= 1.68 says so, with -v)."""
        return list(self.reasons)

    @property
    def artifacts(self) -> list:
        """Messages compiler-artifact, each with its `fresh`."""
        return [message for message in self.messages if message["reason"] == "compiler-artifact"]

    @property
    def rebuilt(self) -> list:
        """Names of the targets that were not fresh, by cargo's own JSON: works with every cargo."""
        return sorted({message["target"]["name"] for message in self.artifacts if not message["fresh"]})

    @property
    def all_fresh(self) -> bool:
        """Nothing was compiled, checked, documented or called dirty."""
        return self.returncode == 0 and not self.compiled and not self.reasons and not self.rebuilt


def run_cargo(cargo, args, cwd, env: dict, json_messages: bool = True, verbose: bool = True, check: bool = True,
              timeout: float = 900) -> CargoRun:
    """Runs `cargo ARGS` in CWD. ENV is complete, but for what CARGO itself needs. With CHECK, failure raises."""
    args = list(args)
    extra = list(cargo.options) + (["-v"] if verbose else [])
    if json_messages and args[0] in ("build", "check", "test", "bench", "rustc", "doc", "run"):
        extra += ["--message-format", "json-render-diagnostics"]
    argv = [str(cargo.program), args[0], *extra, *args[1:]]
    env = dict(env, **cargo.env)
    env["PATH"] = f"{cargo.bin}{os.pathsep}{env.get('PATH', os.defpath)}"
    done = subprocess.run(argv, cwd=str(cwd), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="surrogateescape", timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)} exited {done.returncode}:\n{done.stderr[-6000:]}")
    return CargoRun.parse(argv, done.returncode, done.stdout, done.stderr)


@dataclass
class SteadyRun:
    """One run of cargo-steady."""

    argv: list
    returncode: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict:
        return json.loads(self.stdout)


def steady_program() -> Path:
    """The program under test: CARGO_STEADY, which ctest sets."""
    named = os.environ.get("CARGO_STEADY")
    if not named:
        raise RuntimeError("CARGO_STEADY does not name the built cargo-steady")
    return Path(named)


def steady(*args, cwd=None, env: dict = None, check: bool = True, timeout: float = 300) -> SteadyRun:
    """Runs the built cargo-steady. With CHECK any exit code but 0 raises; pass check=False to look at it."""
    argv = [str(steady_program()), *map(str, args)]
    done = subprocess.run(argv, cwd=cwd and str(cwd), env=clean_env() if env is None else env, text=True,
                          errors="surrogateescape", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)} exited {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}")
    return SteadyRun(argv, done.returncode, done.stdout, done.stderr)
