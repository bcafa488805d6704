"""save and restore over the cargos there are, and over the places and ways a build can be in.

Each row is the whole story: build, save, cache, fresh clone, restore, build; then edits that carry an old time.
"""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

from steadytest import E2ECase, Workspace, main, snapshot, snapshot_difference, steady
from steadytest.histories import git
from steadytest.run import steady_program
from test_records import Records

_PACKAGE = '[package]\nname = "{0}"\nversion = "0.1.0"\nedition = "2021"\n'


def _package(name: str, *dependencies: str, more: str = "") -> str:
    lines = "".join(f'{dep} = {{ path = "../{dep}" }}\n' for dep in dependencies)
    return _PACKAGE.format(name) + more + "[dependencies]\n" + lines


_MACRO = """extern crate proc_macro;
#[proc_macro]
pub fn word(_: proc_macro::TokenStream) -> proc_macro::TokenStream { format!("{:?}", "mac1").parse().unwrap() }
"""
_WATCHES = """fn main() {
    println!("cargo:rerun-if-changed=data");
    let mut all: Vec<String> = std::fs::read_dir("data").unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap().trim().to_string()).collect();
    all.sort();
    println!("cargo:rustc-env=DATA={}", all.join("+"));
}
"""
_WHOLE = """fn main() {
    let out = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("text.rs");
    std::fs::write(out, format!("pub const TEXT: &str = {:?};", std::fs::read_to_string("any.txt").unwrap().trim())).unwrap();
}
"""

FILES = {
    ".gitignore": "target\n",
    "Cargo.toml": '[workspace]\nmembers = ["app", "mid", "leaf", "mac", "watches", "whole", "lone"]\nresolver = "2"\n',
    "app/Cargo.toml": _package("app", "mid", "mac", "watches", "whole"),
    "app/src/main.rs": "mod part;\nfn main() { println!(\"{} {} {} {} {}\", mid::text(), mac::word!(), watches::DATA, whole::TEXT,"
                       " part::TEXT); }\n",
    "app/src/part.rs": 'pub const TEXT: &str = "part1";\n',
    "mid/Cargo.toml": _package("mid", "leaf"),
    "mid/src/lib.rs": 'pub fn text() -> String { format!("mid1 {}", leaf::text()) }\n',
    "leaf/Cargo.toml": _package("leaf"),
    "leaf/src/lib.rs": 'pub fn text() -> &\'static str { include_str!("../leaf.txt").trim() }\n',
    "leaf/leaf.txt": "leaf1\n",
    "mac/Cargo.toml": _package("mac", more="[lib]\nproc-macro = true\n"),
    "mac/src/lib.rs": _MACRO,
    "watches/Cargo.toml": _package("watches"),
    "watches/build.rs": _WATCHES,
    "watches/data/a": "data1\n",
    "watches/src/lib.rs": 'pub const DATA: &str = env!("DATA");\n',
    "whole/Cargo.toml": _package("whole"),
    "whole/build.rs": _WHOLE,
    "whole/any.txt": "any1\n",
    "whole/src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/text.rs"));\n',
    "lone/Cargo.toml": _package("lone", "leaf"),
    "lone/src/main.rs": 'fn main() { println!("lone {}", leaf::text()); }\n',
}

ANSWER = "mid1 leaf1 mac1 data1 any1 part1"

#: What is edited, the old word and the new one, and the targets that this must build: no more, no fewer.
EDITS = (
    ("app/src/part.rs", "part1", "part2", ["app"]),
    ("leaf/leaf.txt", "leaf1", "leaf2", ["app", "leaf", "lone", "mid"]),
    ("mac/src/lib.rs", "mac1", "mac2", ["app", "mac"]),
    ("watches/data/a", "data1", "data2", ["app", "build-script-build", "watches"]),
    ("whole/any.txt", "any1", "any2", ["app", "build-script-build", "whole"]),
)
OLD = 1136073600  # 2006


