"""`cargo steady explain` against cargo: random perturbations of real targets, and Fresh or Dirty unit by unit.

    tests/e2e/test_explain.py                     a few seeds with every cargo there is
    tests/e2e/test_explain.py --seeds 1-300       many; --cargo NAME for one cargo, --rich for a workspace with
                                                  registry crates, --git for one in git, --triple for --target

What cargo thinks is read from its own log (CARGO_LOG), which names the hash file of every unit that it judges; it is stopped
before it builds anything.
"""

import argparse
import collections
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from steadytest import E2ECase, Workspace, all_cargos, copy_target, find_cargo, main, rich_workspace, snapshot, snapshot_difference, steady
from steadytest.cargos import NAMES

# Seeds for each cargo in an ordinary run.
FEW = 6

_SMALL = {
    "Cargo.toml": '[workspace]\nmembers = ["app", "base", "native", "gen", "mac", "cdy"]\nresolver = "2"\n',
    "app/Cargo.toml": """
[package]
name = "app"
version = "0.1.0"
edition = "2021"
description = "what it is"

[dependencies]
base = { path = "../base" }
native = { path = "../native" }
gen = { path = "../gen" }
mac = { path = "../mac" }
outside = { path = "../../outside" }
""",
    "app/src/lib.rs": """
//! The library.
pub mod part;
pub fn answer() -> u32 { base::one() + native::number() + gen::number() + outside::number() + mac::seven!() }
pub const FLAVOUR: Option<&str> = option_env!("APP_FLAVOUR");
pub const ABOUT: &str = env!("CARGO_PKG_DESCRIPTION");
pub const TEXT: &str = include_str!("my text.txt");
""",
    "app/src/part.rs": "pub fn part() {}\n",
    "app/src/my text.txt": "text\n",
    "app/src/main.rs": "fn main() { println!(\"{}\", app::answer()); }\n",
    "app/src/bin/other-bin.rs": "fn main() { println!(\"{}\", base::one()); }\n",
    "app/examples/ex-one.rs": "fn main() { println!(\"{}\", app::answer()); }\n",
    "app/tests/integration.rs": "#[test]\nfn whole() { assert!(app::answer() > 0); }\n",
    "base/Cargo.toml": '[package]\nname = "base"\nversion = "0.2.0"\nedition = "2021"\n\n[features]\nextra = []\n',
    "base/src/lib.rs": "pub mod inner;\npub fn one() -> u32 { inner::ONE }\n",
    "base/src/inner.rs": "pub const ONE: u32 = 1;\n",
    "native/Cargo.toml": '[package]\nname = "native"\nversion = "0.1.0"\nedition = "2021"\nlinks = "steady_native"\n',
    "native/build.rs": """
use std::{env, fs, path::Path};
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=data");
    println!("cargo:rerun-if-changed=../shared.txt");
    println!("cargo:rerun-if-changed={}/data", env::var("CARGO_MANIFEST_DIR").unwrap());
    println!("cargo:rerun-if-env-changed=NATIVE_MODE");
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    let number = fs::read_to_string("data/number.txt").unwrap_or_else(|_| "1".into());
    let out = Path::new(&env::var_os("OUT_DIR").unwrap()).join("number.rs");
    fs::write(out, format!("pub fn number() -> u32 {{ {} }}", number.trim())).unwrap();
}
""",
    "native/data/number.txt": "20\n",
    "native/data/deep/er/more.txt": "more\n",
    "shared.txt": "shared\n",
    "native/src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/number.rs"));\n',
    "gen/Cargo.toml": '[package]\nname = "gen"\nversion = "0.1.0"\nedition = "2021"\nexclude = ["*.skip"]\n',
    "gen/build.rs": """
use std::{env, fs, path::Path};
fn main() {
    let out = Path::new(&env::var_os("OUT_DIR").unwrap()).join("gen.rs");
    fs::write(out, "pub fn number() -> u32 { 13 }").unwrap();
}
""",
    "gen/notes.txt": "watched too\n",
    "gen/not.skip": "not watched\n",
    "gen/.hidden": "watched where git tracks it\n",
    "gen/src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/gen.rs"));\n',
    "mac/Cargo.toml": '[package]\nname = "mac"\nversion = "0.1.0"\nedition = "2021"\n\n[lib]\nproc-macro = true\n',
    "mac/src/lib.rs": """
use proc_macro::TokenStream;
#[proc_macro]
pub fn seven(_input: TokenStream) -> TokenStream { "7".parse().unwrap() }
""",
    "cdy/Cargo.toml": """
[package]
name = "cdy-x"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
base = { path = "../base", features = ["extra"] }
""",
    "cdy/src/lib.rs": "#[no_mangle]\npub extern \"C\" fn steady_one() -> u32 { base::one() }\n",
    "../outside/Cargo.toml": '[package]\nname = "outside"\nversion = "0.1.0"\nedition = "2021"\n',
    "../outside/src/lib.rs": "pub fn number() -> u32 { 3 }\n",
}

