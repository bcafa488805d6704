"""Python virtual environments as PEP 517 front ends make them."""

import random
import string
import subprocess
import sys
from pathlib import Path

from .run import clean_env


def make_env(path, python=None) -> Path:
    """Makes a virtual environment without pip at PATH (parents too) and returns PATH. `PATH/bin/python` runs."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    python = python or getattr(sys, "_base_executable", None) or sys.executable
    subprocess.run([str(python), "-m", "venv", "--without-pip", str(path)], check=True, env=clean_env(),
                   stdout=subprocess.DEVNULL, timeout=120)
    return path


def ephemeral_env(parent) -> Path:
    """A virtual environment where uv would make one: PARENT/builds-v0/.tmpXXXXXX."""
    name = "".join(random.choice(string.ascii_letters + string.digits) for _ in range(6))
    return make_env(Path(parent) / "builds-v0" / (".tmp" + name))


def purelib(env) -> Path:
    """The site-packages directory of an environment made with make_env()."""
    asked = [str(Path(env) / "bin" / "python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True, env=clean_env()).stdout.strip())
