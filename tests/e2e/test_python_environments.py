"""Builds that look into their Python environment: a script that imports cffi, another Python, a session's environment made anew."""

import os
import subprocess

from steadytest import Workspace, main
from steadytest.pycase import PyCase
from steadytest.pyprojects import cffi_project, maturin_project
from steadytest.pytools import other_pythons

ANSWER = {"answer()": "42"}


class Cffi(PyCase):
    """A crate like cryptography-cffi."""

    def test_cffi_upgraded(self):
        front = self.front_ends(cffi_project(self.tmp / "project", self.tool, "0.29"))
        shim, above = front.seen.shim(), {"answers", "generated"}
        self.builds(front, "uv build --wheel", None, {"says()": "cffi 2.1.1 first"}, shim)
        self.builds(front, "build --wheel", (), {"says()": "cffi 2.1.1 first"}, shim)
        front.project.edit("pyproject.toml", "cffi==2.1.1", "cffi==1.17.1")
        self.builds(front, "build --wheel", above, {"says()": "cffi 1.17.1 first"}, shim)
        self.builds(front, "uv build --wheel", (), {"says()": "cffi 1.17.1 first"}, shim)
        front.project.edit("generated/gen/definitions.py", "first", "second")
        self.builds(front, "build --wheel", above, {"says()": "cffi 1.17.1 second"}, shim)
        front.project.edit("pyproject.toml", "cffi==1.17.1", "cffi==2.1.1")
        self.builds(front, "uv build --wheel", above, {"says()": "cffi 2.1.1 second"}, shim)
        # pip's own isolation: the interpreter is always the same, what is installed lies in PYTHONPATH.
        self.builds(front, "pip", None, {"says()": "cffi 2.1.1 second"}, shim)
        self.builds(front, "pip", (), {"says()": "cffi 2.1.1 second"}, shim)
        front.project.edit("pyproject.toml", "cffi==2.1.1", "cffi==1.17.1")
        self.builds(front, "pip", above, {"says()": "cffi 1.17.1 second"}, shim)
        self.alone(front, above)

    def alone(self, front, above):
        """cargo alone: under pip nothing is compiled, and the wheel is stale; elsewhere each build compiles pyo3."""
        self.builds(front, "pip", None, {"says()": "cffi 1.17.1 second"})
        front.project.edit("pyproject.toml", "cffi==1.17.1", "cffi==2.1.1")
        self.builds(front, "pip", (), {"says()": "cffi 1.17.1 second"})
        self.builds(front, "uv build --wheel", None, {"says()": "cffi 2.1.1 second"})
        self.builds(front, "build --wheel", above | {"pyo3", "pyo3-ffi"}, {"says()": "cffi 2.1.1 second"})


class OtherPython(PyCase):
    def test_other_version(self):
        """Another Python compiles pyo3 again, in the same target directory; the first one's alias is kept."""
        others = [path for version, path in other_pythons() if version <= (3, 13)]
        if not others:
            self.missing("a second CPython on PATH")
        front = self.front_ends(maturin_project(self.tmp / "project", self.tool, "0.26"))
        shim, own = front.seen.shim(), front.python
        every = {"answers", "pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"}
        self.builds(front, "uv build --wheel", None, ANSWER, shim)
        for python in (others[0], own):
            front.python = python
            self.builds(front, "uv build --wheel", every, ANSWER, shim)
            self.builds(front, "uv build --wheel", (), ANSWER, shim)


_NOXFILE = """
import nox

nox.options.default_venv_backend = "virtualenv"

@nox.session
def rust(session):
    session.run("cargo", "test", external=True)
"""


class Nox(PyCase):
    """nox makes a session's environment anew at the same path, and pyo3 finds the interpreter through VIRTUAL_ENV."""

    def project(self) -> Workspace:
        ws = maturin_project(self.tmp / "project", self.tool, "0.29")
        ws.edit("Cargo.toml", '"cdylib"', '"rlib"')
        ws.write("tests/size.rs", "#[test]\nfn error_has_a_size() { assert!(std::mem::size_of::<pyo3::PyErr>() > 0); }\n")
        ws.write("noxfile.py", _NOXFILE)
        return ws

    def session(self, front, first=None):
        env = front.environment(first)
        argv = [str(self.tools.program("nox")), "-s", "rust", "--force-color", "-f", str(front.project.root / "noxfile.py")]
        done = subprocess.run(argv, env=env, cwd=front.project.root, text=True, stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:] + front.seen.said()[-3000:])
        (environment,) = [env for env, call in zip(front.seen.environments(), front.seen.calls()) if call[1] == "test"][-1:]
        return front.seen.take(), environment

    def test_session_environment_made_anew(self):
        front = self.front_ends(self.project())
        for with_shim, again in ((False, {"answers", "pyo3", "pyo3-ffi"}), (True, set())):
            shim = front.seen.shim() if with_shim else None
            self.session(front, shim)
            made = os.stat(front.project.root / ".nox/rust/pyvenv.cfg").st_ctime_ns
            run, env = self.session(front, shim)
            self.assertNotEqual(os.stat(front.project.root / ".nox/rust/pyvenv.cfg").st_ctime_ns, made)
            self.assertEqual(set(run.compiled), again, run.reasons)
            self.assertNotIn("PYO3_PYTHON", env)


if __name__ == "__main__":
    main()
