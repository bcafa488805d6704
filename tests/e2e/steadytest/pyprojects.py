"""Python projects with a Rust extension: real pyo3, real build back ends, small sources."""

import subprocess
import sys
import zipfile
from pathlib import Path

from .cargos import Cargo
from .pyo3 import pyo3_workspace
from .run import clean_env
from .workspace import Workspace

_PROJECT = """
[project]
name = "answers"
version = "0.1.0"
requires-python = ">=3.9"
"""

_MATURIN = '[build-system]\nrequires = [{requires}]\nbuild-backend = "maturin"\n' + _PROJECT

_SETUPTOOLS = """[build-system]
requires = ["setuptools", "setuptools-rust"]
build-backend = "setuptools.build_meta"
""" + _PROJECT + """
[tool.setuptools]
packages = []

[[tool.setuptools-rust.ext-modules]]
target = "answers"
binding = "PyO3"
py-limited-api = {limited}
"""


def requirements(*more: str) -> str:
    return ", ".join(f'"{name}"' for name in ("maturin>=1.9,<2", *more))


def maturin_project(root, tool: Cargo, version: str, abi3: bool = False, requires: tuple = (), **more) -> Workspace:
    """pyo3_workspace() as a Python project that maturin builds. REQUIRES: further build requirements."""
    ws = pyo3_workspace(root, tool, version, abi3=abi3, **more)
    ws.write("pyproject.toml", _MATURIN.format(requires=requirements(*requires)))
    return ws


def setuptools_project(root, tool: Cargo, version: str, abi3: bool = False) -> Workspace:
    """pyo3_workspace() as a Python project that setuptools-rust builds."""
    ws = pyo3_workspace(root, tool, version, abi3=abi3, extension_module=False)
    ws.write("pyproject.toml", _SETUPTOOLS.format(limited="true" if abi3 else "false"))
    return ws


#: Runs the interpreter that PYO3_PYTHON names, as the build script of cryptography-cffi does.
_ASKING_SCRIPT = r'''
use std::{{env, fs, path::Path, process::Command}};

fn main() {{
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=gen/");
    let python = env::var("PYO3_PYTHON").unwrap_or_else(|_| "python3".into());
    let out = env::var("OUT_DIR").unwrap();
    let path = Path::new(&out).join("generated.rs");
    let done = Command::new(&python).arg("gen/generate.py").arg(&path).status().expect("no interpreter");
    assert!(done.success(), "{{python}}: the generator failed");
    assert!(fs::metadata(&path).is_ok());
{more}}}
'''

_CFFI_GENERATOR = '''
import sys

import cffi
import setuptools

import definitions

ffi = cffi.FFI()
ffi.cdef(definitions.CDEF)
ffi.set_source("_answers", "#include <stddef.h>")
ffi.emit_c_code(sys.argv[1] + ".c")
with open(sys.argv[1], "w") as out:
    out.write(f'pub const SAYS: &str = "cffi {cffi.__version__} {definitions.WORD}";\\n')
'''

_SAYING_MODULE = """
use pyo3::prelude::*;

#[pyfunction]
fn answer() -> u32 { helper::answer() }

#[pyfunction]
fn says() -> &'static str { generated::SAYS }

#[pymodule]
fn answers(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(answer, m)?)?;
    m.add_function(wrap_pyfunction!(says, m)?)
}
"""


def generating_project(root, tool: Cargo, version: str, abi3: bool = False, requires: tuple = (), script: str = None,
                       manifest: str = "", files: dict = None) -> Workspace:
    """maturin_project() with a crate `generated`, whose build script makes the text that answers.says() gives.

    REQUIRES are build requirements, SCRIPT is the build script, FILES are more files of the crate, MANIFEST is more of its
    Cargo.toml.
    """
    ws = maturin_project(root, tool, version, abi3, requires)
    ws.locked = False  # the lock file does not know the crate `generated`
    ws.edit("Cargo.toml", 'members = ["helper"]', 'members = ["helper", "generated"]')
    ws.edit("Cargo.toml", 'helper = {', 'generated = { path = "generated" }\nhelper = {')
    ws.write("src/lib.rs", _SAYING_MODULE)
    ws.write("generated/Cargo.toml", '[package]\nname = "generated"\nversion = "0.1.0"\nedition = "2021"\n' + manifest)
    ws.write("generated/src/lib.rs", 'include!(concat!(env!("OUT_DIR"), "/generated.rs"));\n')
    ws.write("generated/build.rs", script or asking_script())
    for path, text in (files or {}).items():
        ws.write("generated/" + path, text)
    return ws


def asking_script(more: str = "") -> str:
    """A build script that runs gen/generate.py with PYO3_PYTHON; MORE is Rust code at its end."""
    return _ASKING_SCRIPT.format(more=more)


def cffi_project(root, tool: Cargo, version: str, abi3: bool = False, cffi: str = "2.1.1") -> Workspace:
    """A crate like cryptography-cffi: its build script imports cffi and setuptools from the isolated environment."""
    return generating_project(root, tool, version, abi3, requires=(f"cffi=={cffi}", "setuptools"), files={
        "gen/generate.py": _CFFI_GENERATOR,
        "gen/definitions.py": 'CDEF = "int answer(void);"\nWORD = "first"\n',
    })


def wheel_says(wheel: Path, folder: Path, what: str = "answer()", python=None) -> str:
    """Unpacks WHEEL into FOLDER, which is emptied, and gives what PYTHON prints for answers.WHAT."""
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return module_says(python or sys.executable, what, clean_env(PYTHONPATH=folder))


def module_says(python, what: str = "answer()", env: dict = None) -> str:
    done = subprocess.run([str(python), "-c", f"import answers; print(answers.{what})"], cwd="/", text=True,
                          env=env or clean_env(), capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"the module cannot be imported: {done.stderr}")
    return done.stdout.strip()
