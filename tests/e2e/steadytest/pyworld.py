"""A small program whose build script looks into a Python environment, and environments that come and go around it."""

import os
import random
import shutil
import string
import subprocess
from pathlib import Path

from .environments import purelib
from .pytools import PyTools, base_python, make_wheel
from .run import CargoRun
from .seen import Seen
from .workspace import Workspace

#: How a story is told: with cargo alone, with the interpreter's path pinned and nothing else, and with the shim.
PLAIN, PINNED, SHIM = "plain", "pinned", "shim"

_PACKAGE = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'

#: MORE is Rust code that may use `python` and `out`, and sets `says`.
_SCRIPT = """
use std::{{env, fs, path::Path, process::Command}};

fn main() {{
    let out = env::var("OUT_DIR").unwrap();
    {registered}
    let python = env::var("PYO3_PYTHON").unwrap_or_else(|_| "python3".into());
    let ask = |question: &str| {{
        let done = Command::new(&python).args(["-c", question]).output().expect("no interpreter");
        assert!(done.status.success(), "{{python}}: {{}}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_string()
    }};
    {more}
    let _ = ask;
    fs::write(Path::new(&out).join("says.rs"), format!("pub const SAYS: &str = {{says:?}};\\n")).unwrap();
}}
"""
REGISTERED = ('println!("cargo:rerun-if-env-changed=PYO3_PYTHON"); println!("cargo:rerun-if-changed=build.rs");')
ASKS_MYGEN = 'let says = ask("import mygen; print(mygen.WORD)");'


def asking_files(more: str, registered: str = REGISTERED) -> dict:
    """The files of the program `app`, which prints `<helper's number> <what generated's script found out>`."""
    return {
        "Cargo.toml": '[workspace]\nmembers = ["app", "helper", "generated"]\nresolver = "2"\n',
        "app/Cargo.toml": _PACKAGE.format("app") + '[dependencies]\nhelper = { path = "../helper" }\n'
                                                   'generated = { path = "../generated" }\n',
        "app/src/main.rs": 'fn main() { println!("{} {}", helper::answer(), generated::SAYS); }\n',
        "helper/Cargo.toml": _PACKAGE.format("helper"),
        "helper/src/lib.rs": "pub fn answer() -> u32 { 42 }\n",
        "generated/Cargo.toml": _PACKAGE.format("generated"),
        "generated/build.rs": _SCRIPT.format(more=more, registered=registered),
        "generated/src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/says.rs"));\n',
    }


class PyWorld:
    """One telling of a story: a workspace at `ws`, the current environment `env`, cargo with or without the shim."""

    def __init__(self, folder: Path, how: str, tool, tools: PyTools, files: dict, lock: str = None):
        self.folder, self.how, self.tool, self.tools = Path(folder), how, tool, tools
        self.ws = Workspace(self.folder / "ws", tool, files)
        if lock:
            self.ws.write("Cargo.lock", lock)
        self.seen = Seen(self.folder / "seen", tool)
        self.env, self.variables, self.calls = None, {}, []

    def first(self, how: str = None):
        """The directory that is first on PATH."""
        how = how or self.how
        return None if how == PLAIN else self.seen.pinned() if how == PINNED else self.seen.shim()

    def wheel(self, name: str, version: str, files: dict, folder: str = "wheels") -> Path:
        return make_wheel(self.folder / folder, name, version, files)

    def uv(self, *args) -> None:
        env = self.seen.environment(None, UV_CACHE_DIR=self.folder / "uv-cache", **self.tools.variables(),
                                    LD_LIBRARY_PATH=self.variables.get("LD_LIBRARY_PATH"))
        done = subprocess.run([str(self.tools.program("uv")), *map(str, args)], env=env, text=True, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"uv {args[0]}: {done.stderr}")

    def venv(self, path: Path, *wheels: Path, python=None) -> Path:
        """A virtual environment at PATH, made by uv, with WHEELS installed."""
        self.uv("venv", "-q", "--no-project", "--python", python or base_python(), path)
        if wheels:
            self.uv("pip", "install", "-q", "--no-deps", "--reinstall", "--python", path / "bin/python", *wheels)
        return path

    def isolated(self, *wheels: Path, python=None) -> Path:
        """The environment before is gone; a new one with WHEELS, where uv makes them, is `env`."""
        if self.env:
            shutil.rmtree(self.env)
        name = "".join(random.choice(string.ascii_letters + string.digits) for _ in range(6))
        self.env = self.venv(self.folder / "uv-cache" / "builds-v0" / (".tmp" + name), *wheels, python=python)
        return self.env

    def environment(self, how: str = None, **extra) -> dict:
        """What cargo runs with; PYO3_PYTHON names the current environment."""
        variables = {"PYO3_PYTHON": self.env and self.env / "bin/python", **self.variables, **extra}
        return self.seen.environment(self.first(how), **variables)

    def start(self, *args, cwd=None, how: str = None, **extra) -> subprocess.Popen:
        """Starts `cargo ARGS`."""
        return subprocess.Popen(["cargo", *args], cwd=cwd or self.ws.root, env=self.environment(how, **extra), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def cargo(self, *args, check: bool = True, **more) -> CargoRun:
        """Runs `cargo ARGS`; `calls` holds the calls of the real cargo afterwards."""
        started = self.start(*args, **more)
        said, _ = started.communicate(timeout=600)
        cargo_said = self.seen.said()
        self.calls = self.seen.calls()
        run = self.seen.take()
        run.returncode, run.output = started.returncode, said
        if check and started.returncode != 0:
            raise AssertionError(f"cargo {' '.join(args)} exited {started.returncode}:\n{said}\n{cargo_said[-4000:]}")
        return run

    def build(self, *args, **more) -> CargoRun:
        return self.cargo("build", "--offline", *args, **more)

    def says(self, target=None) -> str:
        program = Path(target or self.ws.target) / "debug/app"
        return subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def site(self) -> Path:
        return purelib(self.env)

    def aliases(self) -> list:
        """The pyvenv.cfg files below the home of the shim."""
        return [path.parent for path in Path(os.environ.get("STEADY_HOME", self.seen.home)).rglob("pyvenv.cfg")]
