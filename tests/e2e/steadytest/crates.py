"""Crates as files, for cargos that cannot read a sparse registry (before 1.68)."""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

from .cache import cache_dir, locked
from .debs import Unavailable


def _cargo_home() -> Path:
    return Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")


def _index_folder(name: str) -> str:
    if len(name) <= 3:
        return f"{len(name)}/{name[0]}" if len(name) == 3 else str(len(name))
    return f"{name[:2]}/{name[2:4]}"


def _index_entry(name: str, version: str) -> str:
    """The registry's line about one version, from the index cache that a newer cargo keeps in CARGO_HOME."""
    for file in _cargo_home().glob(f"registry/index/*/.cache/{_index_folder(name)}/{name}"):
        for piece in file.read_bytes().split(b"\0"):
            if piece.startswith(b"{") and json.loads(piece)["vers"] == version:
                return piece.decode()
    raise Unavailable(f"no index entry of {name} {version}")


def _locked_packages(lock: str) -> list:
    found = re.findall(r'^name = "([^"]+)"\nversion = "([^"]+)"\nsource = "registry\+', lock, re.M)
    return sorted(found)


def _fetch(workspace: Path) -> None:
    from .cargos import best_cargo  # that module knows nothing of crates

    cargo = best_cargo()
    if cargo.version < (1, 74, 0):
        raise Unavailable(f"no cargo that can fetch crates; the newest here is {cargo}")
    env = dict(os.environ, PATH=f"{cargo.bin}{os.pathsep}{os.environ['PATH']}")
    subprocess.run([str(cargo.program), "fetch", "--locked"], cwd=workspace, env=env, check=True, timeout=600,
                   stdout=subprocess.DEVNULL)


def local_registry(workspace: Path) -> Path:
    """A folder usable as `local-registry` source with every crate that WORKSPACE/Cargo.lock names."""
    packages = _locked_packages((workspace / "Cargo.lock").read_text())
    digest = hashlib.sha256(json.dumps(packages).encode()).hexdigest()[:16]
    folder = cache_dir() / "registries" / digest
    with locked("registry-" + digest):
        if (folder / "complete").exists():
            return folder
        config = workspace / ".cargo" / "config.toml"
        config.unlink(missing_ok=True)
        _fetch(workspace)
        for name, version in packages:
            crate = next(_cargo_home().glob(f"registry/cache/*/{name}-{version}.crate"), None)
            if crate is None:
                raise Unavailable(f"{name} {version} was not fetched")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / crate.name).write_bytes(crate.read_bytes())
            index = folder / "index" / _index_folder(name) / name
            index.parent.mkdir(parents=True, exist_ok=True)
            with open(index, "a") as out:
                out.write(_index_entry(name, version) + "\n")
        (folder / "complete").write_text("")
    return folder
