"""Finding real cargos of several ages.

    path        the cargo on PATH (behind rustup's proxy: the toolchain's own program)
    debian      Debian's or Ubuntu's package cargo, unpacked (1.65 in Debian 12, 1.85 in Debian 13)
    debian-web  Debian's package cargo-web, the cargo its browsers are built with (1.96), unpacked
    debian-web-old  an older cargo-web that the package lists still have (1.85), unpacked
    newlayout   path or debian-web with -Zbuild-dir-new-layout

Nothing is installed and rustup is left alone: packages are unpacked below the cache folder.
`python3 -m steadytest` lists them.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from .cache import cache_dir, locked
from .debs import Unavailable, candidate, library_path, unpack_closure, versions

NAMES = ("path", "debian", "debian-web", "debian-web-old", "newlayout")


@dataclass(frozen=True)
class Cargo:
    """One cargo with its rustc. `bin` holds both and goes first on PATH."""

    name: str
    bin: Path
    version: tuple
    std: tuple
    options: tuple = ()
    env: dict = field(default_factory=dict, hash=False)

    @property
    def program(self) -> Path:
        return self.bin / "cargo"

    @property
    def triple(self) -> str:
        return re.search(r"^host: (\S+)$", _ask(self.bin / "rustc", "-vV"), re.M).group(1)

    def __str__(self) -> str:
        return f"{self.name} ({'.'.join(map(str, self.version))})"


def _ask(program, *args) -> str:
    env = {k: v for k, v in os.environ.items() if k not in ("RUSTC_BOOTSTRAP", "RUSTC", "CARGO")}
    return subprocess.run([str(program), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                          env=env, cwd="/").stdout


def _version(text: str) -> tuple:
    found = re.search(r"\b(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups()))


def _cargo_in(name: str, folder: Path) -> Cargo:
    return Cargo(name, folder, _version(_ask(folder / "cargo", "-V")), _version(_ask(folder / "rustc", "-V")))


def _on_path() -> Cargo:
    if not shutil.which("cargo") or not shutil.which("rustc"):
        raise Unavailable("no cargo and rustc on PATH")
    sysroot = Path(_ask("rustc", "--print", "sysroot").strip()) / "bin"
    if (sysroot / "cargo").exists() and (sysroot / "rustc").exists():
        return _cargo_in("path", sysroot)
    return _cargo_in("path", Path(shutil.which("cargo")).parent)


_WRAPPER = """#!/bin/sh
# Runs an unpacked program with the libraries unpacked beside it.
PATH={bin}${{PATH:+:$PATH}}
LD_LIBRARY_PATH={libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}
export PATH LD_LIBRARY_PATH
exec {program} "$@"
"""


def _wrap(root: Path) -> Path:
    folder = root / "bin"
    folder.mkdir()
    for name in ("cargo", "rustc", "rustdoc"):
        script = folder / name
        script.write_text(_WRAPPER.format(bin=shlex.quote(str(folder)), libraries=shlex.quote(library_path(root)),
                                          program=shlex.quote(str(root / "usr/bin" / name))))
        script.chmod(0o755)
    return folder


def _unpacked(name: str, suffix: str, version: str) -> Cargo:
    """The cargo of package cargo{suffix} in VERSION, from the cache or fetched into it."""
    root = cache_dir() / "cargos" / f"{name}-{version.replace(':', '_')}"
    with locked("cargos-" + name):
        if not (root / "bin" / "cargo").exists():
            partial = root.with_name(root.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(root, ignore_errors=True)
            partial.mkdir(parents=True)
            print(f"steadytest: fetching Debian's cargo{suffix} {version}", file=sys.stderr, flush=True)
            rustc = f"rustc{suffix}" + (f"={version}" if suffix else "")
            unpack_closure([f"cargo{suffix}={version}", rustc], partial, lambda dep: dep.startswith("libstd-rust"))
            partial.rename(root)
            _wrap(root)
    return _cargo_in(name, root / "bin")


def _debian_web_old() -> Cargo:
    newest = candidate("cargo-web")
    older = [version for version in versions("cargo-web") if version.split("+")[0] != newest.split("+")[0]]
    if not older:
        raise Unavailable("this system's package lists have one version of cargo-web only")
    return _unpacked("debian-web-old", "-web", older[-1])


def _new_layout() -> Cargo:
    for name in ("path", "debian-web"):
        try:
            cargo = find_cargo(name)
        except Unavailable:
            continue
        if cargo.version >= (1, 95, 0):
            return replace(cargo, name="newlayout", options=("-Zbuild-dir-new-layout",), env={"RUSTC_BOOTSTRAP": "1"})
    raise Unavailable("-Zbuild-dir-new-layout needs cargo 1.95")


_FINDERS = {
    "path": _on_path,
    "debian": lambda: _unpacked("debian", "", candidate("cargo")),
    "debian-web": lambda: _unpacked("debian-web", "-web", candidate("cargo-web")),
    "debian-web-old": _debian_web_old,
    "newlayout": _new_layout,
}
_found = {}


def find_cargo(name: str) -> Cargo:
    """The cargo of that name. Unavailable, with the reason, where there is none."""
    if name not in _found:
        try:
            _found[name] = _FINDERS[name]()
        except (Unavailable, OSError, subprocess.SubprocessError) as error:
            _found[name] = Unavailable(f"cargo '{name}' is not available: {error}")
    if isinstance(_found[name], Unavailable):
        raise _found[name]
    return _found[name]


def same_as(name: str):
    """The name of the cargo that is listed before NAME and is the same one in version and options; None if there is none."""
    cargo = find_cargo(name)
    for other in NAMES[:NAMES.index(name)]:
        try:
            found = find_cargo(other)
        except Unavailable:
            continue
        if (found.version, found.std, found.options) == (cargo.version, cargo.std, cargo.options):
            return other
    return None


def all_cargos() -> list:
    """Every cargo that is available; of two that are the same the first."""
    cargos = []
    for name in NAMES:
        try:
            if not same_as(name):
                cargos.append(find_cargo(name))
        except Unavailable:
            continue
    return cargos


def best_cargo() -> Cargo:
    """The newest cargo there is; the one on PATH, without fetching another, if it reads sparse registries (1.74)."""
    try:
        cargo = find_cargo("path")
        if cargo.version >= (1, 74, 0):
            return cargo
    except Unavailable:
        pass
    found = []
    for name in ("path", "debian-web", "debian"):
        try:
            found.append(find_cargo(name))
        except Unavailable:
            pass
    if not found:
        raise Unavailable("no cargo on PATH, and none can be fetched")
    return max(found, key=lambda cargo: cargo.version)
