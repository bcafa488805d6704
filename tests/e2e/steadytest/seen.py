"""What the real cargo did behind front ends and the shim: a `cargo` for PATH that runs the real one and writes it down.

Where SEEN_HOLD names a pipe (hold()), cargo waits until it is told to go on. It waits without starting anything: a stop that
meets a process between vfork and exec is seen by nobody.
"""

import os
import shlex
import shutil
from pathlib import Path

from .environments import make_env, purelib
from .run import CargoRun, clean_env, steady

#: exec: the real cargo stays the child of whoever called it. Asked by a variable, it says what is fresh and what it compiles.
_SCRIPT = """#!/bin/sh
if [ -z "$SEEN_LOGS" ]; then exec {cargo} "$@"; fi
env > "$SEEN_LOGS/$$.env"
printf '%s\\n' "$PWD" "$@" > "$SEEN_LOGS/$$.call"
if [ -p "$SEEN_HOLD" ]; then read -r go 3<>"$SEEN_HOLD" <&3; fi
CARGO_TERM_VERBOSE=true exec {cargo} "$@" 2>> "$SEEN_LOGS/$$.err"
"""

#: An alias and nothing else: one path for every environment, whose packages are reached through a variable.
_PIN = """#!/bin/sh
if [ -n "$PYO3_PYTHON" ]; then
    PIN_SITE=$("$PYO3_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    PYO3_PYTHON={python}
    PYTHON_SYS_EXECUTABLE={python}
    export PIN_SITE PYO3_PYTHON PYTHON_SYS_EXECUTABLE
fi
exec {cargo} "$@"
"""


class Seen:
    """Directories for PATH in FOLDER, and what cargo said there. One object for builds that run one after the other."""

    def __init__(self, folder, tool):
        self.folder, self.tool = Path(folder), tool
        self.real, self.shims = self.folder / "real", self.folder / "shim"
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True)
        self._script(self.real, _SCRIPT.format(cargo=shlex.quote(str(tool.program))))
        self.more = []  # directories for PATH before the real cargo's
        self.home, self.pin = self.folder / "steady-home", self.folder / "pin"

    @staticmethod
    def _script(folder: Path, text: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cargo").write_text(text)
        (folder / "cargo").chmod(0o755)
        return folder

    def pinned(self) -> Path:
        """A directory with a cargo that gives every environment one path, and does nothing else of what the shim does."""
        env = self.pin
        if not env.exists():
            make_env(env)
            (purelib(env) / "pin.pth").write_text("import os, site; site.addsitedir(os.environ['PIN_SITE'])\n")
        return self._script(self.folder / "pinned", _PIN.format(python=shlex.quote(str(env / "bin/python")),
                                                                cargo=shlex.quote(str(self.real / "cargo"))))

    def shim(self) -> Path:
        """A directory with our shim, as `cargo steady shim install` makes it."""
        if not (self.shims / "cargo").exists():
            steady("shim", "install", str(self.shims), env=self.environment())
        return self.shims

    def environment(self, first=None, **extra) -> dict:
        """A complete environment in which `cargo` is the one in the directory FIRST (None: cargo alone, written down)."""
        env = clean_env(SEEN_LOGS=self.logs, STEADY_HOME=self.home, CARGO_INCREMENTAL="0", CARGO_PROFILE_DEV_DEBUG="0",
                        CARGO_PROFILE_RELEASE_OPT_LEVEL="0", **extra)
        folders = ([first] if first else []) + self.more + [self.real, self.tool.bin]
        env["PATH"] = os.pathsep.join([*map(str, folders), env["PATH"]])
        return env

    def hold(self) -> Path:
        """A new pipe for SEEN_HOLD."""
        path = self.folder / "hold"
        if path.exists():
            path.unlink()
            os.close(self._pipe)
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDWR)
        return path

    def release(self) -> None:
        """All who wait, or will, go on."""
        os.write(self._pipe, b"go\n" * 100)

    def calls(self) -> list:
        """The calls of cargo since the last take(): lists of words, the first is the working directory."""
        return [path.read_text().splitlines() for path in sorted(self.logs.glob("*.call"), key=os.path.getmtime)]

    def environments(self) -> list:
        """The environments of those calls, as dicts."""
        found = sorted(self.logs.glob("*.env"), key=os.path.getmtime)
        return [dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line) for path in found]

    def said(self) -> str:
        return "".join(path.read_text(errors="surrogateescape")
                       for path in sorted(self.logs.glob("*.err"), key=os.path.getmtime))

    def take(self) -> CargoRun:
        """What cargo compiled and found fresh since the last call of this; forgotten afterwards."""
        run = CargoRun.parse([], 0, "", self.said())
        shutil.rmtree(self.logs)
        self.logs.mkdir()
        return run