class Matrix(Records):
    files = FILES

    def edit_old(self, path: str, old: str, new: str):
        """An edit of the same size that carries a time before every build."""
        self.edit(path, old, new)
        os.utime(self.ws.root / path, (OLD, OLD))

    def fresh_after(self, expected: str = ANSWER):
        """restore, then cargo compiles nothing and the program is right."""
        report = self.restore()
        self.assertEqual(report["summary"]["fresh"], report["summary"]["units"], self.reasons(report))
        self.assertEqual(self.build(), [])
        self.assertEqual(self.answer(), expected)
        return report

    @staticmethod
    def reasons(report: dict) -> list:
        return [f"{unit['package']} {unit['kind']}: {unit['reason']}" for unit in report["units"] if not unit["fresh"]]

    def edited(self, rows=EDITS, answer: str = ANSWER):
        """Each edit in turn: exactly what it must build, and the right program."""
        for path, old, new, rebuilt in rows:
            with self.subTest(edited=path):
                self.edit_old(path, old, new)
                answer = answer.replace(old, new)
                self.restore()
                # A script that runs again is no compilation: newer cargos do not list it as built.
                self.assertEqual([name for name in self.build() if name != "build-script-build"],
                                 [name for name in rebuilt if name != "build-script-build"])
                self.assertEqual(self.answer(), answer)
                self.save()
        return answer


class PathCargo(Matrix):
    """The cargo on PATH, and every edit."""

    def test_cache_and_clone(self):
        self.first()
        self.travel()
        self.fresh_after()
        self.edited()
        self.travel()
        self.restore()
        self.build()
        self.assertEqual(self.answer(), ANSWER, "the clone holds what was committed, not what was edited")

    def test_cargo_alone_is_stale(self):
        """What the edits with old times are for: without restore, cargo takes them for unchanged."""
        self.first()
        self.edit_old("leaf/leaf.txt", "leaf1", "leaf2")
        self.assertEqual(self.build(), [])
        self.assertEqual(self.answer(), ANSWER)

    def test_newest_files_of_one_time(self):
        """Of a package's files that are equally new, cargos of different ages name different ones."""
        for tool in ("path", "debian"):
            with self.subTest(cargo=tool):
                self.ws.use(self.cargo(tool))
                self.clone()
                self.first()
                for path in (self.root / "whole").rglob("*"):
                    os.utime(path, (OLD + 86400, OLD + 86400))
                self.fresh_after()

    def test_release_beside_debug(self):
        self.first()
        self.ws.cargo("build", "--release")
        self.save()
        self.travel()
        self.edit_old("leaf/leaf.txt", "leaf1", "leaf2")
        self.restore()
        self.assertEqual(self.build("--release"), ["app", "leaf", "lone", "mid"])
        self.assertEqual(self.build(), ["app", "leaf", "lone", "mid"])
        self.assertEqual(self.answer(), ANSWER.replace("leaf1", "leaf2"))
        self.assertEqual(subprocess.run([str(self.ws.target / "release/lone")], stdout=subprocess.PIPE, text=True,
                                        check=True).stdout, "lone leaf2\n")


_LINKED = "fn main() { println!(\"cargo:rerun-if-changed=data\"); }\n"


class Links(Matrix):
    """The run of a script depends on its own script, and on the runs of those with `links` below: it is in its own package."""

    files = dict(FILES, **{
        "Cargo.toml": FILES["Cargo.toml"].replace('"lone"', '"lone", "aaa"'),
        "aaa/Cargo.toml": _package("aaa").replace("[package]", '[package]\nlinks = "aaa"'),
        "aaa/build.rs": _LINKED,
        "aaa/data/a": "never changed\n",
        "aaa/src/lib.rs": "",
        "watches/Cargo.toml": _package("watches", "aaa"),
        "whole/Cargo.toml": _package("whole", "aaa"),
    })

    def test_scripts_above(self):
        self.first()
        self.travel()
        self.fresh_after()
        self.edited(EDITS[3:])


class OneStory(Matrix):
    """For the other cargos: one story, with the edits that differ most."""

    rows = EDITS[1:2] + EDITS[3:]

    def story(self, tool: str):
        self.ws.use(self.cargo(tool))
        self.first()
        self.travel()
        self.fresh_after()
        self.edited(self.rows)

    def test_debian(self):
        self.story("debian")

    def test_debian_web(self):
        self.story("debian-web")

    def test_new_layout(self):
        self.story("newlayout")


