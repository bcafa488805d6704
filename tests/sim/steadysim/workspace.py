"""The generated repository, read two ways: what a program built from it must print, and what each unit is built from.

    outer/, helper/          path crates outside the workspace (a library; a build dependency)
    etc/site.txt             watched by a build script of the workspace
    ws/crates/plain          modules, one behind a directory link
    ws/crates/embed          include_str! of a file and of a symlink
    ws/crates/watchdir       script that watches a directory with links and nested directories; has a build dependency
    ws/crates/norerun        script that names nothing: the whole package is its input
    ws/crates/outside        script that watches files outside its package
    ws/crates/envy           script that sets rustc-env
    ws/crates/mac, macuser   a proc macro and its user
    ws/crates/gen            script that writes src/gen.rs, which git ignores
    ws/crates/app, tool      programs that print what all others (gen and plain) say

Both readings work on a `Tree`: the bytes of the work tree, not git's idea of it.
"""

import hashlib
import os
import re
from pathlib import Path, PurePosixPath

MEMBERS = ("plain", "embed", "watchdir", "norerun", "outside", "envy", "mac", "macuser", "gen", "app", "tool")
PRINTED = {"app": ("plain", "embed", "watchdir", "norerun", "outside", "envy", "macuser", "outer"),
           "tool": ("gen", "plain")}
_DEPENDENCIES = {"embed": ("plain",), "watchdir": ("outer",), "macuser": ("mac",), **PRINTED}
_SCRIPTS = ("watchdir", "norerun", "outside", "envy", "gen")
IGNORED = ("ws/crates/gen/src/gen.rs",)

_SHOW = '\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn shows() { println!("\\nSHOW %s {}", super::text()); }\n}\n'
_MADE = 'include_str!(concat!(env!("OUT_DIR"), "/made.txt"))'
_BUILD = {
    "watchdir": """
use std::{fs, path::Path};
fn walk(dir: &Path, prefix: &str, out: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{}{}", prefix, path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() { walk(&path, &format!("{}/", name), out); }
        else if let Ok(text) = fs::read_to_string(&path) { out.push(helper::join(&name, text.trim())); }
    }
}
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=assets");
    let mut out = Vec::new();
    walk(Path::new("assets"), "", &mut out);
    out.sort();
    fs::write(Path::new(&std::env::var("OUT_DIR").unwrap()).join("made.txt"), out.join(";")).unwrap();
}
""",
    "norerun": """
use std::{fs, path::Path};
fn main() {
    let mut out = Vec::new();
    for entry in fs::read_dir(".").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().map_or(false, |e| e == "txt") { out.push(fs::read_to_string(path).unwrap().trim().to_string()); }
    }
    out.sort();
    fs::write(Path::new(&std::env::var("OUT_DIR").unwrap()).join("made.txt"), out.join(";")).unwrap();
}
""",
    "outside": """
use std::{fs, path::Path};
fn main() {
    println!("cargo:rerun-if-changed=../../shared/config.txt");
    println!("cargo:rerun-if-changed=../../../etc/site.txt");
    let text = format!("{}&{}", fs::read_to_string("../../shared/config.txt").unwrap().trim(),
        fs::read_to_string("../../../etc/site.txt").unwrap().trim());
    fs::write(Path::new(&std::env::var("OUT_DIR").unwrap()).join("made.txt"), text).unwrap();
}
""",
    "envy": """
fn main() {
    println!("cargo:rerun-if-changed=setting.txt");
    println!("cargo:rustc-env=SETTING={}", std::fs::read_to_string("setting.txt").unwrap().trim());
}
""",
    "gen": """
fn main() {
    println!("cargo:rerun-if-changed=template.txt");
    let text = std::fs::read_to_string("template.txt").unwrap();
    std::fs::write("src/gen.rs", format!("pub const T: &str = {:?};\\n", text.trim())).unwrap();
}
""",
}
_MANIFEST = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2018"\n'
_WORKSPACE = """[workspace]
members = ["crates/*"]

[profile.dev]
debug = 0
incremental = false
strip = "symbols"

[profile.release]
opt-level = 0
incremental = false
strip = "symbols"
"""


