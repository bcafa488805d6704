"""Every front end, back end and pyo3, abi3 or not: how many crates a second build compiles, with cargo alone and with the shim.

    tests/e2e/run python_matrix [--shim] [WORD...]

Only rows whose name holds all WORDs; --shim leaves out cargo alone. Some minutes each. Exits with 1 if the shim leaves anything to compile, or a wheel does
not answer what its sources say.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from steadytest import best_cargo
from steadytest.frontends import FrontEnds
from steadytest.pyprojects import maturin_project, setuptools_project
from steadytest.pytools import py_tools
from steadytest.seen import Seen

MATURIN_ONLY = ("maturin build", "maturin develop")
THROUGH_SDIST = ("uv build", "build")


def rows() -> dict:
    """Name -> what makes the project."""
    makers = {"maturin": maturin_project, "setuptools-rust": setuptools_project}
    return {f"pyo3 {version} {'abi3' if abi3 else 'no abi3'} {backend}": (makers[backend], version, abi3)
            for version in ("0.22", "0.26", "0.29") for abi3 in (True, False) for backend in makers}


class Row:
    def __init__(self, name: str, folder: Path):
        maker, version, abi3 = rows()[name]
        tool = best_cargo()
        self.project = maker(folder / "project", tool, version, abi3)
        self.project.cargo("fetch")
        self.front = FrontEnds(py_tools(), Seen(folder / "seen", tool), self.project, folder / "builds")
        self.backend = name.rsplit(" ", 1)[1]
        self.answer = 42

    def names(self) -> list:
        """setuptools-rust has no sdist without a list of files, and maturin's commands are maturin's."""
        left_out = () if self.backend == "maturin" else (*MATURIN_ONLY, *THROUGH_SDIST)
        return [name for name in self.front.commands() if name not in left_out]

    def build(self, name: str, first) -> list:
        run = self.front.run(name, first)
        said = self.front.says(name)
        if said != str(self.answer):
            raise AssertionError(f"{name}: the wheel says {said}, the sources say {self.answer}")
        return sorted(set(run.compiled))

    def second(self, name: str, first) -> list:
        self.build(name, first)
        return self.build(name, first)

    def edited(self, name: str, first) -> list:
        """An edited crate is in the wheel, and only what is above it is compiled."""
        self.project.edit("helper/src/lib.rs", str(self.answer), str(self.answer + 1))
        self.answer += 1
        return self.build(name, first)

    def tell(self, alone_too: bool) -> list:
        """Lines about what is wrong. The stories with the shim come first: they start cold."""
        wrong, shim = [], self.front.seen.shim()
        for name in self.names():
            again, edited = self.second(name, shim), self.edited(name, shim)
            print(f"    {name:24} with the shim {len(again)}, edited {len(edited)}", flush=True)
            if again or edited != ["answers", "helper"]:
                wrong.append(f"{name}: again {again}, edited {edited}")
        shutil.rmtree(self.front.target)
        for name in self.names() if alone_too else ():
            try:
                alone = str(len(self.second(name, None)))
            except AssertionError as error:  # stale
                alone = str(error)
            print(f"    {name:24} cargo alone {alone}", flush=True)
        return wrong


def main(words: list) -> int:
    failed, alone_too = [], "--shim" not in words
    words = [word for word in words if word != "--shim"]
    for name in rows():
        if not all(word in name for word in words):
            continue
        print(name, flush=True)
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="steady-matrix-")))
        try:
            failed += [f"{name}: {line}" for line in Row(name, folder).tell(alone_too)]
        except AssertionError as error:
            failed.append(f"{name}: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(failed) if failed else "all as it should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