class WithoutGit(Matrix):
    """Sources that came as files: no repository around, and all of them new."""

    def copy_sources(self):
        """In place of the checkout: a copy of its files, with the times of now."""
        sources = self.tmp / "sources"
        shutil.copytree(self.origin, sources, ignore=shutil.ignore_patterns(".git"), copy_function=shutil.copyfile)
        shutil.rmtree(self.root)
        os.rename(sources, self.root)

    def test_copied(self):
        self.copy_sources()
        self.first()
        self.pack()
        self.copy_sources()
        self.unpack()
        self.fresh_after()
        self.edited(EDITS[2:])

    def test_file_added_and_removed(self):
        self.copy_sources()
        self.first()
        self.pack()
        self.copy_sources()
        self.unpack()
        self.ws.write("watches/data/b", "more\n")
        self.ws.write("whole/unused.txt", "")
        self.restore()
        self.build()
        self.assertEqual(self.answer(), ANSWER.replace("data1", "data1+more"))
        (self.root / "watches/data/b").unlink()
        self.restore()
        self.build()
        self.assertEqual(self.answer(), ANSWER)


class Transports(Matrix):
    """What caches do to times."""

    def lost(self, pack=(), unpack=()):
        self.first()
        self.travel(pack, unpack)
        self.fresh_after()
        self.edited(EDITS[1:2] + EDITS[4:])

    def test_whole_seconds(self):
        self.lost(("--format=gnu",))

    def test_tar_m(self):
        self.lost((), ("-m",))

    def test_cp_r(self):
        self.first()
        subprocess.run(["cp", "-r", str(self.ws.target), str(self.tmp / "keep")], check=True)
        self.clone()
        subprocess.run(["cp", "-r", str(self.tmp / "keep"), str(self.ws.target)], check=True)
        self.fresh_after()
        self.edited(EDITS[1:2] + EDITS[4:])

    def test_cargo_alone_is_stale_without_times(self):
        """Every output looks newer than the checkout."""
        self.first()
        self.edit_origin("leaf/leaf.txt", "leaf1", "leaf2")
        self.travel((), ("-m",))
        self.build()
        self.assertEqual(self.answer(), ANSWER)


MOVED = dict(FILES, **{"lone/src/main.rs": 'fn main() { println!("{} {}", env!("CARGO_MANIFEST_DIR"), leaf::text()); }\n'})