def library(name: str, modules: list, version: int) -> str:
    """src/lib.rs of crate NAME with MODULES: one constant of its own, and every part it is made of."""
    parts = ["OWN.to_string()"] + [f"{module}::T.to_string()" for module in modules]
    if name == "embed":
        parts += [f'include_str!("../data/{file}.txt").trim().to_string()' for file in ("msg", "current")]
    elif name == "envy":
        parts.append('env!("SETTING").to_string()')
    elif name == "macuser":
        parts.append("mac::word!().to_string()")
    elif name in ("watchdir", "norerun", "outside"):
        parts.append(_MADE + ".to_string()")
    return "".join([*(f"mod {module};\n" for module in modules), f'pub const OWN: &str = "{name} v{version}";\n',
                    "pub fn text() -> String {\n    let parts: Vec<String> = vec![\n",
                    *(f"        {part},\n" for part in parts), '    ];\n    parts.join("+")\n}\n', _SHOW % name])


def _program(name: str) -> str:
    lines = [f'pub const OWN: &str = "{name} v1";', "pub fn text() -> String {", "    let parts: Vec<String> = vec![",
             "        OWN.to_string(),", *(f"        {dep}::text()," for dep in PRINTED[name]), "    ];",
             '    parts.join("|")', "}", 'fn main() { println!("{}", text()); }']
    return "\n".join(lines) + "\n" + _SHOW % name


def _manifest(name: str) -> str:
    text = _MANIFEST.format(name=name)
    if name == "mac":
        text += "\n[lib]\nproc-macro = true\n"
    if name in _DEPENDENCIES:
        where = {"outer": "../../../outer"}
        text += "\n[dependencies]\n" + "".join(
            f'{dep} = {{ path = "{where.get(dep, "../" + dep)}" }}\n' for dep in _DEPENDENCIES[name])
    if name == "watchdir":
        text += '\n[build-dependencies]\nhelper = { path = "../../../helper" }\n'
    return text


def _lock() -> str:
    entries = []
    for name in sorted((*MEMBERS, "outer", "helper")):
        deps = sorted(_DEPENDENCIES.get(name, ()) + (("helper",) if name == "watchdir" else ()))
        entry = f'[[package]]\nname = "{name}"\nversion = "0.1.0"\n'
        if deps:
            entry += "dependencies = [\n" + "".join(f' "{dep}",\n' for dep in deps) + "]\n"
        entries.append(entry)
    return "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\n" \
           "version = 3\n\n" + "\n".join(entries)


def files() -> dict:
    """Path -> text, or ("link", text), of the first commit."""
    found = {".gitignore": "target/\n/ws/crates/gen/src/gen.rs\n", "ws/Cargo.toml": _WORKSPACE, "ws/Cargo.lock": _lock(),
             "etc/site.txt": "site v1\n", "ws/shared/config.txt": "config v1\n",
             "outer/Cargo.toml": _MANIFEST.format(name="outer"), "outer/src/lib.rs": library("outer", [], 1),
             "helper/Cargo.toml": _MANIFEST.format(name="helper"),
             "helper/src/lib.rs": 'pub const OWN: &str = "helper v1";\n'
                                  'pub fn join(a: &str, b: &str) -> String { format!("{}:{}={}", OWN, a, b) }\n'}
    for name in MEMBERS:
        base = f"ws/crates/{name}/"
        found[base + "Cargo.toml"] = _manifest(name)
        if name in PRINTED:
            found[base + "src/main.rs"] = _program(name)
        elif name == "mac":
            found[base + "src/lib.rs"] = 'const OWN: &str = "mac v1";\n#[proc_macro]\npub fn word(_: ' \
                'proc_macro::TokenStream) -> proc_macro::TokenStream { format!("{:?}", OWN).parse().unwrap() }\n'
        else:
            modules = {"plain": ["m1", "m2", "p"], "gen": ["gen"]}.get(name, [])
            found[base + "src/lib.rs"] = library(name, modules, 1)
        if name in _SCRIPTS:
            found[base + "build.rs"] = f"// script v1\n{_BUILD[name].lstrip()}"
    for path, text in {"plain/src/m1.rs": module("m1", 1), "plain/src/m2.rs": module("m2", 1),
                       "plain/variants/one/mod.rs": module("one", 1), "plain/variants/two/mod.rs": module("two", 1),
                       "plain/src/p": ("link", "../variants/one"), "embed/data/msg.txt": "msg v1\n",
                       "embed/data/v1.txt": "first v1\n", "embed/data/v2.txt": "second v1\n",
                       "embed/data/current.txt": ("link", "v1.txt"), "watchdir/assets/a.txt": "a v1\n",
                       "watchdir/assets/deep/er/b.txt": "b v1\n", "watchdir/pool/x.txt": "x v1\n",
                       "watchdir/pool/y.txt": "y v1\n", "watchdir/more/c.txt": "c v1\n",
                       "watchdir/assets/linked": ("link", "../more"), "watchdir/assets/l.txt": ("link", "../pool/x.txt"),
                       "norerun/notes.txt": "notes v1\n", "envy/setting.txt": "setting v1\n",
                       "gen/template.txt": "template v1\n"}.items():
        found["ws/crates/" + path] = text
    return found


