"""Python's packaging tools, fetched once: uv, build, pip, maturin, setuptools-rust, nox, and what they install.

They lie in the tests' cache (cache.py) as a folder of wheels and a virtual environment with all of them. Builds in a test
take what they require from that folder and use no network.
"""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .cache import cache_dir, locked
from .debs import Unavailable, library_path, unpack_closure
from .run import clean_env

#: One row is one `pip download`: what cannot be had together is fetched apart.
_PINS = (
    ("uv==0.13.9", "build==1.6.1", "pip==26.3", "maturin==1.16.0", "setuptools-rust==1.13.0", "setuptools", "wheel", "nox",
     "cffi==2.1.1"),
    ("cffi==1.17.1",),
)
_INSTALLED = ("uv", "build", "pip", "maturin", "setuptools-rust", "setuptools", "wheel", "nox")


@dataclass(frozen=True)
class PyTools:
    """`wheels`: the folder of wheels. `venv`: an environment with the tools, at a path that does not change."""

    wheels: Path
    venv: Path

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    def program(self, name: str) -> Path:
        return self.venv / "bin" / name

    def variables(self, *more: Path) -> dict:
        """What makes pip and uv install from our wheels and the folders MORE, and from nowhere else."""
        folders = [str(folder) for folder in (*more, self.wheels)]
        return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": " ".join(folders), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "UV_FIND_LINKS": ",".join(folders),
                "UV_OFFLINE": "1", "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}


def base_python() -> str:
    """The interpreter under the tests' own one: no virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def other_pythons() -> list:
    """Working CPythons of other minor versions than the tests' own one: (version, real path), newest first."""
    found = {}
    folders = os.environ.get("PATH", "").split(os.pathsep) + [str(p) for p in Path.home().glob(".pyenv/versions/*/bin")]
    for minor in range(9, 16):
        for folder in folders if minor != sys.version_info[1] else ():
            program = Path(folder) / f"python3.{minor}"
            answer = _version(program) if program.exists() else None
            if answer and (3, minor) not in found:
                found[(3, minor)] = answer
    return sorted(((version, path) for version, path in found.items()), reverse=True)


def _version(program: Path):
    asked = [str(program), "-I", "-c", "import sys; print(sys.implementation.name, sys._base_executable)"]
    done = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=clean_env())
    name, _, path = done.stdout.strip().partition(" ")
    return os.path.realpath(path) if done.returncode == 0 and name == "cpython" else None


def _pip(*args) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *map(str, args)],
                          env=clean_env(), text=True, capture_output=True)
    if done.returncode != 0:
        raise Unavailable(f"pip {args[0]}: {done.stderr.strip()[-500:]}")


def py_tools() -> PyTools:
    """The tools, fetched if need be. Raises Unavailable where they cannot be had."""
    mark = hashlib.sha256(repr((_PINS, _INSTALLED, base_python())).encode()).hexdigest()
    home = cache_dir() / f"pytools-{sys.version_info[0]}.{sys.version_info[1]}"
    tools = PyTools(home / "wheels", home / "venv")
    with locked("pytools"):
        complete = home / "complete"
        if complete.exists() and complete.read_text() == mark:
            return tools
        for row in _PINS:
            _pip("download", "--dest", tools.wheels, "--only-binary", ":all:", *row)
        subprocess.run([base_python(), "-m", "venv", "--clear", "--without-pip", str(tools.venv)], check=True, env=clean_env())
        _pip("--python", tools.python, "install", "--no-index", "--find-links", tools.wheels, *_INSTALLED)
        complete.write_text(mark)
    return tools


def pypy() -> tuple:
    """Debian's PyPy, unpacked, not installed: (its program, the LD_LIBRARY_PATH it needs)."""
    home = cache_dir() / "pypy3"
    with locked("pypy3"):
        if not (home / "complete").exists():
            unpack_closure(["pypy3", "pypy3-lib"], home, lambda name: name.startswith("pypy3"))
            (home / "complete").write_text("")
    return home / "usr/bin/pypy3", library_path(home)


def _record_line(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def make_wheel(folder, name: str, version: str, files: dict) -> Path:
    """Writes a wheel with FILES (path -> text or bytes) into FOLDER."""
    info = f"{name}-{version}.dist-info"
    content = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: steadytest\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = [_record_line(path, data) for path, data in content.items()] + [f"{info}/RECORD,,\n"]
    content[f"{info}/RECORD"] = "".join(lines).encode()
    Path(folder).mkdir(parents=True, exist_ok=True)
    wheel = Path(folder) / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return wheel