class OtherPlaces(Matrix):
    """The target directory stays, or travels, and the sources are elsewhere."""

    files = MOVED

    def setUp(self):
        super().setUp()
        self.other = self.tmp / "other"

    def lone(self):
        done = subprocess.run([str(self.ws.target / "debug/lone")], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip().replace(str(self.tmp), "")

    def test_moved(self):
        self.first()
        self.assertEqual(self.lone(), "/ws/lone leaf1")
        os.rename(self.root, self.other)
        self.ws.root, self.ws.target = self.other, self.other / "target"
        self.restore()
        # lone holds its directory; whole the one of its OUT_DIR, which moved with the target directory; app is above it.
        self.assertEqual(self.build(), ["app", "lone", "whole"])
        self.assertEqual((self.answer(), self.lone()), (ANSWER, "/other/lone leaf1"))
        self.save()
        self.edited(EDITS[1:2])
        self.assertEqual(self.lone(), "/other/lone leaf2")

    def test_moved_sources_only(self):
        self.ws.target = self.tmp / "target"
        self.first()
        os.rename(self.root, self.other)
        self.ws.root = self.other
        self.edit_old("whole/any.txt", "any1", "any2")
        self.restore()
        self.assertEqual(self.build(), ["app", "lone", "whole"])
        self.assertEqual((self.answer(), self.lone()), (ANSWER.replace("any1", "any2"), "/other/lone leaf1"))

    def test_worktrees_share_a_target(self):
        self.ws.target = self.tmp / "shared"
        git(self.root, "worktree", "add", "-q", "--detach", str(self.other))
        said = {self.root: ANSWER, self.other: ANSWER}
        for turn in range(6):
            self.ws.root = (self.root, self.other)[turn % 2]
            with self.subTest(turn=turn):
                if turn in (2, 3, 5):
                    new = {2: "leaf2", 3: "leaf3", 5: "leaf2"}[turn]
                    old = next(word for word in said[self.ws.root].split() if word.startswith("leaf"))
                    self.edit_old("leaf/leaf.txt", old, new)
                    said[self.ws.root] = said[self.ws.root].replace(old, new)
                self.restore()
                self.build()
                self.assertEqual(self.answer(), said[self.ws.root])
                if turn != 4:
                    self.save()


class OtherWorkspaces(E2ECase):
    """One target directory for several workspaces, as a user's own configuration says: each has its own units there."""

    def setUp(self):
        super().setUp()
        self.target, self.ws = self.tmp / "target", {}
        for name in ("one", "two"):
            manifest = _package(name) + "\n[workspace]\n"
            files = {"Cargo.toml": manifest, "src/main.rs": 'fn main() { println!("hello"); }\n'}
            self.ws[name] = Workspace(self.tmp / name, self.cargo("path"), files, env={"CARGO_TARGET_DIR": str(self.target)})
            self.ws[name].target = self.target
            self.ws[name].cargo("generate-lockfile")
        for name in ("one", "two"):
            self.steady("restore", name)
            self.ws[name].cargo("build")
            self.steady("save", name)

    def steady(self, command: str, name: str):
        return steady(command, "--format", "json", cwd=self.ws[name].root, env=self.ws[name].environment()).json

    def test_nothing_of_another_is_touched(self):
        before = snapshot(self.target)
        self.ws["two"].edit("src/main.rs", "hello", "world")
        report = self.steady("restore", "two")
        verdicts = {unit["package"]: unit["verdict"] for unit in report["units"]}
        self.assertEqual(verdicts, {"one": "elsewhere", "two": "changed"})
        changed = snapshot_difference(before, snapshot(self.target))
        self.assertEqual([line for line in changed if "/one-" in line], [])
        self.assertEqual({unit["package"] for unit in self.steady("explain", "two")["units"] if not unit["leftover"]}, {"two"})
        self.assertEqual(self.ws["one"].cargo("build").rebuilt, [])
        self.assertEqual(self.ws["two"].cargo("build").rebuilt, ["two"])

    def test_equal_files_of_another_prove_nothing(self):
        """The other one's file has the recorded bytes, and is younger than an edit of ours that cargo alone sees."""
        self.ws["one"].edit("src/main.rs", "hello", "world")
        time.sleep(0.02)
        os.utime(self.ws["two"].root / "src/main.rs")
        self.steady("restore", "two")
        self.assertEqual(self.ws["one"].cargo("build").rebuilt, ["one"])


class ReadOnly(Matrix):
    """Nothing is written where nothing can be written, and no half of a thing is done."""

    def sealed(self, folder: Path, *args):
        """cargo-steady ARGS with FOLDER mounted read-only: this holds for root too."""
        script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$1" && shift && exec "$@"'
        wrapped = ["unshare", "-rm", "sh", "-c", script, str(folder), str(self.ws.root)]
        if not shutil.which("unshare") or subprocess.run([*wrapped, "true"], capture_output=True).returncode != 0:
            self.missing("this system lets nobody mount in a namespace of his own")
        return subprocess.run([*wrapped, str(steady_program()), *args], env=self.ws.environment(), text=True,
                              capture_output=True, timeout=120)

    def test_sources(self):
        self.ws.target = self.tmp / "target"
        self.first()
        kept = self.tmp / "kept.tar"
        subprocess.run(["tar", "--posix", "-C", str(self.tmp), "-cf", str(kept), "target"], check=True)
        self.clone()
        shutil.rmtree(self.ws.target)
        subprocess.run(["tar", "-C", str(self.tmp), "-xf", str(kept)], check=True)
        before = self.inodes()
        done = self.sealed(self.root, "restore")
        self.assertEqual((done.returncode, self.inodes()), (0, before), done.stderr)
        self.assertEqual(self.build(), [])
        self.edit("leaf/leaf.txt", "leaf1", "leaf2")
        self.assertEqual(self.sealed(self.root, "restore").returncode, 0)
        self.assertEqual(self.build(), ["app", "leaf", "lone", "mid"])
        done = self.sealed(self.root, "save")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.answer(), ANSWER.replace("leaf1", "leaf2"))

    def inodes(self) -> list:
        """Every source with its times, the change time of the inode too: nobody can set that one back."""
        return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in self.root.rglob("*"))

    def test_target(self):
        self.first()
        self.travel()
        self.edit("leaf/leaf.txt", "leaf1", "leaf2")
        before = snapshot(self.ws.target, directories=True)
        for command in ("restore", "save"):
            with self.subTest(command=command):
                done = self.sealed(self.ws.target, command)
                self.assertNotEqual(done.returncode, 0, done.stderr)
                self.assertIn("ead-only file system", done.stderr)
                self.assertIn(str(self.ws.target), done.stderr)
                self.assertLessEqual(len(done.stderr.splitlines()), 3, done.stderr)
                self.assertEqual(snapshot_difference(before, snapshot(self.ws.target, directories=True)), [])
        for args in (("restore", "--dry-run"), ("explain",)):
            with self.subTest(command=args):
                done = self.sealed(self.ws.target, *args)
                self.assertEqual(done.returncode, 0, done.stderr)
        self.restore()
        self.assertEqual(self.build(), ["app", "leaf", "lone", "mid"])
        self.assertEqual(self.answer(), ANSWER.replace("leaf1", "leaf2"))