def module(name: str, version: int) -> str:
    return f'pub const T: &str = "{name} v{version}";\n'


class Tree:
    """The bytes of a work tree: path -> bytes, or ("link", text). Nothing is read twice. An empty directory, which git forgets and
    a script that lists directories sees, is an entry PATH/. of no bytes."""

    def __init__(self, root):
        self.root, self.entries = Path(root), {}
        for folder, names, found in os.walk(self.root):
            names[:] = [n for n in names if n not in (".git", "target")]
            if not names and not found:
                self.entries[os.path.join(os.path.relpath(folder, self.root), ".")] = b""
            for name in found + [n for n in names if os.path.islink(os.path.join(folder, n))]:
                full = os.path.join(folder, name)
                relative = os.path.relpath(full, self.root)
                if os.path.islink(full):
                    self.entries[relative] = ("link", os.readlink(full))
                else:
                    with open(full, "rb") as file:
                        self.entries[relative] = file.read()

    def resolve(self, path: str, seen: list = None) -> str:
        """PATH without symlinks. Each link on the way is added to SEEN with its text."""
        seen = [] if seen is None else seen
        done = PurePosixPath("")
        parts = list(PurePosixPath(os.path.normpath(path)).parts)
        while parts:
            done = done / parts.pop(0)
            entry = self.entries.get(str(done))
            if isinstance(entry, tuple):
                seen.append((str(done), entry[1]))
                target = os.path.normpath(str(done.parent / entry[1]))
                parts = list(PurePosixPath(target).parts) + parts
                done = PurePosixPath("")
        return str(done)

    def text(self, path: str) -> str:
        entry = self.entries.get(self.resolve(path))
        return entry.decode() if isinstance(entry, bytes) else ""

    def list(self, folder: str, as_cargo_walks: bool) -> list:
        """Paths of the files below FOLDER as seen from it, sorted: all that a walk meets, links to directories followed and empty
        directories too, or what git would list."""
        real, found = self.resolve(folder), []
        for path in sorted(self.entries):
            if not path.startswith(real + "/") or path.endswith("/.") and not as_cargo_walks:
                continue
            shown = folder + path[len(real):]
            behind = self.resolve(path)
            if as_cargo_walks and isinstance(self.entries[path], tuple) and behind not in self.entries:
                found += self.list(shown, True)
            else:
                found.append(shown)
        return found

    def digest_of(self, paths) -> str:
        """A digest of what these paths hold and of every link on the way."""
        digest = hashlib.sha256()
        for path in sorted(paths):
            seen = []
            real = self.resolve(path, seen)
            digest.update(repr((path, seen, self.entries.get(real))).encode())
        return digest.hexdigest()


def package_root(name: str) -> str:
    return name if name in ("outer", "helper") else f"ws/crates/{name}"


def _sources(tree: Tree, package: str) -> list:
    """The files rustc reads for PACKAGE's library or program (what the script made is the script's)."""
    src = f"{package_root(package)}/src"
    first = f"{src}/lib.rs" if f"{src}/lib.rs" in tree.entries else f"{src}/main.rs"
    text, found = tree.text(first), [first]
    for name in re.findall(r"^mod (\w+);", text, re.M):
        found.append(f"{src}/{name}.rs" if f"{src}/{name}.rs" in tree.entries else f"{src}/{name}/mod.rs")
    return found + [os.path.normpath(f"{src}/{path}") for path in re.findall(r'include_str!\("([^"]+)"\)', text)]


def _watched(tree: Tree, package: str) -> list:
    """The files PACKAGE's script depends on, by its own rerun-if lines; none: every file git does not ignore."""
    root = package_root(package)
    named = re.findall(r'rerun-if-changed=([^"]+)"', tree.text(f"{root}/build.rs"))
    if not named:
        return [path for path in tree.list(root, False) if path not in IGNORED]
    found = []
    for name in named:
        path = os.path.normpath(f"{root}/{name}")
        found += [path] if tree.resolve(path) in tree.entries else tree.list(path, True)
    return found


