"""One wheel built, or one package installed, by each of Python's front ends, as their users call them."""

import os
import shutil
import subprocess
from pathlib import Path

from .environments import make_env
from .pyprojects import module_says, wheel_says
from .pytools import PyTools, base_python
from .run import clean_env
from .seen import Seen
from .workspace import Workspace


class FrontEnds:
    """Builds PROJECT with its target directory kept. FOLDER is for what the front ends write."""

    def __init__(self, tools: PyTools, seen: Seen, project: Workspace, folder: Path, wheels: tuple = ()):
        self.tools, self.seen, self.project, self.folder = tools, seen, project, Path(folder)
        self.target, self.out, self.site = self.folder / "target", self.folder / "dist", self.folder / "installed-to"
        self.python, self.wheels, self.variables = base_python(), tuple(wheels), {}

    def commands(self) -> dict:
        """Name -> (command line, what gives the result: `wheel` or `site`)."""
        uv, python, root = str(self.tools.program("uv")), str(self.tools.python), str(self.project.root)
        out, site, maturin = str(self.out), str(self.site / "bin/python"), str(self.tools.program("maturin"))
        pip = [python, "-m", "pip", "--python", site, "install", "-q", "--no-deps", "--force-reinstall"]
        manifest = ["--manifest-path", root + "/Cargo.toml"]
        return {
            "uv build --wheel": ([uv, "build", "--wheel", "-o", out, "--python", self.python, root], "wheel"),
            "uv build": ([uv, "build", "-o", out, "--python", self.python, root], "wheel"),
            "uv pip install": ([uv, "pip", "install", "--python", site, "--no-deps", "--reinstall", root], "site"),
            "build --wheel": ([python, "-m", "build", "--wheel", "--outdir", out, root], "wheel"),
            "build": ([python, "-m", "build", "--outdir", out, root], "wheel"),
            "pip with venv-isolation": ([*pip, "--use-feature=venv-isolation", root], "site"),
            "pip": ([*pip, root], "site"),
            "pip without isolation": ([python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, root],
                                      "wheel"),
            "maturin build": ([maturin, "build", "--release", "-o", out, "-i", self.python, *manifest], "wheel"),
            "maturin develop": ([maturin, "develop", "--uv", *manifest], "site"),
        }

    def environment(self, first=None) -> dict:
        env = self.seen.environment(first, CARGO_TARGET_DIR=self.target, UV_CACHE_DIR=self.folder / "uv-cache",
                                    CARGO_NET_OFFLINE="true", **self.tools.variables(*self.wheels))
        env.update(self.variables)
        return env

    def start(self, name: str, first=None) -> subprocess.Popen:
        """Starts the front end NAME (see commands()) with the cargo in FIRST before all others."""
        argv, kind = self.commands()[name]
        env = self.environment(first)
        if kind == "wheel":
            shutil.rmtree(self.out, ignore_errors=True)
        elif not self.site.exists():
            make_env(self.site, self.python)
        if name == "maturin develop":
            env.update(VIRTUAL_ENV=str(self.site), PATH=env["PATH"] + os.pathsep + str(self.tools.venv / "bin"))
        return subprocess.Popen(argv, env=env, cwd=self.project.root, stdin=subprocess.DEVNULL, text=True,
                                errors="surrogateescape", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def finish(self, started: subprocess.Popen) -> None:
        said, _ = started.communicate(timeout=900)
        if started.returncode != 0:
            raise AssertionError(f"{' '.join(started.args)} exited {started.returncode}:\n{said[-4000:]}\n"
                                 f"cargo said:\n{self.seen.said()[-6000:]}")

    def run(self, name: str, first=None):
        """One build: what cargo compiled and found fresh. It must have been called at all."""
        self.finish(self.start(name, first))
        run = self.seen.take()
        if not run.compiled and not run.fresh:
            raise AssertionError(f"{name}: cargo was not seen")
        return run

    def says(self, name: str, what: str = "answer()") -> str:
        """What the module built by the front end NAME answers."""
        if self.commands()[name][1] == "site":
            return module_says(self.site / "bin/python", what, clean_env())
        (wheel,) = self.out.glob("*.whl")
        return wheel_says(wheel, self.folder / "unpacked", what, self.python)
