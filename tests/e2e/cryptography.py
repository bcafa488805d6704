"""pyca/cryptography's sdists built twice through uv with the target directory kept: unpacked, and from the archive.

    tests/e2e/run cryptography [VERSION/FORM...]        46.0.7/unpacked 50.0.2/archive

Wants OpenSSL's headers (libssl-dev). With cargo alone and with the shim, each from nothing: crates and seconds of the first
and of the second build. Exits with 1 if the second build with the shim compiles anything.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from real_workspaces import sdist
from steadytest import best_cargo, clean_env
from steadytest.pytools import PyTools, py_tools
from steadytest.seen import Seen

STORIES = ("46.0.7/unpacked", "50.0.2/archive")
#: As the sdists want them; fetched beside the tools' wheels.
REQUIRED = ("maturin>=1.9.4,<2,!=1.12.0", "cffi>=2.0.0", "setuptools!=74.0.0,!=74.1.0,!=74.1.1,!=74.1.2,!=82.0.0")


class Story:
    def __init__(self, name: str, folder: Path, tools: PyTools):
        version, form = name.split("/")
        self.folder, self.tools, self.tool = folder, tools, best_cargo()
        self.source = sdist("cryptography", version)
        if form == "unpacked":
            with tarfile.open(self.source) as archive:
                archive.extractall(folder / "unpacked", filter="data")
            (self.source,) = (folder / "unpacked").iterdir()

    def build(self, seen: Seen, target: Path, first) -> tuple:
        """One `uv build --wheel`: (crates compiled, seconds)."""
        out = self.folder / "dist"
        shutil.rmtree(out, ignore_errors=True)
        env = seen.environment(first, CARGO_TARGET_DIR=target, UV_CACHE_DIR=self.folder / "uv-cache", OPENSSL_NO_VENDOR="1",
                               **self.tools.variables())
        before = time.monotonic()
        done = subprocess.run([str(self.tools.program("uv")), "build", "--wheel", "-o", str(out), "--python",
                               str(self.tools.python), str(self.source)], env=env, cwd=self.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        seconds = time.monotonic() - before
        if done.returncode != 0:
            raise AssertionError(f"uv build: {done.stdout[-3000:]}\n{seen.said()[-3000:]}")
        self.works(*out.glob("*.whl"))
        return sorted(set(seen.take().compiled)), seconds

    def works(self, wheel: Path) -> None:
        """The wheel's module says which OpenSSL it was built with."""
        site = self.folder / "installed"
        shutil.rmtree(site, ignore_errors=True)
        env = clean_env(UV_CACHE_DIR=self.folder / "uv-cache", **self.tools.variables())
        subprocess.run([str(self.tools.program("uv")), "pip", "install", "-q", "--python", str(self.tools.python), "--target",
                        str(site), str(wheel)], env=env, check=True)
        asked = "from cryptography.hazmat.bindings._rust import openssl; print(openssl.openssl_version_text())"
        said = subprocess.run([str(self.tools.python), "-c", asked], env=clean_env(PYTHONPATH=site), text=True,
                              stdout=subprocess.PIPE, cwd="/")
        if not said.stdout.startswith("OpenSSL"):
            raise AssertionError(f"{wheel.name} does not work: {said.stdout}")

    def tell(self) -> bool:
        good = True
        for how in ("cargo alone", "with the shim"):
            seen = Seen(self.folder / how, self.tool)
            first, target = (seen.shim() if how == "with the shim" else None), self.folder / how / "target"
            cold, cold_seconds = self.build(seen, target, first)
            warm, warm_seconds = self.build(seen, target, first)
            print(f"  {how}: {len(cold)} crates in {cold_seconds:.1f} s, then {len(warm)} in {warm_seconds:.1f} s"
                  f"{': ' if warm else ''}{', '.join(warm)}", flush=True)
            good = good and (how == "cargo alone" or not warm)
        return good


def main(names: list) -> int:
    tools, failed = py_tools(), []
    subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--dest", str(tools.wheels), "--only-binary", ":all:",
                    *REQUIRED], env=clean_env(), check=True)
    for name in names or STORIES:
        print(f"cryptography {name}", flush=True)
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="steady-cryptography-")))
        try:
            if not Story(name, folder, tools).tell():
                failed.append(name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"failed: {', '.join(failed)}" if failed else "all as it should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
