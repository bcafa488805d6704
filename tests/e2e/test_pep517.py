"""`python -m build` twice with maturin and pyo3 (abi3), the target directory kept and the code edited in between.

The front end makes an sdist, unpacks it somewhere else, and builds the wheel from there. maturin dates every file of an
sdist 2006, so for cargo nothing in the second copy is newer than the first build.

With cargo alone the second wheel holds the first code. With a `cargo` on PATH that runs restore before and save after
cargo's builds it holds the second one, and unchanged code is not compiled again.
"""

import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from steadytest import E2ECase, clean_env, main, pyo3_workspace
from steadytest.cache import cache_dir, locked
from steadytest.run import CargoRun, steady_program

PINS = ("build==1.6.1", "maturin==1.16.0")

_PYPROJECT = """[build-system]
requires = ["maturin>=1.9,<2"]
build-backend = "maturin"

[project]
name = "answers"
version = "0.1.0"
requires-python = ">=3.9"
"""

#: Stands for cargo on PATH: what a shim does, in a few lines of shell. `cargo metadata` and the like are passed through.
_WRAPPER = """#!/bin/sh
PATH={bin}:$PATH
manifest=
previous=
for word; do
    if [ "$previous" = --manifest-path ]; then manifest=$word; fi
    previous=$word
done
if [ "$1" != rustc ] || [ -z "$manifest" ]; then exec {cargo} "$@"; fi
echo "$manifest" >> {log}.trees
{before}
{cargo} "$@" -v 2>> {log}
code=$?
{after}
exit $code
"""


class Pep517(E2ECase):
    def setUp(self):
        super().setUp()
        if sys.version_info < (3, 9) or sys.implementation.name != "cpython":
            self.skipTest("an abi3 wheel wants CPython")
        self.tool = self.cargo("path")
        self.ws = pyo3_workspace(self.tmp / "project", self.tool, "0.29", abi3=True)
        self.ws.write("pyproject.toml", _PYPROJECT)
        self.target, self.log = self.tmp / "target", self.tmp / "cargo.log"
        self.environment = self.front_end()

    def front_end(self) -> Path:
        """A virtual environment with `build`; the wheels are downloaded once and kept in the tests' cache."""
        wheels = cache_dir() / "wheels-pep517"
        with locked("wheels-pep517"):
            if not (wheels / "complete").exists():
                self.pip("download", "--dest", str(wheels), "--only-binary", ":all:", *PINS)
                (wheels / "complete").write_text("")
        self.wheels = wheels
        venv = self.tmp / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, env=clean_env())
        self.pip("install", "--ignore-installed", "--prefix", str(venv), "--no-index", "--find-links", str(wheels), "build")
        return venv

    def pip(self, *args):
        done = subprocess.run([sys.executable, "-m", "pip", "-q", *args], env=clean_env(), text=True, capture_output=True)
        if done.returncode != 0:
            self.missing(f"pip {args[0]}: {done.stderr.strip()[-500:]}")

    def wrapper(self, with_steady: bool) -> Path:
        """A directory with a `cargo` that writes down what cargo compiles, and with WITH_STEADY restores and saves."""
        folder = self.tmp / ("bin-steady" if with_steady else "bin-stock")
        folder.mkdir(exist_ok=True)
        step = f'{shlex.quote(str(steady_program()))} {{}} -q --manifest-path "$manifest" >&2 || exit 1'
        script = folder / "cargo"
        script.write_text(_WRAPPER.format(
            bin=shlex.quote(str(self.tool.bin)), cargo=shlex.quote(str(self.tool.program)), log=shlex.quote(str(self.log)),
            before=step.format("restore") if with_steady else "", after=step.format("save") if with_steady else ""))
        script.chmod(0o755)
        return folder

    def build(self, with_steady: bool) -> tuple:
        """python -m build: (the crates that cargo compiled, what the wheel's module answers)."""
        self.log.unlink(missing_ok=True)
        out = self.tmp / "dist"
        shutil.rmtree(out, ignore_errors=True)
        env = clean_env(CARGO_TARGET_DIR=self.target, CARGO_INCREMENTAL="0", CARGO_PROFILE_RELEASE_OPT_LEVEL="0",
                        PIP_NO_INDEX="1", PIP_FIND_LINKS=self.wheels, PIP_DISABLE_PIP_VERSION_CHECK="1")
        env["PATH"] = f"{self.wrapper(with_steady)}{os.pathsep}{env['PATH']}"
        done = subprocess.run([str(self.environment / "bin/python"), "-m", "build", "--outdir", str(out), str(self.ws.root)],
                              env=env, text=True, capture_output=True, timeout=900)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        run = CargoRun.parse([], 0, "", self.log.read_text())
        self.assertTrue(run.fresh or run.compiled, "cargo was not seen")
        return sorted(set(run.compiled)), self.answer(out)

    def answer(self, out: Path) -> int:
        (wheel,) = out.glob("*.whl")
        self.assertIn("abi3", wheel.name)
        unpacked = self.tmp / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
        done = subprocess.run([sys.executable, "-c", "import answers; print(answers.answer())"], cwd=unpacked, text=True,
                              env=clean_env(PYTHONPATH=unpacked), capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stdout)

    def trees(self) -> list:
        return Path(f"{self.log}.trees").read_text().splitlines()

    def test_stock_tools_give_the_old_answer(self):
        compiled, answer = self.build(False)
        self.assertIn("helper", compiled)
        self.assertEqual(answer, 42)
        self.ws.edit("helper/src/lib.rs", "42", "54")
        compiled, answer = self.build(False)
        self.assertEqual((compiled, answer), ([], 42), "cargo alone is right here: this test's reason is gone")
        self.assertEqual(len(set(self.trees())), 2, "each wheel is built in a tree of its own")

    def test_restore_gives_the_new_one(self):
        compiled, answer = self.build(True)
        self.assertIn("pyo3", compiled)
        self.assertEqual(answer, 42)
        self.assertEqual(self.build(True), ([], 42), "unchanged code is not compiled again")
        self.ws.edit("helper/src/lib.rs", "42", "54")
        self.assertEqual(self.build(True), (["answers", "helper"], 54))
        self.assertEqual(len(set(self.trees())), 3, "each wheel is built in a tree of its own")


if __name__ == "__main__":
    main()
