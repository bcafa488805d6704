"""Extension modules on the real pyo3."""

import re
import shutil
import sysconfig
from pathlib import Path

from .cargos import Cargo
from .workspace import Workspace

_LOCKS = Path(__file__).resolve().parent.parent / "locks"

#: Versions of pyo3 there is a lock file for, with the oldest rustc each accepts.
PYO3_VERSIONS = {"0.22": (1, 63), "0.26": (1, 74), "0.29": (1, 83), "0.30": (1, 85)}

_MANIFEST = """
[workspace]
members = ["helper"]

[package]
name = "answers"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]

[dependencies]
helper = {{ path = "helper" }}
pyo3 = {{ version = "{version}", features = [{features}] }}
"""

_MODULE = """
use pyo3::prelude::*;

#[pyfunction]
fn answer() -> u32 { helper::answer() }

#[pymodule]
fn answers(m: &Bound<'_, PyModule>) -> PyResult<()> { m.add_function(wrap_pyfunction!(answer, m)?) }
"""


def _features(abi3: bool, extension_module: bool) -> str:
    names = (["abi3-py39"] if abi3 else []) + (["extension-module"] if extension_module else [])
    return ", ".join(f'"{name}"' for name in names)


def pyo3_workspace(root, tool: Cargo, version: str, abi3: bool = False, extension_module: bool = True,
                   **more) -> Workspace:
    """A workspace with the extension module `answers` (answers.answer() == 42) on pyo3 VERSION (a key of PYO3_VERSIONS).

    `helper` is a path dependency without pyo3. Set PYO3_PYTHON in `env` of the runs.
    """
    files = {
        "Cargo.toml": _MANIFEST.format(version=version, features=_features(abi3, extension_module)),
        "src/lib.rs": _MODULE,
        "helper/Cargo.toml": '[package]\nname = "helper"\nversion = "0.1.0"\nedition = "2021"\n',
        "helper/src/lib.rs": "pub fn answer() -> u32 { 42 }\n",
    }
    return Workspace(root, tool, files, lock=(_LOCKS / f"pyo3-{version}.lock").read_text(), **more)


def install_module(workspace: Workspace, folder, profile: str = "debug") -> Path:
    """Copies the built module to FOLDER under the name Python imports; returns the file."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    built = workspace.target / profile / "libanswers.so"
    module = folder / ("answers" + sysconfig.get_config_var("EXT_SUFFIX"))
    return Path(shutil.copyfile(built, module))


def msrv_allows(tool: Cargo, version: str) -> bool:
    """Whether the rustc of TOOL is new enough for pyo3 VERSION."""
    return tool.std[:2] >= PYO3_VERSIONS[version]


def resolved(lock: str) -> str:
    """The exact version of pyo3 in a lock file's text."""
    return re.search(r'name = "pyo3"\nversion = "([^"]+)"', lock).group(1)


def locked_pyo3(version: str) -> str:
    """The lock file's text for pyo3 VERSION."""
    return (_LOCKS / f"pyo3-{version}.lock").read_text()