_COMMANDS = (["build", "--workspace", "--examples", "--bins", "--lib"], ["test", "--workspace", "--no-run"],
             ["check", "--workspace"], ["doc", "--workspace", "--no-deps"])


class Pristine:
    """A workspace built by one cargo in every mode, and kept aside so that each seed begins with the same bytes and stamps."""

    def __init__(self, folder: Path, tool, rich: bool = False, git: bool = False, triple: bool = False):
        self.folder, self.tool = folder, tool
        self.commands = [command + (["--target", tool.triple] if triple else []) for command in _COMMANDS]
        self.env = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "0", "CARGO_PROFILE_TEST_DEBUG": "0"}
        root = folder / "now" / "ws"
        root.parent.mkdir(parents=True)
        if rich:
            self.ws = rich_workspace(root, tool)
            self.ws.env.update(self.env)
        else:
            self.ws = Workspace(root, tool, _SMALL, env=self.env)
        if git:
            self._track(root)
        for command in self.commands:
            self.ws.cargo(*command)
        (folder / "now").rename(folder / "kept")
        self.reset()

    def _track(self, root: Path):
        (root / ".gitignore").write_text("/target\n*.ignored\n")
        (root / "gen" / "x.ignored").write_text("ignored\n")
        run = {"cwd": root, "check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(["git", "init", "-q"], **run)
        subprocess.run(["git", "add", "."], **run)
        (root / "gen" / "untracked.txt").write_text("not tracked, not ignored\n")

    def reset(self):
        for name in ("now", "moved"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        copy_target(self.folder / "kept", self.folder / "now")
        self._settle("now")

    def move(self):
        """The whole tree at another place."""
        (self.folder / "now").rename(self.folder / "moved")
        self._settle("moved")

    def _settle(self, name: str):
        self.ws.root = self.folder / name / "ws"
        self.ws.target = self.ws.root / "target"

    def plan(self, command: list, env: dict) -> dict:
        """What cargo would do: path of the hash file, relative to the target directory -> None if fresh, or its words."""
        tool, ws = self.tool, self.ws
        argv = [str(tool.program), command[0], *tool.options, "-v", *(["--locked"] if ws.locked else []), *command[1:]]
        env = dict(ws.environment(**env), CARGO_LOG="cargo::core::compiler::fingerprint=debug", **tool.env)
        env["PATH"] = f"{tool.bin}{os.pathsep}{env['PATH']}"
        run = subprocess.Popen(argv, cwd=ws.root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, errors="surrogateescape", start_new_session=True)
        seen, at, lines, ended = {}, None, [], False
        for line in run.stderr:
            lines.append(line)
            found = re.search(r"fingerprint at: (\S+)", line)
            if found:
                at = os.path.relpath(found.group(1), ws.target)
                seen[at] = None
            elif "fingerprint dirty for" in line or "fingerprint error for" in line:
                seen[at] = "dirty"
            elif re.search(r"(    dirty|    err): ", line) and at and seen[at] == "dirty":
                seen[at] = line.split("fingerprint: ", 1)[-1].strip()
            elif re.match(r"\s+(Fresh|Dirty|Compiling|Checking|Documenting|Running|Finished|Scraping) ", line):
                ended = True
                break
        try:
            os.killpg(run.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        run.wait()
        run.stderr.close()
        if not ended:
            raise CargoFailed("".join(lines)[-1500:])
        return seen


# What cargo's log calls a reason, and what explain does.
_REASONS = (
    ("PrecalculatedComponentsChanged", "package-changed"), ("RustflagsChanged", "rustflags-changed"),
    ("LocalLengthsChanged", "instructions-changed"), ("LocalFingerprintTypeChanged", "tracking-changed"),
    ("RerunIfChangedOutputPathsChanged", "rerun-paths-changed"), ("EnvVarsChanged", "rerun-variables-changed"),
    ("EnvVarChanged", "rerun-env-changed"), ("UnitDependencyInfoChanged", "dependency-changed"),
    ("StaleDepFingerprint", "dependency-rebuilt"), ("StaleDependency", "dependency-newer"),
    ("FailedToReadMetadata", "output-missing"), ("MissingFile", "file-missing"), ("ChangedFile", "file-changed"),
    ("ChangedEnv", "env-changed"), ("NothingObvious", "hash-changed"), ("err:", "first-build"),
)
# cargo looks at a unit's files in the order of a hash map: of several reasons any may come first. And where a dependency's
# JSON is gone, its hash is not known: that it changed, or was built, is the same to us.
_ALIKE = ({"file-missing", "file-changed"}, {"dependency-changed", "dependency-rebuilt", "dependency-newer"})


def same_reason(words: str, unit: dict) -> bool:
    expected = next((kind for name, kind in _REASONS if name in words), None)
    return expected == unit["reason_kind"] or any({expected, unit["reason_kind"]} <= kinds for kinds in _ALIKE)


class CargoFailed(Exception):
    """cargo itself could not plan (a manifest or a crate root is gone): nothing to compare."""


class Spoiler:
    """Applies random perturbations, and tells them."""

    def __init__(self, seed: int, pristine: Pristine):
        self.random = random.Random(seed)
        self.pristine, self.ws = pristine, pristine.ws
        self.env, self.done = {}, []
        self.files = self._collect()

    def _collect(self) -> dict:
        kinds = collections.defaultdict(list)
        target = self.ws.target
        for top in (self.ws.root, self.ws.root.parent / "outside"):
            for path in sorted(top.rglob("*")):
                if path.is_dir() or target in path.parents or ".git" in path.parts:
                    continue
                if path.name not in ("Cargo.toml", "Cargo.lock", ".gitignore", "config.toml"):
                    kinds["source"].append(path)
        for path in sorted(target.rglob("*")):
            if path.is_dir() or "incremental" in path.parts:
                continue
            relative = str(path.relative_to(target))
            if re.search(r"(\.fingerprint|/fingerprint)/", relative):
                if path.name.startswith("dep-"):
                    kinds["depinfo"].append(path)
                elif path.suffix == ".json":
                    kinds["hash"].append(path.with_suffix(""))
            elif re.search(r"/(output|run/stdout)$", relative):
                kinds["output"].append(path)
            elif re.search(r"/(deps|examples|out)/", relative) and path.suffix != ".d" and "doc/" not in relative:
                kinds["artifact"].append(path)
            elif path.suffix == ".d":
                kinds["rustc"].append(path)
        return kinds

    def pick(self, kind: str) -> Path:
        return self.random.choice(self.files[kind])

    def tell(self, what: str, path=None):
        self.done.append(f"{what} {os.path.relpath(path, self.ws.root)}" if path else what)

    def stamp(self, path: Path):
        """Another time: now, old, or that of a reference with a nanosecond more or less."""
        how = self.random.choice(["now", "old", "equal", "after", "before", "future"])
        reference = self.pick(self.random.choice(["depinfo", "output"]))
        ns = reference.stat().st_mtime_ns if reference.exists() else 10**18
        ns = {"old": 10**18, "equal": ns, "after": ns + 1, "before": ns - 1, "future": 4 * 10**18}.get(how)
        os.utime(path, **({} if ns is None else {"ns": (ns, ns)}))
        self.tell(f"stamp {how}", path)

    def touch_source(self):
        self.stamp(self.pick("source"))

    def edit_source(self):
        path = self.pick("source")
        with open(path, "a") as out:
            out.write("\n")
        self.tell("edit", path)

    def delete_source(self):
        path = self.pick("source")
        path.unlink()
        self.tell("delete", path)

    def rename_source(self):
        path = self.pick("source")
        path.rename(path.with_name(path.name + ".moved"))
        self.tell("rename", path)

    def add_file(self):
        folder = self.pick("source").parent
        path = folder / self.random.choice(["new.txt", ".new", "new.skip", "new.ignored", "new/deep.txt"])
        path.parent.mkdir(exist_ok=True)
        path.write_text("new\n")
        if self.random.random() < 0.5:
            os.utime(path, ns=(10**18, 10**18))
        self.tell("add", path)

    def link_source(self):
        path = self.pick("source")
        behind = path.with_name(path.name + ".real")
        path.rename(behind)
        path.symlink_to(behind.name)
        self.tell("turn into a link", path)

    def touch_folder(self):
        self.stamp(self.pick("source").parent)

    def artifact(self):
        path = self.pick("artifact")
        if self.random.random() < 0.5:
            path.unlink()
            self.tell("delete", path)
        else:
            self.stamp(path)

    def depinfo(self):
        path = self.pick("depinfo")
        how = self.random.choice(["delete", "stamp", "truncate", "empty", "foreign"])
        if how == "stamp":
            return self.stamp(path)
        if how == "delete":
            path.unlink()
        else:
            keep = path.stat()
            data = {"truncate": path.read_bytes()[:-3], "empty": b"", "foreign": b"\x01\0\0\0\xff\x07"}[how]
            path.write_bytes(data)
            os.utime(path, ns=(keep.st_atime_ns, keep.st_mtime_ns))
        self.tell(how, path)

    def hash(self):
        path = self.pick("hash")
        how = self.random.choice(["delete", "empty", "foreign", "upper", "other", "newline", "stamp"])
        text = path.read_text()
        if how == "delete":
            path.unlink()
        elif how == "stamp":
            return self.stamp(path)
        else:
            path.write_text({"empty": "", "foreign": "hello", "upper": text.upper(), "other": "0123456789abcdef",
                             "newline": text + "\n"}[how])
        self.tell(f"hash file: {how}", path)

    def rustc(self):
        path = self.pick("rustc")
        path.unlink()
        self.tell("delete", path)

    def folder(self):
        path = self.pick("hash").parent
        shutil.rmtree(path)
        self.tell("delete", path)

    def output(self):
        path = self.pick("output")
        how = self.random.choice(["delete", "stamp", "stamp", "add path", "add variable", "add absent", "metadata", "none",
                                  "root-output"])
        keep = path.stat()
        if how == "delete":
            path.unlink()
        elif how == "stamp":
            return self.stamp(path)
        elif how == "root-output":
            path.with_name("root-output").unlink(missing_ok=True)
        else:
            line = {"add path": "cargo:rerun-if-changed=build.rs", "add variable": "cargo:rerun-if-env-changed=HOME",
                    "add absent": "cargo:rerun-if-changed=no/such/file", "metadata": "cargo:key=value"}.get(how)
            path.write_text(path.read_text() + line + "\n" if line else "")
            os.utime(path, ns=(keep.st_atime_ns, keep.st_mtime_ns))
        self.tell(f"output: {how}", path)

    def variable(self):
        name = self.random.choice(["NATIVE_MODE", "PYO3_PYTHON", "APP_FLAVOUR", "VIRTUAL_ENV"])
        self.env[name] = self.random.choice(["", "x", "a b"])
        self.tell(f"{name}={self.env[name]}")

    def config(self):
        path = self.ws.root / ".cargo" / "config.toml"
        path.parent.mkdir(exist_ok=True)
        name = self.random.choice(["NATIVE_MODE", "APP_FLAVOUR"])
        value = self.random.choice(['"c"', '{ value = "c", force = true }', '{ value = "c", relative = true }'])
        with open(path, "a") as out:
            out.write(f"\n[env]\n{name} = {value}\n")
        self.tell(f"[env] {name} = {value}")

    def rustflags(self):
        self.env["RUSTFLAGS"] = "--cfg spoiled"
        self.tell("RUSTFLAGS")

    def seconds(self):
        for path in self.ws.target.rglob("*"):
            info = path.lstat()
            os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns // 10**9 * 10**9), follow_symlinks=False)
        self.tell("whole seconds in the target")

    def one_time(self):
        for path in self.ws.target.rglob("*"):
            os.utime(path, ns=(2 * 10**18, 2 * 10**18), follow_symlinks=False)
        self.tell("one time in the target")

    def checkout(self):
        for path in self.files["source"]:
            if path.exists():
                os.utime(path)
        self.tell("all sources new")

    def partial(self):
        """Some package is really built anew, and not what depends on it."""
        package = self.random.choice(["base", "native", "gen", "mac" if not self.ws.locked else "macros"])
        env = dict(self.env)
        if self.random.random() < 0.4:
            env["NATIVE_MODE"] = "partial"
        else:
            os.utime(self.ws.root / package / "src" / "lib.rs")
        command = self.random.choice(["build", "check"])
        try:
            self.ws.cargo(command, "-p", package, env=env)
        except AssertionError:
            pass
        self.tell(f"cargo {command} -p {package} with {env}")

    def spoil(self):
        ways = [self.touch_source] * 4 + [self.edit_source] * 2 + [self.delete_source, self.rename_source] + \
            [self.add_file] * 2 + [self.link_source, self.touch_folder] + [self.artifact] * 3 + [self.depinfo] * 3 + \
            [self.hash] * 3 + [self.rustc, self.folder] + [self.output] * 3 + [self.variable] * 3 + \
            [self.config, self.rustflags, self.seconds, self.one_time, self.checkout] + [self.partial] * 2
        for _ in range(self.random.choice([0, 1, 1, 1, 2, 2, 3, 5])):
            way = self.random.choice(ways)
            try:
                way()
            except (FileNotFoundError, NotADirectoryError, IndexError):
                self.tell(f"({way.__name__}: nothing there any more)")
        return self


def differences(pristine: Pristine, seed: int) -> tuple:
    """(lines that say where explain and cargo disagree, number of units compared, the perturbations)."""
    pristine.reset()
    spoiler = Spoiler(seed, pristine).spoil()
    command = spoiler.random.choice(pristine.commands)
    ws = pristine.ws
    if spoiler.random.random() < 0.07:
        pristine.move()
        spoiler.tell("move the workspace")
    env = ws.environment(**spoiler.env)
    said = steady("explain", "--format", "json", cwd=ws.root, env=env, check=False)
    try:
        planned = pristine.plan(command, spoiler.env)
    except CargoFailed as failed:
        return [], 0, spoiler.done + [f"cargo fails: {str(failed).strip().splitlines()[-1:]}"]
    if said.returncode != 0:
        return [f"explain fails, cargo does not: {said.stderr}"], 0, spoiler.done
    units = {f"{unit['directory']}/{unit['base']}": unit for unit in said.json["units"]}
    lines, compared = [], 0
    for path, words in sorted(planned.items()):
        unit = units.get(path)
        if unit is None:
            # Another directory than any that was there: only a unit that cargo builds from nothing.
            if words is None:
                lines.append(f"{path}: cargo says fresh, explain does not know it")
            continue
        compared += 1
        if unit["fresh"] != (words is None):
            lines.append(f"{path}: cargo: {words or 'fresh'}; explain: {unit['reason'] or 'fresh'}")
        elif words is not None and pristine.tool.version >= (1, 94, 0) and not same_reason(words, unit):
            lines.append(f"{path}: another reason: cargo: {words}; explain: {unit['reason']}")
    return lines, compared, [" ".join(command)] + spoiler.done


class Explain(E2ECase):
    def check(self, name: str, first: int, **how):
        pristine = Pristine(self.tmp, self.cargo(name), **how)
        compared = 0
        for seed in range(first, first + FEW):
            lines, count, done = differences(pristine, seed)
            compared += count
            self.assertEqual(lines, [], f"seed {seed}: {done}")
        self.assertGreater(compared, FEW * 5)

    def test_path(self):
        self.check("path", 1)

    def test_debian(self):
        self.check("debian", 101)

    def test_debian_web(self):
        self.check("debian-web", 201)

    def test_new_layout(self):
        self.check("newlayout", 301)

    def test_git(self):
        self.check("path", 401, git=True)

    def test_triple(self):
        self.check("path", 501, triple=True)


class Reports(E2ECase):
    """What is said about the verdicts: causes, what they drag along, what can be done."""

    def setUp(self):
        super().setUp()
        self.ws = Workspace(self.tmp / "ws", self.cargo("path"), _SMALL)
        self.ws.cargo("build", "--workspace")

    def explain(self, *args, env=None, **how):
        return steady("explain", *args, cwd=self.ws.root, env=self.ws.environment(**(env or {})), **how)

    def report(self, *args, **how) -> dict:
        return self.explain("--format", "json", *args, **how).json

    def cause(self, report: dict) -> dict:
        self.assertEqual(len(report["causes"]), 1, report["causes"])
        return report["causes"][0]

    def test_fresh(self):
        said = self.explain()
        self.assertRegex(said.stdout, r"all \d+ units are fresh")
        summary = self.report()["summary"]
        self.assertEqual((summary["dirty"], summary["causes"], summary["leftovers"]), (0, 0, 0))
        self.assertEqual(summary["fresh"], summary["units"])

    def test_cause_and_what_it_drags_along(self):
        os.utime(self.ws.root / "base/src/inner.rs")
        report = self.report()
        causes = {report["units"][cause["unit"]]["package"]: cause for cause in report["causes"]}
        self.assertEqual(set(causes), {"base"})
        dragged = {report["units"][i]["package"] for cause in report["causes"] for i in cause["units"]}
        self.assertEqual(dragged, {"base", "app", "cdy-x"})
        self.assertEqual(sum(len(cause["units"]) for cause in report["causes"]), report["summary"]["dirty"])
        text = self.explain().stdout
        self.assertIn("the file `base/src/inner.rs` has changed", text)
        self.assertIn("and because of it", text)
        self.assertIn("cargo steady restore", text)

    def test_set_aside(self):
        """cargo would say that a file of its own is missing; the cause is the one that `restore` found."""
        steady("save", cwd=self.ws.root, env=self.ws.environment())
        self.ws.edit("base/src/inner.rs", "= 1", "= 2")
        os.utime(self.ws.root / "base/src/inner.rs", (10**9, 10**9))
        steady("restore", cwd=self.ws.root, env=self.ws.environment())
        before = snapshot(self.ws.root, True)
        details = {cause["detail"] for cause in self.report()["causes"]}
        self.assertIn("set aside by `cargo steady restore`: base/src/inner.rs has changed", details)
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.root, True)), [])

    def test_scope(self):
        os.utime(self.ws.root / "base/src/inner.rs")
        self.assertEqual(self.report("-p", "native")["summary"]["dirty"], 0)
        self.assertEqual(self.report("-p", "native")["summary"]["units"], 3)
        self.assertGreater(self.report("-p", "native", "-p", "app")["summary"]["dirty"], 0)
        wrong = self.explain("-p", "nativ", check=False)
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("no package `nativ`", wrong.stderr)

    def test_variable(self):
        cause = self.cause(self.report(env={"NATIVE_MODE": "fast"}))
        self.assertEqual(cause["reason"], "the env variable NATIVE_MODE changed")
        self.assertEqual(cause["detail"], "built with it not set, now it is `fast`")
        python = self.cause(self.report(env={"PYO3_PYTHON": "/tmp/x/bin/python"}))
        self.assertIn("cargo steady shim", python["help"])

    def test_watched_path_that_is_not_there(self):
        self.ws.edit("native/build.rs", '"cargo:rerun-if-changed=data"', '"cargo:rerun-if-changed=dat"')
        for _ in range(2):
            self.ws.cargo("build", "--workspace")
        cause = self.cause(self.report())
        self.assertEqual(cause["reason"], "the file `native/dat` is missing")
        self.assertIn("runs the script in every build", cause["help"])

    def test_leftovers(self):
        flags = {"RUSTFLAGS": "--cfg other"}
        self.ws.cargo("build", "--workspace", env=flags)
        report = self.report(env=flags)
        self.assertEqual(report["summary"]["dirty"], 0, report["causes"])
        self.assertGreater(report["summary"]["leftovers"], 5)
        self.assertIn("left by other compilers, flags", self.explain(env=flags).stdout)

    def test_markdown(self):
        os.utime(self.ws.root / "mac/src/lib.rs")
        lines = self.explain("--format", "markdown").stdout.splitlines()
        self.assertIn("| Unit | Reason | Units | What to do |", lines)
        row = next(line for line in lines if line.startswith("| mac"))
        self.assertEqual(row.count("|"), 5)

    def test_nothing_built(self):
        shutil.rmtree(self.ws.target)
        said = self.explain("--target-dir", self.ws.target, check=False)
        self.assertEqual(said.returncode, 3)
        said = steady("explain", cwd=self.ws.root)
        self.assertIn("nothing has been built yet", said.stderr)

    def test_reads_only(self):
        before = snapshot(self.ws.root, True)
        self.explain()
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.root, True)), [])


