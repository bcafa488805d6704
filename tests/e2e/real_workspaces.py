"""save and restore on real workspaces: the sources of extension modules, as their authors publish them.

    tests/e2e/run real_workspaces [NAME...]

Not part of the tests: it downloads, and compiles for minutes. For each: build and save; throw the checkout away, clone,
bring the target directory back, restore: nothing may be compiled. Then one file is changed, keeping an old time: exactly
its crate and those above it are compiled. Exits with 1 if any of this fails.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from steadytest import best_cargo, clean_env, steady
from steadytest.cache import cache_dir, locked
from steadytest.histories import git
from steadytest.run import run_cargo


@dataclass
class Project:
    """An sdist, what to build in it, a file to change, and the packages that hang on that file."""

    version: str
    build: tuple
    edit: str
    above: tuple
    place: str = ""


PROJECTS = {
    "jiter": Project("0.19.0", ("--workspace",), "crates/jiter/src/lib.rs", ("jiter", "jiter-python")),
    "rpds-py": Project("2026.9.1", (), "src/lib.rs", ("rpds-py",)),
}


def sdist(name: str, version: str) -> Path:
    folder = cache_dir() / "sdists"
    with locked("sdists"):
        file = folder / f"{name.replace('-', '_')}-{version}.tar.gz"
        if not file.exists():
            subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-binary", name, "--no-deps",
                            "--dest", str(folder), f"{name}=={version}"], check=True)
    return file


class Run:
    """One project in a folder of its own: `origin` is its repository, `ws` the checkout that comes and goes."""

    def __init__(self, name: str, folder: Path):
        self.project, self.tool = PROJECTS[name], best_cargo()
        self.folder, self.origin, self.root = folder, folder / "origin", folder / "ws"
        with tarfile.open(sdist(name, self.project.version)) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        (unpacked,) = (folder / "unpacked").iterdir()
        os.rename(unpacked, self.origin)
        git(self.origin, "init", "-q", "-b", "main")
        with open(self.origin / ".git/info/exclude", "a") as out:
            out.write("target\n")
        git(self.origin, "add", "-A", "-f")
        git(self.origin, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", self.project.version)
        self.clone()
        self.cargo("fetch")

    def clone(self):
        shutil.rmtree(self.root, ignore_errors=True)
        git(self.folder, "clone", "-q", "--depth", "1", f"file://{self.origin}", str(self.root))

    def environment(self) -> dict:
        return clean_env(PYO3_PYTHON=os.path.realpath(sys.executable), CARGO_PROFILE_DEV_DEBUG="0", CARGO_INCREMENTAL="0")

    def cargo(self, *args):
        return run_cargo(self.tool, args, self.root / self.project.place, self.environment())

    def timed(self, what, *args) -> tuple:
        before = time.monotonic()
        result = what(*args)
        return result, time.monotonic() - before

    def build(self) -> tuple:
        """(packages compiled, packages fresh, seconds)"""
        run, seconds = self.timed(self.cargo, "build", "--offline", *self.project.build)
        return sorted(set(run.compiled)), sorted(set(run.fresh)), seconds

    def steady(self, command: str) -> tuple:
        def call():
            return steady(command, "--format", "json", cwd=self.root / self.project.place, env=self.environment())

        run, seconds = self.timed(call)
        return run.json["summary"], seconds

    def travel(self):
        tar = self.folder / "cache.tar"
        target = Path(self.project.place) / "target"
        subprocess.run(["tar", "--posix", "-C", str(self.root), "-cf", str(tar), str(target)], check=True)
        self.clone()
        subprocess.run(["tar", "-C", str(self.root), "-xf", str(tar)], check=True)

    def alone(self) -> tuple:
        """What cargo alone compiles in the clone; the target directory is as unpacked again afterwards."""
        result = self.build()
        self.clone()
        subprocess.run(["tar", "-C", str(self.root), "-xf", str(self.folder / "cache.tar")], check=True)
        return result

    def story(self) -> bool:
        self.steady("restore")
        cold, _, cold_time = self.build()
        summary, save_time = self.steady("save")
        print(f"  cold build: {len(cold)} crates, {cold_time:.1f} s; save: {summary['recorded']} of {summary['units']} units "
              f"recorded, {save_time:.3f} s, {summary['bytes']} bytes")
        self.travel()
        alone, _, alone_time = self.alone()
        print(f"  clone, cargo alone: {len(alone)} crates, {alone_time:.1f} s")
        summary, restore_time = self.steady("restore")
        warm, fresh, warm_time = self.build()
        print(f"  clone, restore: {len(warm)} of {len(warm) + len(fresh)} crates, {warm_time:.2f} s; restore itself "
              f"{restore_time:.3f} s = {restore_time / warm_time:.2f} of that build ({summary['fresh']} of {summary['units']} "
              f"units fresh, {summary['files_hashed']} files hashed)")
        path = self.root / self.project.edit
        path.write_text(path.read_text() + "\n// changed\n")
        os.utime(path, (1136073600, 1136073600))
        self.steady("restore")
        edited, _, edited_time = self.build()
        print(f"  {self.project.edit} changed: {', '.join(edited) or 'nothing'} compiled, {edited_time:.1f} s")
        return warm == [] and edited == sorted(self.project.above)


def main(names: list) -> int:
    failed = []
    for name in names or PROJECTS:
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="steady-real-")))
        print(f"{name} {PROJECTS[name].version}", flush=True)
        try:
            if not Run(name, folder).story():
                failed.append(name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"failed: {', '.join(failed)}" if failed else "all as it should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
