"""The repository of most scenario tests: a program over seven small libraries, no crate from a registry.

    txt     include_str! of msg.txt, and a module
    link    include_str! through a symlink; a script that watches a symlink; a module behind a directory link
    dirs    a script that watches a directory of directories with links in it
    scr     a script that bakes its inputs into OUT_DIR
    whole   a script that names nothing
    mac     a proc macro, used by other
    other   nothing special: stays Fresh when something else changes
"""

_PACKAGE = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'
_TO_OUT = 'std::fs::write(std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("made.txt"), text).unwrap();'
_MADE = 'include_str!(concat!(env!("OUT_DIR"), "/made.txt"))'
LIBRARIES = ("txt", "link", "dirs", "scr", "whole", "other")


def manifest(name: str, more: str = "") -> str:
    return _PACKAGE.format(name) + more


def script(watched: list, text: str) -> str:
    """A build.rs that watches WATCHED and puts TEXT, an expression of Rust of type String, into OUT_DIR/made.txt."""
    lines = "".join(f'    println!("cargo:rerun-if-changed={path}");\n' for path in watched)
    return f"fn main() {{\n{lines}    let text: String = {text};\n    {_TO_OUT}\n}}\n"


def shown(expression: str, before: str = "") -> str:
    """A library whose text() is EXPRESSION, a &str."""
    return f"{before}pub fn text() -> String {{ {expression}.to_string() }}\n"


def program(libraries) -> str:
    return "fn main() {\n" + "".join(f'    println!("{name}={{}}", {name}::text().escape_default());\n'
                                     for name in libraries) + "}\n"


def members(names) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"[workspace]\nmembers = [{listed}]\nresolver = \"2\"\n\n[profile.dev]\ndebug = 0\n\n[profile.release]\nopt-level = 0\n"


def paths(names) -> str:
    return "\n[dependencies]\n" + "".join(f'{name} = {{ path = "../{name}" }}\n' for name in names)


def workspace(libraries) -> dict:
    """The files that every workspace of these tests has; the libraries themselves are the caller's."""
    return {"Cargo.toml": members(["app", *libraries]), ".gitignore": "/target\n",
            "app/Cargo.toml": manifest("app", paths(libraries)), "app/src/main.rs": program(libraries)}


WALK = """{
        fn walk(dir: &std::path::Path, out: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, out); }
                else if path.is_file() { out.push(format!("{}:{}", path.to_string_lossy(), std::fs::read_to_string(&path).unwrap().trim())); }
            }
        }
        let mut out = Vec::new();
        walk(std::path::Path::new("assets"), &mut out);
        out.sort();
        out.join(";")
    }"""

BASE = {
    **workspace(LIBRARIES),
    "Cargo.toml": members(["app", "mac", *LIBRARIES]),
    "txt/Cargo.toml": manifest("txt"),
    "txt/src/lib.rs": "mod part;\n" + shown('include_str!("../msg.txt").trim_end_matches(\'\\n\')')
                      + "pub fn part() -> u32 { part::PART }\n",
    "txt/src/part.rs": "pub const PART: u32 = 1;\n",
    "txt/msg.txt": "one\n",
    "link/Cargo.toml": manifest("link"),
    "link/build.rs": script(["table.txt"], 'std::fs::read_to_string("table.txt").unwrap()'),
    "link/src/lib.rs": "mod p;\npub fn text() -> String {\n    format!(\"{}{}{}\", include_str!(\"../data/current.txt\").trim(), "
                       + _MADE + ".trim(), p::P)\n}\n",
    "link/src/p": ("link", "../variants/one"),
    "link/variants/one/mod.rs": 'pub const P: &str = "P1";\n',
    "link/variants/two/mod.rs": 'pub const P: &str = "P2";\n',
    "link/data/v1.txt": "D1\n", "link/data/v2.txt": "D2\n", "link/data/current.txt": ("link", "v1.txt"),
    "link/t1.txt": "T1\n", "link/t2.txt": "T2\n", "link/table.txt": ("link", "t1.txt"),
    "dirs/Cargo.toml": manifest("dirs"),
    "dirs/build.rs": script(["assets"], WALK),
    "dirs/src/lib.rs": shown(_MADE),
    "dirs/assets/sub/deep/a.txt": "a\n", "dirs/assets/sub/deep/b.txt": "b\n", "dirs/assets/linked": ("link", "../pool"),
    "dirs/pool/p.txt": "p\n",
    "scr/Cargo.toml": manifest("scr"),
    "scr/build.rs": script(["inputs"], 'std::fs::read_to_string("inputs/x.txt").unwrap()'),
    "scr/src/lib.rs": shown(_MADE + ".trim()"),
    "scr/inputs/x.txt": "x1\n",
    "whole/Cargo.toml": manifest("whole"),
    "whole/build.rs": script([], 'std::fs::read_to_string("notes.txt").unwrap()'),
    "whole/src/lib.rs": shown(_MADE + ".trim()"),
    "whole/notes.txt": "notes\n",
    "mac/Cargo.toml": manifest("mac", "\n[lib]\nproc-macro = true\n"),
    "mac/src/lib.rs": '#[proc_macro]\npub fn word(_: proc_macro::TokenStream) -> proc_macro::TokenStream { "\\"word\\"".parse().unwrap() }\n',
    "other/Cargo.toml": manifest("other", paths(["mac"])),
    "other/src/lib.rs": shown("mac::word!()"),
}
