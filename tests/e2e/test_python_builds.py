"""Wheels of pyo3 projects through the real front ends, with the target directory kept: plain, and with the shim on PATH.

Plain, a second isolated build compiles pyo3 again, because its environment has another name; with the shim nothing.
The whole matrix (every pyo3, abi3 or not, both back ends, all front ends): python_matrix.py.
"""

from steadytest import main
from steadytest.pycase import PyCase
from steadytest.pyprojects import maturin_project, setuptools_project

ANSWER = {"answer()": "42"}


class Wheels(PyCase):
    def told(self, project, front_ends: tuple, again: set):
        """With the shim each of FRONT_ENDS builds twice, the second time nothing is compiled. Then without the shim: the
        second build compiles AGAIN."""
        front = self.front_ends(project)
        shim = front.seen.shim()
        run = front.run(front_ends[0], shim)
        self.assertIn("pyo3", run.compiled)
        for name in front_ends:
            self.builds(front, name, [], ANSWER, shim)
        self.builds(front, front_ends[0], None, ANSWER)
        self.builds(front, front_ends[0], again, ANSWER)

    def test_pyo3_0_22_abi3_maturin(self):
        again = {"answers", "pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"}
        self.told(maturin_project(self.tmp / "project", self.tool, "0.22", abi3=True),
                  ("uv build --wheel", "uv pip install", "build --wheel"), again)

    def test_pyo3_0_29_maturin(self):
        self.told(maturin_project(self.tmp / "project", self.tool, "0.29"),
                  ("build --wheel", "uv build --wheel", "pip with venv-isolation"), {"answers", "pyo3", "pyo3-ffi"})

    def test_pyo3_0_26_setuptools_rust(self):
        again = {"answers", "pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"}
        self.told(setuptools_project(self.tmp / "project", self.tool, "0.26"), ("uv build --wheel", "build --wheel"), again)

    def test_interpreter_config_of_maturin_lost(self):
        """With abi3 and pyo3 0.29 maturin names its config file in target/maturin, which caches of CI drop."""
        front = self.front_ends(maturin_project(self.tmp / "project", self.tool, "0.29", abi3=True))
        for with_shim, again in ((False, {"answers", "pyo3", "pyo3-ffi"}), (True, ())):
            shim = front.seen.shim() if with_shim else None
            self.builds(front, "uv build --wheel", None, ANSWER, shim)
            self.builds(front, "uv build --wheel", (), ANSWER, shim)
            for file in (front.target / "maturin").glob("pyo3-config-*"):
                file.unlink()
            self.builds(front, "uv build --wheel", again, ANSWER, shim)


class Sdists(PyCase):
    """The front ends' defaults: an sdist is made and unpacked somewhere, and the wheel is built from there."""

    def edit(self, front, old: int, new: int):
        front.project.edit("helper/src/lib.rs", str(old), str(new))

    def test_unchanged_and_edited(self):
        front = self.front_ends(maturin_project(self.tmp / "project", self.tool, "0.29"))
        shim, answer = front.seen.shim(), 42
        self.builds(front, "build", None, ANSWER, shim)
        # In place, too: the same units, seen from another root.
        for name in ("build", "uv build", "build --wheel", "build"):
            self.builds(front, name, (), {"answer()": str(answer)}, shim)
            self.edit(front, answer, answer + 1)
            answer += 1
            self.builds(front, name, {"answers", "helper"}, {"answer()": str(answer)}, shim)
            self.builds(front, name, (), {"answer()": str(answer)}, shim)
        self.edit(front, answer, 42)
        self.alone(front)

    def alone(self, front):
        """cargo alone compiles again what is unchanged, and loses what is edited: an sdist's files are old."""
        self.builds(front, "build", None, {})
        self.builds(front, "build", {"answers", "pyo3", "pyo3-ffi"}, {})
        self.edit(front, 42, 43)
        self.builds(front, "uv build", None, {"answer()": "43"})
        self.builds(front, "uv build", {"answers", "helper", "pyo3", "pyo3-ffi"}, {"answer()": "43"})
        self.edit(front, 43, 44)
        self.builds(front, "build", {"answers", "pyo3", "pyo3-ffi"}, {"answer()": "43"})
        # With the interpreter's path pinned and nothing else even the extension module itself is not compiled.
        pinned = front.seen.pinned()
        self.builds(front, "build", None, {}, pinned)
        self.builds(front, "build", (), {"answer()": "43"}, pinned)
        self.builds(front, "uv build", {"answers", "helper"}, {"answer()": "44"}, pinned)


if __name__ == "__main__":
    main()
