"""Debian packages unpacked into a folder, without installing anything and without being root."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

#: Never unpacked: the compiler and the C library come from the system.
_FROM_SYSTEM = re.compile(r"^(libc6|libc-dev|libc6-dev|libgcc-s1|libgcc-.*|gcc.*|binutils.*)$")


class Unavailable(Exception):
    """A package, or a tool that unpacks it, cannot be had here. The text says what and why."""


def _run(*argv: str, cwd=None) -> str:
    done = subprocess.run(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900,
                          env=dict(os.environ, LC_ALL="C"))
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(argv)}: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
    return done.stdout


def candidate(package: str) -> str:
    """The version that apt would install; Unavailable if there is none."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unavailable("no apt-get or dpkg-deb here")
    found = re.search(r"^  Candidate: (\S+)$", _run("apt-cache", "policy", package), re.M)
    if not found or found.group(1) == "(none)":
        raise Unavailable(f"this system's package lists have no {package}")
    return found.group(1)


def versions(package: str) -> list:
    """All versions that apt knows of, newest first."""
    candidate(package)
    return [row.split("|")[1].strip() for row in _run("apt-cache", "madison", package).splitlines() if "|" in row]


def _depends(package: str) -> list:
    one = [] if "=" in package else ["--no-all-versions"]
    text = re.search(r"^Depends: (.*)$", _run("apt-cache", "show", *one, package), re.M)
    names = []
    for item in (text.group(1) if text else "").split(","):
        alternative = item.split("|")[0].strip()
        exact = re.match(r"^(\S+) \(= (\S+)\)$", alternative)
        names.append(f"{exact.group(1)}={exact.group(2)}" if exact else alternative.split(" ")[0])
    return [name for name in names if name]


def _missing_libraries(root: Path) -> list:
    """Names of shared libraries that the programs and libraries under ROOT want and nobody has."""
    env = dict(os.environ, LC_ALL="C", LD_LIBRARY_PATH=library_path(root))
    missing = set()
    for file in list(root.glob("usr/bin/*")) + list(root.glob("**/lib/*/lib*.so*")):
        if file.is_file() and not file.is_symlink():
            out = subprocess.run(["ldd", str(file)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
            missing.update(re.findall(r"^\s*(\S+) => not found$", out.stdout, re.M))
    return sorted(missing)


def library_path(root: Path) -> str:
    """The value of LD_LIBRARY_PATH with which programs under ROOT find their libraries."""
    folders = [*sorted(root.glob("usr/lib/*-linux-*")), *sorted(root.glob("lib/*-linux-*"))]
    return ":".join(str(path) for path in folders if path.is_dir())


def _unpack(package: str, root: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _run("apt-get", "-o", "APT::Sandbox::User=", "download", package, cwd=folder)
        for deb in Path(folder).glob("*.deb"):
            _run("dpkg-deb", "-x", str(deb), str(root))


def unpack_closure(packages: list, root: Path, wanted) -> None:
    """Unpacks PACKAGES (each NAME or NAME=VERSION), and what they depend on as far as it is needed.

    `wanted(name)` tells which dependencies are part of the thing itself; any other library package is taken only
    while a shared library is still missing.
    """
    queue, seen, later = list(packages), set(), []
    while queue:
        package = queue.pop(0)
        if package in seen:
            continue
        seen.add(package)
        _unpack(package, root)
        for name in _depends(package):
            (queue if wanted(name.split("=")[0]) else later).append(name)
        if not queue and _missing_libraries(root):
            queue = [name for name in later
                     if name not in seen and name.startswith("lib") and not _FROM_SYSTEM.match(name.split("=")[0])]
            later = []
    missing = _missing_libraries(root)
    if missing:
        raise Unavailable(f"{packages[0]} unpacked, but {', '.join(missing)} cannot be found")