def inputs(tree: Tree, package: str, kind: str) -> str:
    """Digest of what a unit of PACKAGE is made of: kind `script`, `run`, `doc`, or anything else for rustc's work."""
    if kind == "script":
        return tree.digest_of([f"{package_root(package)}/build.rs"])
    if kind == "run":
        return tree.digest_of(_watched(tree, package))
    if kind == "doc":
        return tree.digest_of([p for p in tree.list(package_root(package), False) if p not in IGNORED])
    return tree.digest_of(_sources(tree, package))


def product(tree: Tree, package: str, kind: str) -> str:
    """Equal for two trees from which a unit comes out the same, byte for byte, if its dependencies are: rustc drops the comment
    that an edit of a script changes, and a script may write the same text from other files."""
    if kind == "script":
        return re.sub(r"^//.*\n", "", tree.text(f"{package_root(package)}/build.rs"), flags=re.M)
    if kind == "run":
        text = {"envy": "setting.txt", "gen": "template.txt"}.get(package)
        return tree.text(f"{package_root(package)}/{text}") if text else _made(tree, package)
    return inputs(tree, package, kind)


def side_output(tree: Tree, package: str) -> str:
    """What a run of PACKAGE's script leaves in the work tree: its text now, or "" if it is not there."""
    return tree.text(IGNORED[0]) if package == "gen" else None


def side_output_due(tree: Tree, package: str) -> str:
    """The text that PACKAGE's script would write there now."""
    return f'pub const T: &str = "{tree.text("ws/crates/gen/template.txt").strip()}";\n' if package == "gen" else None


def _constant(tree: Tree, path: str, name: str) -> str:
    found = re.search(rf'const {name}: &str = "([^"]*)"', tree.text(path))
    return found.group(1) if found else "?"


def _made(tree: Tree, package: str) -> str:
    root = package_root(package)
    if package == "watchdir":
        prefix = _constant(tree, "helper/src/lib.rs", "OWN")
        rows = []
        for path in tree.list(f"{root}/assets", True):
            if tree.resolve(path) in tree.entries:
                rows.append(f"{prefix}:{path[len(root) + 8:]}={tree.text(path).strip()}")
        return ";".join(sorted(rows))
    if package == "norerun":
        return ";".join(sorted(tree.text(p).strip() for p in tree.list(root, False)
                               if re.fullmatch(r"[^/]+\.txt", p[len(root) + 1:])))
    return f'{tree.text("ws/shared/config.txt").strip()}&{tree.text("etc/site.txt").strip()}'


def says(tree: Tree, package: str) -> str:
    """What `text()` of PACKAGE returns when built from TREE."""
    root = package_root(package)
    first = f"{root}/src/main.rs" if package in PRINTED else f"{root}/src/lib.rs"
    if package in PRINTED:
        return "|".join([_constant(tree, first, "OWN"), *(says(tree, dep) for dep in PRINTED[package])])
    parts = []
    for line in re.findall(r"^        (.*),$", tree.text(first), re.M):
        if line.startswith("OWN"):
            parts.append(_constant(tree, first, "OWN"))
        elif line.startswith("gen::T"):
            parts.append(tree.text(f"{root}/template.txt").strip())
        elif line.startswith("include_str!(concat"):
            parts.append(_made(tree, package))
        elif line.startswith("include_str!"):
            parts.append(tree.text(os.path.normpath(f"{root}/src/" + line.split('"')[1])).strip())
        elif line.startswith("env!"):
            parts.append(tree.text(f"{root}/setting.txt").strip())
        elif line.startswith("mac::"):
            parts.append(_constant(tree, "ws/crates/mac/src/lib.rs", "OWN"))
        else:
            name = line.split("::")[0]
            file = f"{root}/src/{name}.rs"
            parts.append(_constant(tree, file if file in tree.entries else f"{root}/src/{name}/mod.rs", "T"))
    return "+".join(parts)


def write(root, path: str, content) -> None:
    """Puts a file or ("link", text) at PATH, replacing what is there."""
    full = Path(root) / path
    full.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, tuple):
        if os.path.lexists(full):
            full.unlink()
        full.symlink_to(content[1])
    else:
        full.write_text(content)
