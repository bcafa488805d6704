"""A small workspace whose build script asks the interpreter that PYO3_PYTHON names, as pyo3's does; builds in a second."""

from .cargos import Cargo
from .workspace import Workspace

_PACKAGE = '[package]\nname = "{0}"\nversion = "0.1.0"\nedition = "2021"\n'

#: Asked in vain, the script goes on with a config of no known place: then builds do not depend on an interpreter.
_SCRIPT = r'''
use std::{env, fs, path::Path, process::Command};

const QUESTION: &str = "import sys, sysconfig; v = sysconfig.get_config_var; \
print(f'{sys.version_info[0]}.{sys.version_info[1]} {v(\"LIBDIR\")}')";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    let python = env::var("PYO3_PYTHON").unwrap_or_default();
    let said = Command::new(&python).args(["-I", "-S", "-c", QUESTION]).output().expect("no interpreter");
    let said = String::from_utf8(said.stdout).unwrap();
    let (version, lib_dir) = said.trim().split_once(' ').expect("no answer");
    let config = format!("implementation=CPython\nversion={version}\nshared=true\nabi3=false\nlib_name=python{version}\n\
        lib_dir={lib_dir}\nexecutable={python}\npointer_width=64\nbuild_flags=\nsuppress_build_script_link_lines=false\n");
    let out = env::var("OUT_DIR").unwrap();
    fs::write(Path::new(&out).join("pyo3-build-config.txt"), &config).unwrap();
    let hex: String = config.bytes().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo:PYO3_CONFIG={hex}");
    println!("cargo:rustc-env=PROBE_VERSION={version}");
    // Marks that the script ran.
    if let Ok(log) = env::var("PROBE_LOG") {
        let before = fs::read_to_string(&log).unwrap_or_default();
        fs::write(&log, before + "ran\n").unwrap();
    }
    MORE
}
'''


def scripted_workspace(root, tool: Cargo, more: str = "", **how) -> Workspace:
    """Programs `app` ("VERSION 42", over the crates probe and other) and `lone` ("7", over other). MORE is Rust code that
    probe's build script runs last; `python` and `out` are its variables."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["app", "lone", "probe", "other"]\nresolver = "2"\n',
        "app/Cargo.toml": _PACKAGE.format("app") + '[dependencies]\nprobe = { path = "../probe" }\n'
                                                   'other = { path = "../other" }\n',
        "app/src/main.rs": 'fn main() { println!("{} {}", probe::VERSION, other::answer()); }\n',
        "lone/Cargo.toml": _PACKAGE.format("lone") + '[dependencies]\nother = { path = "../other" }\n',
        "lone/src/main.rs": 'fn main() { println!("{}", other::answer() / 6); }\n',
        "probe/Cargo.toml": _PACKAGE.format("probe") + 'links = "python"\n',
        "probe/build.rs": _SCRIPT.replace("MORE", more),
        "probe/src/lib.rs": 'pub const VERSION: &str = env!("PROBE_VERSION");\n',
        "other/Cargo.toml": _PACKAGE.format("other"),
        "other/src/lib.rs": "pub fn answer() -> u32 { 42 }\n",
    }
    ws = Workspace(root, tool, files, **how)
    ws.env.update(CARGO_PROFILE_DEV_DEBUG="0", CARGO_INCREMENTAL="0")
    return ws
