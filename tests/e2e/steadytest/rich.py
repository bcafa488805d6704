"""The rich workspace: one of every kind of unit that cargo builds."""

from pathlib import Path

from .cargos import Cargo
from .workspace import Workspace

_LOCKS = Path(__file__).resolve().parent.parent / "locks"

_FILES = {
    "Cargo.toml": """
[workspace]
members = ["app", "base", "native", "gen", "macros", "cdy"]
resolver = "2"

[profile.dist]
inherits = "release"
debug = true
""",
    # The workspace's top: depends on everything, has every kind of target.
    "app/Cargo.toml": """
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
base = { path = "../base" }
native = { path = "../native" }
gen = { path = "../gen" }
macros = { path = "../macros" }
outside = { path = "../../outside" }
itoa = "1"
libc = "0.2"
serde = { version = "1", features = ["derive"] }

[dev-dependencies]
memoffset = "0.9"

[[bench]]
name = "speed"
harness = false
""",
    "app/src/lib.rs": """
//! The library.
use serde::Serialize;

/// A thing.
#[derive(Serialize, Clone)]
pub struct Thing { pub answer: u32 }

pub fn answer() -> u32 {
    base::one() * native::number() + gen::number() + outside::number() + macros::seven!()
}

/// The process, by libc.
pub fn pid() -> String { itoa::Buffer::new().format(unsafe { libc::getpid() }).to_owned() }

pub const BUILT_IN: Option<&str> = option_env!("APP_FLAVOUR");

#[cfg(test)]
mod tests {
    #[test]
    fn answers() { assert!(super::answer() > 0); }
}
""",
    "app/src/main.rs": """fn main() { println!("answer {}", app::answer()); }\n""",
    "app/src/bin/other-bin.rs": """fn main() { println!("other {}", base::one()); }\n""",
    "app/examples/ex_one.rs": """fn main() { println!("example {}", app::answer()); }\n""",
    "app/tests/integration.rs": """#[test]\nfn whole() { assert!(app::answer() > 0); let _ = memoffset::offset_of!(app::Thing, answer); }\n""",
    "app/benches/speed.rs": """fn main() { let _ = app::answer(); }\n""",
    "base/Cargo.toml": """
[package]
name = "base"
version = "0.2.0"
edition = "2021"

[features]
default = ["std"]
std = []
extra = []
""",
    "base/src/lib.rs": """pub mod inner;\npub fn one() -> u32 { inner::ONE }\n""",
    "base/src/inner.rs": """pub const ONE: u32 = 1;\n#[cfg(test)]\nmod tests { #[test] fn one() { assert_eq!(super::ONE, 1); } }\n""",
    # A build script with every directive: file, directory, variables set and unset.
    "native/Cargo.toml": """
[package]
name = "native"
version = "0.1.0"
edition = "2021"
links = "steady_native"
""",
    "native/build.rs": """
use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=data");
    println!("cargo:rerun-if-changed=../shared.txt");
    for name in ["NATIVE_MODE", "PYO3_PYTHON", "VIRTUAL_ENV"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:include=/usr/include");
    println!("cargo:rustc-cfg=steady_native");
    let number = fs::read_to_string("data/number.txt").unwrap();
    let out = Path::new(&env::var_os("OUT_DIR").unwrap()).join("number.rs");
    fs::write(out, format!("pub fn number() -> u32 {{ {} }}", number.trim())).unwrap();
}
""",
    "native/data/number.txt": "20\n",
    "native/data/deep/er/more.txt": "more\n",
    "shared.txt": "shared\n",
    "native/src/lib.rs": """include!(concat!(env!("OUT_DIR"), "/number.rs"));\n""",
    # A build script that names nothing: cargo watches the whole package.
    "gen/Cargo.toml": """
[package]
name = "gen"
version = "0.1.0"
edition = "2021"
""",
    "gen/build.rs": """
use std::{env, fs, path::Path};

fn main() {
    let out = Path::new(&env::var_os("OUT_DIR").unwrap()).join("gen.rs");
    fs::write(out, "pub fn number() -> u32 { 13 }").unwrap();
}
""",
    "gen/notes.txt": "watched too\n",
    "gen/src/lib.rs": """include!(concat!(env!("OUT_DIR"), "/gen.rs"));\npub const TEXT: &str = include_str!("../notes.txt");\n""",
    "macros/Cargo.toml": """
[package]
name = "macros"
version = "0.1.0"
edition = "2021"

[lib]
proc-macro = true
""",
    "macros/src/lib.rs": """
use proc_macro::TokenStream;

#[proc_macro]
pub fn seven(_input: TokenStream) -> TokenStream { "7".parse().unwrap() }
""",
    "cdy/Cargo.toml": """
[package]
name = "cdy"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
base = { path = "../base", features = ["extra"] }
""",
    "cdy/src/lib.rs": """#[no_mangle]\npub extern "C" fn steady_one() -> u32 { base::one() }\n""",
    # A path dependency outside the workspace.
    "../outside/Cargo.toml": """
[package]
name = "outside"
version = "0.3.0"
edition = "2021"
""",
    "../outside/src/lib.rs": """pub fn number() -> u32 { 2 }\n""",
}


def rich_workspace(root, tool: Cargo, **more) -> Workspace:
    """Writes the rich workspace to ROOT (and its outside dependency beside it, to ROOT/../outside).

    Packages: app (lib, two bins, example, integration test, bench), base, native (build script with rerun-if
    directives; links), gen (build script without), macros (proc macro), cdy (cdylib), outside; from the registry itoa,
    libc, serde, serde_derive and below, memoffset (with a build script).
    """
    return Workspace(root, tool, _FILES, lock=(_LOCKS / "rich.lock").read_text(), **more)