def many(argv: list) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", required=True, help="FIRST-LAST")
    parser.add_argument("--cargo", action="append", choices=NAMES)
    parser.add_argument("--rich", action="store_true")
    parser.add_argument("--git", action="store_true")
    parser.add_argument("--triple", action="store_true", help="build with --target")
    args = parser.parse_args(argv)
    first, _, last = args.seeds.partition("-")
    cargos = [find_cargo(name) for name in args.cargo] if args.cargo else all_cargos()
    folder = Path(tempfile.mkdtemp(prefix="steady-explain-"))
    bad = total = units = failed = 0
    try:
        for number, tool in enumerate(cargos):
            pristine = Pristine(folder / tool.name, tool, args.rich, args.git, args.triple)
            for seed in range(int(first), int(last or first) + 1):
                if len(cargos) > 1 and seed % len(cargos) != number:
                    continue
                lines, compared, done = differences(pristine, seed)
                units, bad = units + compared, bad + bool(lines)
                if compared == 0 and not lines:
                    failed += 1
                else:
                    total += 1
                if lines:
                    print(f"{tool.name} seed {seed}: {done}", *lines, sep="\n    ", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{total} targets, {units} units compared, {bad} targets with differences; {failed} more that cargo itself refused")
    return 1 if bad else 0


if __name__ == "__main__":
    if any(word.startswith("--seeds") for word in sys.argv[1:]):
        sys.exit(many(sys.argv[1:]))
    main()