_WAITS = """fn main() {
    println!("cargo:rerun-if-changed=data");
    let text = std::fs::read_to_string("data/a").unwrap();
    if let Ok(gate) = std::env::var("GATE") {
        std::fs::write(format!("{gate}.read"), "").unwrap();
        while !std::path::Path::new(&gate).exists() { std::thread::sleep(std::time::Duration::from_millis(5)); }
    }
    println!("cargo:rustc-env=DATA={}", text.trim());
}
"""


class ChangedMeanwhile(Matrix):
    """A file that is changed while the build runs was not what was built."""

    files = dict(FILES, **{"watches/build.rs": _WAITS})

    def build_and_edit(self, *edits):
        """Builds; while a script waits, having read its input, EDITS (path, old, new, time) are made."""
        gate = self.tmp / "gate"
        failed = []

        def meddle():
            deadline = time.monotonic() + 120
            while not Path(f"{gate}.read").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            for path, old, new, stamp in edits:
                kept = (self.ws.root / path).stat().st_mtime_ns
                self.edit(path, old, new)
                if stamp == "kept":
                    os.utime(self.ws.root / path, ns=(kept, kept))
                elif stamp:
                    os.utime(self.ws.root / path, (stamp, stamp))
            gate.write_text("")

        other = threading.Thread(target=meddle)
        other.start()
        try:
            self.ws.cargo("build", env={"GATE": gate})
        except AssertionError as error:
            failed.append(error)
        other.join()
        self.assertEqual(failed, [])
        for path in (gate, Path(f"{gate}.read")):
            path.unlink()

    def never_recorded(self, stamp):
        self.restore()
        self.build_and_edit(("watches/data/a", "data1", "data2", stamp))
        self.assertEqual(self.answer(), ANSWER, "the script had read the old bytes")
        report = self.save()
        refused = {unit["package"] for unit in report["units"] if unit["verdict"] == "refused"}
        self.assertEqual(refused, {"app", "watches"}, report["units"])
        git(self.root, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "changed meanwhile")
        git(self.root, "push", "-q", "origin", "HEAD:refs/heads/next")
        git(self.origin, "checkout", "-q", "next")
        self.travel()
        self.assertEqual((self.root / "watches/data/a").read_text(), "data2\n")
        self.restore()
        rebuilt = self.build()
        self.assertEqual([name for name in rebuilt if name != "build-script-build"], ["app", "watches"])
        self.assertEqual(self.answer(), ANSWER.replace("data1", "data2"))

    def test_new_time(self):
        self.never_recorded(None)

    def test_old_time(self):
        """The time of the file says that it is older than the build, the time of its inode does not."""
        self.never_recorded(OLD)

    def test_same_time(self):
        self.never_recorded("kept")


if __name__ == "__main__":
    main()
