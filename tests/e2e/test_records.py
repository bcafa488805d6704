"""save and restore: exactly the unchanged units stay fresh, with real cargos, over every way a target directory travels."""

import os
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from steadytest import E2ECase, Workspace, copy_target, main, steady
from steadytest.histories import git

FILES = {
    ".gitignore": "target\n",
    "Cargo.toml": '[workspace]\nmembers = ["app", "plain", "script"]\nresolver = "2"\n',
    "app/Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n'
                      '[dependencies]\nplain = { path = "../plain" }\nscript = { path = "../script" }\n',
    "app/src/main.rs": 'fn main() { println!("{} {} {}", plain::text(), script::text(), include_str!("msg.txt").trim()); }\n',
    "app/src/msg.txt": "msg1\n",
    "plain/Cargo.toml": '[package]\nname = "plain"\nversion = "0.1.0"\nedition = "2021"\n',
    "plain/src/lib.rs": 'pub fn text() -> &\'static str { "plain1" }\n',
    "script/Cargo.toml": '[package]\nname = "script"\nversion = "0.1.0"\nedition = "2021"\n',
    "script/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=data");\n'
                       '    println!("cargo:rustc-env=DATA={}", std::fs::read_to_string("data/x").unwrap().trim());\n}\n',
    "script/data/x": "data1\n",
    "script/src/lib.rs": 'pub fn text() -> &\'static str { env!("DATA") }\n',
}


class Records(E2ECase):
    """A repository at `origin`, a checkout at `ws`, whose place is always the same."""

    tool = "path"
    files = FILES

    def setUp(self):
        super().setUp()
        self.origin, self.root = self.tmp / "origin", self.tmp / "ws"
        self.ws = Workspace(self.origin, self.cargo(self.tool), self.files)
        git(self.origin, "init", "-q", "-b", "main")
        git(self.origin, "config", "user.name", "t")
        git(self.origin, "config", "user.email", "t@example.org")
        self.commit("first")
        self.ws.root, self.ws.target = self.root, self.root / "target"
        self.clone()

    def commit(self, message="next"):
        git(self.origin, "add", "-A")
        git(self.origin, "commit", "-q", "-m", message)

    def clone(self, at=None):
        """A fresh checkout in place of the old one; the target directory is gone."""
        at = at or self.root
        if at.exists():
            shutil.rmtree(at)
        git(self.tmp, "clone", "-q", "--depth", "1", f"file://{self.origin}", str(at))

    def pack(self, how=("--posix",)):
        subprocess.run(["tar", *how, "-C", str(self.root), "-cf", str(self.tmp / "cache.tar"), "target"], check=True)

    def unpack(self, how=()):
        subprocess.run(["tar", "--warning=no-timestamp", *how, "-C", str(self.root), "-xf", str(self.tmp / "cache.tar")], check=True)

    def travel(self, pack=("--posix",), unpack=()):
        """The target directory goes to a fresh clone, as with a cache."""
        self.pack(pack)
        self.clone()
        self.unpack(unpack)

    def steady(self, *args, **how):
        how.setdefault("cwd", self.ws.root)
        return steady(*args, env=self.ws.environment(), **how)

    def restore(self, *args):
        return self.steady("restore", "--format", "json", *args).json

    def save(self, *args):
        return self.steady("save", "--format", "json", *args).json

    def first(self):
        """restore, build, save on a cold cache."""
        self.restore()
        self.ws.cargo("build")
        self.save()

    def answer(self):
        return subprocess.run([str(self.ws.target / "debug" / "app")], stdout=subprocess.PIPE, text=True,
                              check=True).stdout.strip()

    def build(self, *args):
        """Names of the targets that were compiled."""
        return self.ws.cargo("build", *args).rebuilt

    def check_next(self, rebuilt, answer):
        self.restore()
        self.assertEqual(self.build(), sorted(rebuilt))
        self.assertEqual(self.answer(), answer)

    def edit(self, path, old, new):
        """In the work tree."""
        self.ws.edit(path, old, new)

    def edit_origin(self, path, old, new):
        full = self.origin / path
        text = full.read_text()
        self.assertIn(old, text)
        full.write_text(text.replace(old, new))
        self.commit()

    def documentation_has_a_stamp(self):
        """Older cargos (1.85) do not note when they began to document: nothing can be recorded, it is always made again."""
        return any((path.parent / "invoked.timestamp").exists() for path in self.ws.target.rglob("doc-lib-plain"))


class Basics(Records):
    def test_a_fresh_clone_compiles_nothing(self):
        self.first()
        self.travel()
        report = self.restore()
        self.assertEqual(report["summary"]["fresh"], report["summary"]["units"])
        self.assertEqual(self.build(), [])
        self.assertEqual(self.answer(), "plain1 data1 msg1")

    def test_without_restore_everything_is_compiled(self):
        """What the command is for: cargo alone."""
        self.first()
        self.travel()
        self.assertIn("plain", self.build())

    def test_one_changed_file(self):
        self.first()
        self.edit_origin("app/src/msg.txt", "msg1", "msg2")
        self.travel()
        self.check_next(["app"], "plain1 data1 msg2")

    def test_a_changed_dependency(self):
        self.first()
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        self.travel()
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_watched_directory(self):
        self.first()
        self.edit_origin("script/data/x", "data1", "data2")
        self.travel()
        self.check_next(["app", "script"], "plain1 data2 msg1")

    def test_a_file_added_to_a_watched_directory(self):
        self.first()
        (self.origin / "script/data/y").write_text("")
        self.commit()
        self.travel()
        self.check_next(["app", "script"], "plain1 data1 msg1")

    def test_unrecorded_units_are_rebuilt(self):
        self.restore()
        self.ws.cargo("build")
        self.travel()
        report = self.restore()
        self.assertEqual(report["summary"]["unknown"] + report["summary"]["changed"], report["summary"]["units"])
        self.assertEqual(self.build(), ["app", "build-script-build", "plain", "script"])

    def test_nothing_is_recorded_without_proof(self):
        self.first()
        self.travel()
        for record in self.ws.target.rglob("steady-*"):
            record.unlink()
        shutil.rmtree(self.ws.target / ".cargo-steady", ignore_errors=True)
        report = self.save()
        self.assertEqual(report["summary"]["recorded"], 0)
        self.assertTrue(all(unit["reason"] for unit in report["units"]))

    def test_a_second_run_changes_nothing(self):
        self.first()
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        self.travel()
        self.assertGreater(self.restore()["summary"]["steps"], 0)
        self.assertEqual(self.restore()["summary"]["steps"], 0)
        self.assertEqual(self.steady("restore", "--check").returncode, 0)

    def test_check_and_dry_run_change_nothing(self):
        self.first()
        self.travel()
        self.assertEqual(self.steady("restore", "--check", check=False).returncode, 1)
        self.assertGreater(self.restore("--dry-run")["summary"]["steps"], 0)
        self.assertIn("plain", self.build())

    def test_cold_cache(self):
        self.assertEqual(self.steady("save").returncode, 0)
        self.assertFalse(self.ws.target.exists())
        self.restore()
        self.assertTrue((self.ws.target / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55"))

    def test_a_damaged_record_is_a_rebuild(self):
        self.first()
        self.travel()
        record = next(self.ws.target.rglob("steady-lib-plain"))
        record.write_bytes(record.read_bytes()[:-1])
        said = self.steady("restore", "--strict", check=False)
        self.assertEqual(said.returncode, 4)
        self.assertIn("the record of plain (lib, debug) cannot be used: a damaged record", said.stderr)
        self.assertEqual(self.build(), ["app", "plain"])

    def test_edit_before_save_is_not_recorded(self):
        """S18: what is on disk at save is not what was built."""
        self.restore()
        self.ws.cargo("build")
        time.sleep(0.05)
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        report = self.save()
        self.assertIn("plain/src/lib.rs was changed", str(report["units"]))
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_other_names_in_a_package_before_save(self):
        """Tests leave files in the package's root; git writes a file anew that was edited: nothing that was built from."""
        self.restore()
        self.ws.cargo("build")
        time.sleep(0.05)
        (self.root / "plain/src/lib.rs.orig").write_text("")
        (self.root / "script/junit.xml").write_text("")
        self.edit("app/Cargo.toml", "0.1.0", "0.1.1")
        git(self.root, "checkout", "-q", "app/Cargo.toml")
        self.save()
        self.travel()
        self.check_next([], "plain1 data1 msg1")

    def test_another_directory_in_its_place_before_save(self):
        """Old stamps, a new directory, and then a name that makes its new ctime look like any other."""
        for hide in (False, True):
            with self.subTest(hide=hide):
                self.clone()
                self.restore()
                other = self.root / "plain/src.new"
                other.mkdir()
                (other / "lib.rs").write_text('pub fn text() -> &\'static str { "plain2" }\n')
                self.ws.cargo("build")
                time.sleep(0.05)
                (self.root / "plain/src").rename(self.root / "plain/src.old")
                other.rename(self.root / "plain/src")
                if hide:
                    (self.root / "plain/src/more").write_text("")
                self.assertIn("was changed after the unit was started", str(self.save()["units"]))
                self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_fresh_before(self):
        """What restore says of the time before it is what explain said."""
        def compare(*expected):
            before = self.steady("explain", "--format", "json", check=False).json["summary"]["fresh"]
            summary = self.restore()["summary"]
            self.assertEqual(summary["fresh_before"], before)
            self.assertEqual((before, summary["fresh"]), expected)

        self.first()
        compare(5, 5)
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        compare(3, 3)
        self.edit("plain/src/lib.rs", "plain2", "plain1")
        compare(3, 5)
        self.travel()
        compare(0, 5)
        compare(5, 5)

    def test_partial_build(self):
        """S6: the other package's build did not see the new bytes."""
        self.first()
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        self.travel()
        self.restore()
        self.assertEqual(self.build("-p", "plain"), ["plain"])
        self.save()
        self.travel()
        self.check_next(["app"], "plain2 data1 msg1")

    def test_there_and_back(self):
        """S5: A, B, and A again; what was set aside comes back."""
        self.first()
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.restore()
        self.edit("plain/src/lib.rs", "plain2", "plain1")
        self.check_next([], "plain1 data1 msg1")
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.check_next(["app", "plain"], "plain2 data1 msg1")
        self.edit("plain/src/lib.rs", "plain2", "plain1")
        self.check_next(["app", "plain"], "plain1 data1 msg1")

    def test_a_build_that_failed_early(self):
        """cargo empties hash files when it plans; units that it never came to are still what they were."""
        self.first()
        self.edit("plain/src/lib.rs", "pub fn", "pub fun")
        for path in ("script/src/lib.rs", "script/data/x", "app/src/msg.txt"):
            (self.root / path).touch()
        self.assertNotEqual(self.ws.cargo("build", "-j", "1", check=False).returncode, 0)
        self.edit("plain/src/lib.rs", "pub fun", "pub fn")
        self.restore()
        self.assertNotIn("app", self.build("-p", "script"))
        self.build()
        self.assertEqual(self.answer(), "plain1 data1 msg1")
        self.restore()
        self.assertEqual(self.restore()["summary"]["steps"], 0)

    def test_documentation_comes_back_too(self):
        self.restore()
        self.ws.cargo("build")
        self.ws.cargo("doc")
        self.save()
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.restore()
        self.edit("plain/src/lib.rs", "plain2", "plain1")
        self.restore()
        compiled = self.ws.cargo("doc").compiled
        if self.documentation_has_a_stamp():
            self.assertEqual(compiled, [])
        else:
            self.assertIn("plain", compiled)

    def test_old_stamps_on_new_bytes(self):
        """S1, S11: times say nothing."""
        self.first()
        path = self.root / "app/src/msg.txt"
        old = os.stat(path)
        path.write_text("msg2\n")
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
        self.assertEqual(self.build(), [])
        self.check_next(["app"], "plain1 data1 msg2")

    def test_a_reference_that_cargo_cannot_parse(self):
        self.first()
        reference = next(self.ws.target.rglob("dep-lib-plain"))
        reference.write_bytes(b"\x01\0\0\0\xff\x01" + b"\xff\xff\xff\x7f")
        self.check_next(["app", "plain"], "plain1 data1 msg1")


class SaveOptions(Records):
    """Which units are recorded."""

    def recorded(self, *args) -> tuple:
        """Packages that get a record now, and what is said."""
        said = self.steady("save", "--dry-run", "--format", "json", *args)
        return {unit["package"] for unit in said.json["units"] if unit["verdict"] == "recorded"}, said.stderr

    def test_packages_and_profiles(self):
        self.restore()
        self.ws.cargo("build")
        everything = {"app", "plain", "script"}
        for args, expected, words in (
                ((), everything, ""), (("-p", "plain"), {"plain"}, ""), (("-p", "plain", "-p", "script"), {"plain", "script"}, ""),
                (("--profile", "debug"), everything, ""), (("--profile", "dev"), everything, ""),
                (("--profile", "release"), set(), "nothing was built with the profile `release`"),
                (("-p", "plane", "-p", "plain"), {"plain"}, "no package `plane` was built")):
            with self.subTest(args=args):
                packages, said = self.recorded(*args)
                self.assertEqual(packages, expected)
                self.assertEqual(said.strip(), f"warning: {words}" if words else "")

    def test_what_to_do_where_nothing_can_be_recorded(self):
        """The advice is of use once: where a mark was left before the build, something else is the reason."""
        self.ws.cargo("build")
        copy_target(self.ws.target.rename(self.tmp / "kept"), self.ws.target)
        advice = "run `cargo steady restore` before `cargo build`"
        self.assertIn(advice, self.steady("save").stderr)
        self.restore()
        self.assertNotIn(advice, self.steady("save").stderr)
        self.ws.cargo("build")
        self.assertNotIn("Unrecorded", self.steady("save").stderr)


class WholePackage(Records):
    """D4: a script without rerun-if lines watches its whole package, by the newest file's very time."""

    files = dict(FILES, **{
        "script/build.rs": 'fn main() {\n    println!("cargo:rustc-env=DATA={}", std::fs::read_to_string("data/x").unwrap().trim());\n}\n',
        "script/notes/nested/Cargo.toml": '[package]\nname = "nested"\nversion = "0.1.0"\n[workspace]\n',
        "script/notes/nested/src/lib.rs": "",
        "script/.hidden": "1\n",
    })

    def test_a_fresh_clone_compiles_nothing(self):
        self.first()
        for _ in range(3):
            self.travel()
            self.check_next([], "plain1 data1 msg1")
        self.assertEqual(self.restore()["summary"]["steps"], 0)

    def test_any_file_of_the_package_counts(self):
        self.first()
        self.edit_origin("script/.hidden", "1", "2")
        self.travel()
        self.check_next(["app", "script"], "plain1 data1 msg1")

    def test_nested_packages_do_not(self):
        self.first()
        (self.origin / "script/notes/nested/src/lib.rs").write_text("// more\n")
        self.commit()
        self.travel()
        self.check_next([], "plain1 data1 msg1")

    def test_changed(self):
        self.first()
        self.edit_origin("script/data/x", "data1", "data2")
        self.travel()
        self.check_next(["app", "script"], "plain1 data2 msg1")
        self.save()
        self.travel()
        self.check_next([], "plain1 data2 msg1")

    def test_documentation(self):
        self.restore()
        self.ws.cargo("build")
        self.ws.cargo("doc")
        self.save()
        self.travel()
        report = self.restore()
        self.assertEqual(self.ws.cargo("build").compiled, [])
        compiled = self.ws.cargo("doc").compiled
        if self.documentation_has_a_stamp():
            self.assertEqual(report["summary"]["fresh"], report["summary"]["units"])
            self.assertEqual(compiled, [])
        else:
            self.assertIn("plain", compiled)
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.restore()
        self.assertIn("plain", self.ws.cargo("doc").compiled)

    def test_without_git(self):
        shutil.rmtree(self.root / ".git")
        self.first()
        self.pack()
        for path in self.root.rglob("*"):
            os.utime(path)
        shutil.rmtree(self.ws.target)
        self.unpack()
        self.check_next([], "plain1 data1 msg1")
        self.edit("script/data/x", "data1", "data2")
        self.check_next(["app", "script"], "plain1 data2 msg1")


class LostStamps(Records):
    """S9, S10, D5: transports that keep whole seconds, or no times at all, and clocks that differ."""

    files = dict(FILES, **{"script/build.rs": FILES["script/build.rs"].replace(
        "fn main() {", 'fn main() {\n    std::fs::write(std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("o.rs"), "1").unwrap();')
        , "script/src/lib.rs": 'pub fn text() -> &\'static str { let _: i32 = include!(concat!(env!("OUT_DIR"), "/o.rs")); env!("DATA") }\n'})

    def cp(self):
        keep = self.tmp / "keep"
        subprocess.run(["cp", "-r", str(self.ws.target), str(keep)], check=True)
        self.clone()
        subprocess.run(["cp", "-r", str(keep), str(self.ws.target)], check=True)
        shutil.rmtree(keep)

    def shift(self, seconds):
        self.travel()
        for path in self.ws.target.rglob("*"):
            st = os.stat(path)
            os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns + seconds * 10**9))

    WAYS = {
        "seconds": lambda self: self.travel(("--format=gnu",)),
        "tar -m": lambda self: self.travel((), ("-m",)),
        "cp -r": cp,
        "an hour ahead": lambda self: self.shift(3600),
        "an hour behind": lambda self: self.shift(-3600),
    }

    def test_unchanged(self):
        self.first()
        for name, way in self.WAYS.items():
            with self.subTest(way=name):
                way(self)
                self.assertEqual(self.restore()["summary"]["fresh"], 5)
                self.assertEqual(self.restore()["summary"]["steps"], 0)
                self.assertEqual(self.build(), [])

    def test_changed(self):
        self.first()
        text = "plain1"
        for n, (name, way) in enumerate(self.WAYS.items()):
            with self.subTest(way=name):
                self.edit_origin("plain/src/lib.rs", text, f"plain{n + 2}")
                text = f"plain{n + 2}"
                way(self)
                self.check_next(["app", "plain"], f"{text} data1 msg1")
                self.save()

    def test_partial_build_before(self):
        """X9: order comes from the bindings alone."""
        self.first()
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        self.travel()
        self.restore()
        self.build("-p", "plain")
        self.save()
        for name, way in self.WAYS.items():
            with self.subTest(way=name):
                self.pack()
                way(self)
                self.check_next(["app"], "plain2 data1 msg1")
                shutil.rmtree(self.ws.target)
                self.unpack()

    def test_one_build_again_is_not_lost(self):
        self.first()
        (self.root / "plain/src/lib.rs").touch()
        self.ws.cargo("build", "-p", "plain")
        self.travel()
        self.assertFalse(self.restore()["summary"]["stamps_lost"])

    def test_whole_seconds_on_every_journey(self):
        """What was built since the last journey lost its stamps on this one, what came with that was bound to seconds."""
        self.first()
        for n in range(1, 4):
            self.edit_origin("plain/src/lib.rs", f"plain{n}", f"plain{n + 1}")
            self.travel(("--format=gnu",))
            self.check_next(["app", "plain"], f"plain{n + 1} data1 msg1")
            self.save()
            self.travel(("--format=gnu",))
            self.assertFalse(self.restore()["summary"]["stamps_lost"])
            self.check_next([], f"plain{n + 1} data1 msg1")

    def test_two_builds_in_one_second(self):
        """Cut to seconds their stamps are equal: what lies there tells them apart."""
        for journeys in (0, 1):
            with self.subTest(journeys=journeys):
                self.clone()
                self.first()
                if journeys:
                    self.travel(("--format=gnu",))
                    self.restore()
                stamps = {path: os.stat(path).st_mtime_ns for path in self.ws.target.rglob("invoked.timestamp")}
                self.edit("plain/src/lib.rs", "plain1", "plain2")
                self.restore()
                self.assertEqual(self.build(), ["app", "plain"])
                for path, stamp in stamps.items():
                    os.utime(path, ns=(stamp, stamp // 10**9 * 10**9))
                self.edit("plain/src/lib.rs", "plain2", "plain1")
                self.check_next(["app", "plain"], "plain1 data1 msg1")

    def test_an_edit_after_a_clock_ahead(self):
        """X14"""
        self.first()
        self.shift(3600)
        self.restore()
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.assertEqual(self.build(), ["app", "plain"])
        self.assertEqual(self.answer(), "plain2 data1 msg1")


class LostBelow(Records):
    """Stamps are lost and a dependency needs no record: its script has found another machine, and said nothing of it."""

    below = {
        "Cargo.toml": '[package]\nname = "below"\nversion = "0.1.0"\nedition = "2021"\n',
        "build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
                    '    println!("cargo:rustc-env=MACHINE={}", std::fs::read_to_string("MACHINE").unwrap());\n}\n',
        "src/lib.rs": 'pub const MACHINE: &str = env!("MACHINE");\n',
    }
    middle = {
        "Cargo.toml": '[package]\nname = "middle"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n'
                      'below = { git = "file://BELOW" }\n',
        "src/lib.rs": 'pub const MACHINE: &str = below::MACHINE;\n',
    }
    files = {
        ".gitignore": "target\n",
        "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n',
        "src/main.rs": 'fn main() { println!("{}", NAME::MACHINE); }\n',
    }
    name = "below"

    def setUp(self):
        super().setUp()
        self.machine = self.tmp / "machine"
        for name, files in (("below", self.below), ("middle", self.middle)):
            for path, text in files.items():
                full = self.tmp / name / path
                full.parent.mkdir(parents=True, exist_ok=True)
                full.write_text(text.replace("BELOW", str(self.tmp / "below")).replace(
                    'read_to_string("MACHINE")', f'read_to_string("{self.machine}")'))
            git(self.tmp / name, "init", "-q")
            git(self.tmp / name, "add", "-A")
            git(self.tmp / name, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "first")
        with open(self.origin / "Cargo.toml", "a") as text:
            text.write(f'{self.name} = {{ git = "file://{self.tmp / self.name}" }}\n')
        main = self.origin / "src/main.rs"
        main.write_text(main.read_text().replace("NAME", self.name))
        self.ws.env["CARGO_HOME"] = self.tmp / "home"
        self.commit()
        self.clone()
        self.machine.write_text("one")
        self.restore()
        self.ws.cargo("generate-lockfile")
        shutil.copy(self.root / "Cargo.lock", self.origin)
        self.commit()
        self.ws.cargo("build")
        self.save()

    def build_below_again(self):
        """On another machine, with a target directory that kept its stamps but lost some files."""
        self.travel()
        self.restore()
        for path in self.ws.target.rglob("below-*"):
            if path.is_dir():
                shutil.rmtree(path)
        self.assertIn("below", self.build("-p", "below"))
        self.save()

    def test_another_machine(self):
        for way in ("seconds", "tar -m", "cp -r"):
            with self.subTest(way=way):
                self.machine.write_text("two of " + way)
                self.build_below_again()
                self.pack()
                LostStamps.WAYS[way](self)
                self.restore()
                self.assertIn("app", self.build())
                self.assertEqual(self.answer(), "two of " + way)
                self.save()

    def test_the_same_machine(self):
        self.build_below_again()
        self.travel(("--format=gnu",))
        self.restore()
        self.assertEqual(self.build(), [])
        self.assertEqual(self.answer(), "one")

    def test_nothing_built_again(self):
        for name, way in LostStamps.WAYS.items():
            with self.subTest(way=name):
                way(self)
                self.check_next([], "one")
                self.assertEqual(self.restore()["summary"]["steps"], 0)

    cp, shift = LostStamps.cp, LostStamps.shift


class LostFarBelow(LostBelow):
    """The same with a unit between them that needs no record either."""

    name = "middle"

    test_the_same_machine = None  # cargo's own order makes the one between them again


class Always(Records):
    """A script that watches what it writes itself runs on every build, as shadow-rs wants it in release builds."""

    def setUp(self):
        super().setUp()
        self.machine = self.tmp / "machine"
        (self.origin / "script/build.rs").write_text(
            'fn main() {\n    let out = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("o.rs");\n'
            '    std::thread::sleep(std::time::Duration::from_millis(20));\n    std::fs::write(&out, "").unwrap();\n'
            '    println!("cargo:rerun-if-changed={}", out.display());\n'
            f'    println!("cargo:rustc-env=DATA={{}}", std::fs::read_to_string("{self.machine}").unwrap());\n}}\n')
        self.commit()
        self.clone()

    def test_stamps_that_hide_it_from_cargo(self):
        self.machine.write_text("one")
        self.first()
        for number, name in enumerate(("seconds", "tar -m", "cp -r")):
            with self.subTest(way=name):
                self.machine.write_text(f"machine{number}")
                LostStamps.WAYS[name](self)
                self.restore()
                self.build()
                self.assertEqual(self.answer(), f"plain1 machine{number} msg1")
                self.save()

    cp = LostStamps.cp


class Stash(Records):
    """What rust-cache drops comes back, if it is what the record tells."""

    def drop(self):
        self.stash = self.tmp / "stash"
        self.restore()
        self.ws.cargo("build")
        self.assertGreater(self.save("--stash-outputs", self.stash)["summary"]["stashed"], 0)
        self.travel()
        for path in [*self.ws.target.glob("debug/deps/app-*"), self.ws.target / "debug/app"]:
            if path.suffix != ".d":
                path.unlink()

    def test_it_comes_back(self):
        self.drop()
        report = self.restore("--stash-outputs", self.stash)
        self.assertEqual((report["summary"]["unstashed"], report["summary"]["fresh"]), (1, 5))
        self.assertEqual(self.build(), [])
        self.assertEqual(self.answer(), "plain1 data1 msg1")

    def test_without_it_one_program_is_linked(self):
        self.drop()
        self.check_next(["app"], "plain1 data1 msg1")

    def test_another_program_stays_where_it_is(self):
        self.drop()
        program = next(self.stash.glob("debug/deps/app-*"))
        program.write_bytes(program.read_bytes() + b"x")
        self.assertEqual(self.restore("--stash-outputs", self.stash)["summary"]["unstashed"], 0)
        self.assertEqual(self.build(), ["app"])

    def test_hostile_stash(self):
        """Whatever lies in the stash: the program is linked again, and nothing is written elsewhere."""
        self.drop()
        program = next(self.stash.glob("debug/deps/app-*"))
        outside = self.tmp / "outside"
        outside.mkdir()

        def fifo():
            os.mkfifo(program)

        def link():
            shutil.copy(self.tmp / "kept", outside / "program")
            program.symlink_to(outside / "program")

        def huge():
            with open(program, "wb") as file:
                file.truncate(1 << 40)

        def directory_link():
            shutil.copytree(self.stash / "debug", outside / "debug")
            shutil.copy(self.tmp / "kept", outside / "debug/deps" / program.name)
            shutil.rmtree(self.stash / "debug")
            (self.stash / "debug").symlink_to(outside / "debug")

        shutil.copy(program, self.tmp / "kept")
        configs = self.stash / "maturin"
        configs.mkdir()
        (configs / "other").write_text("x")
        (configs / "pyo3-config-link").symlink_to("/etc/passwd")
        os.mkfifo(configs / "pyo3-config-fifo")
        with open(configs / "pyo3-config-huge", "wb") as file:
            file.truncate(1 << 40)
        (configs / "pyo3-config-good").write_text("good\n")
        for make in (fifo, link, huge, directory_link):
            with self.subTest(make=make.__name__):
                if program.exists() or program.is_symlink():
                    program.unlink()
                make()
                before = sorted(str(path) for path in outside.rglob("*"))
                report = self.restore("--stash-outputs", self.stash)
                self.assertLessEqual(report["summary"]["unstashed"], 1)
                self.assertEqual(sorted(path.name for path in (self.ws.target / "maturin").iterdir()), ["pyo3-config-good"])
                self.assertEqual(sorted(str(path) for path in outside.rglob("*")), before)
                self.assertEqual(list(self.ws.target.glob("debug/deps/app-????????????????")), [])
        self.assertEqual(self.build(), ["app"])

    def test_hostile_target(self):
        """A link in the target directory is not written through."""
        self.drop()
        outside = self.tmp / "outside"
        outside.mkdir()
        shutil.move(self.ws.target / "debug/deps", outside / "deps")
        (self.ws.target / "debug/deps").symlink_to(outside / "deps")
        before = sorted(path.name for path in (outside / "deps").iterdir())
        self.steady("restore", "--stash-outputs", self.stash, check=False)
        self.assertEqual(sorted(path.name for path in (outside / "deps").iterdir()), before)

    def test_no_stash_is_an_empty_one(self):
        self.first()
        self.assertEqual(self.restore("--stash-outputs", self.tmp / "nowhere")["summary"]["unstashed"], 0)


class InPlace(Records):
    """Proof by the file system: a work tree that never moved needs no record, and nothing that moved has it."""

    def setUp(self):
        super().setUp()
        self.ws.cargo("build")
        time.sleep(0.05)

    def test_nothing_changed(self):
        report = self.restore()
        self.assertEqual(report["summary"]["verified"], 5)
        self.assertEqual(self.build(), [])
        self.assertEqual(self.save()["summary"]["recorded"], 5)

    def test_an_edit(self):
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_an_edit_with_an_old_time(self):
        path = self.root / "plain/src/lib.rs"
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        os.utime(path, (1, 1))
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_a_directory_in_the_place_of_another(self):
        """X8"""
        source = self.root / "plain/src"
        shutil.copytree(source, self.root / "plain/src.new")
        self.edit("plain/src.new/lib.rs", "plain1", "plain2")
        os.utime(self.root / "plain/src.new/lib.rs", (1, 1))
        time.sleep(0.05)
        (self.root / "plain/Cargo.toml").touch()
        shutil.rmtree(self.ws.target)
        self.ws.cargo("build")
        time.sleep(0.05)
        os.rename(source, self.root / "plain/src.old")
        os.rename(self.root / "plain/src.new", source)
        self.assertEqual(self.save()["summary"]["recorded"], 3)
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def other_clone(self):
        """A clone as old as ours, with other sources."""
        other = self.tmp / "other"
        self.clone(other)
        path = other / "plain/src/lib.rs"
        path.write_text(path.read_text().replace("plain1", "plain2"))
        time.sleep(0.05)
        shutil.rmtree(self.ws.target)
        self.ws.cargo("build")
        time.sleep(0.05)
        return other

    def test_a_target_directory_moved_to_another_clone(self):
        other = self.other_clone()
        os.rename(self.ws.target, other / "target")
        self.ws.root, self.ws.target = other, other / "target"
        self.assertEqual(self.save()["summary"]["recorded"], 0)
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "plain2 data1 msg1")

    def test_a_profile_moved_to_another_clone(self):
        other = self.other_clone()
        self.ws.target.joinpath("CACHEDIR.TAG").rename(self.tmp / "tag")
        (other / "target").mkdir()
        os.rename(self.ws.target / "debug", other / "target/debug")
        self.ws.root, self.ws.target = other, other / "target"
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "plain2 data1 msg1")

    def test_clones_in_each_others_place(self):
        other = self.other_clone()
        os.rename(self.root, self.tmp / "old")
        os.rename(other, self.root)
        os.rename(self.tmp / "old/target", self.ws.target)
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "plain2 data1 msg1")

    def test_clones_in_each_others_place_after_restore(self):
        """The mark tells, even if the target directory has grown since."""
        other = self.other_clone()
        self.restore()
        os.rename(self.root, self.tmp / "old")
        os.rename(other, self.root)
        os.rename(self.tmp / "old/target", self.ws.target)
        self.build("--release")
        (self.ws.target / "more").mkdir()
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "plain2 data1 msg1")

    def test_a_renamed_work_tree(self):
        """What holds the old path is built again."""
        self.edit("plain/src/lib.rs", '"plain1"', 'env!("CARGO_MANIFEST_DIR")')
        time.sleep(0.05)
        self.build()
        time.sleep(0.05)
        os.rename(self.root, self.tmp / "new")
        self.ws.root, self.ws.target = self.tmp / "new", self.tmp / "new/target"
        self.restore()
        self.build()
        self.assertEqual(self.answer(), f"{self.tmp}/new/plain data1 msg1")

    def test_a_partial_build(self):
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        time.sleep(0.05)
        self.ws.cargo("build", "-p", "plain")
        time.sleep(0.05)
        self.check_next(["app"], "plain2 data1 msg1")

    def test_nothing_that_travelled(self):
        self.assertGreater(self.restore("--dry-run")["summary"]["fresh"], 0)
        for how in (["tar", "--posix"], ["tar"], ["tar", "-m"], ["cp", "-r"], ["cp", "-a"], ["cp", "-al"], ["rsync", "-r"],
                    ["rsync", "-aH"], ["mv"]):
            with self.subTest(how=how):
                if not shutil.which(how[0]):
                    continue
                if how[0] == "tar":
                    self.pack(tuple(how[1:]) if how[1:] != ["-m"] else ())
                    shutil.rmtree(self.ws.target)
                    self.unpack(("-m",) if how[1:] == ["-m"] else ())
                else:
                    end = "/" if how[0] == "rsync" else ""
                    subprocess.run([*how, str(self.ws.target) + end, str(self.tmp / "copy")], check=True)
                    shutil.rmtree(self.ws.target, ignore_errors=True)
                    os.rename(self.tmp / "copy", self.ws.target)
                report = self.restore("--dry-run")
                self.assertEqual(report["summary"]["fresh"], 0, report)

    def test_sources_that_travelled(self):
        """Other bytes with the times of the old ones, and the target directory never moved."""
        other = self.tmp / "other"
        shutil.copytree(self.root, other, symlinks=True, ignore=shutil.ignore_patterns("target"))
        text = (other / "plain/src/lib.rs").read_text()
        made = (self.root / "plain/src/lib.rs").stat().st_mtime_ns
        for number, how in enumerate((["cp", "-a"], ["cp", "-al"], ["rsync", "-a"], ["tar"], ["mount"]), 2):
            with self.subTest(how=how):
                expected = f"plain{number} data1 msg1"
                (other / "plain/src/lib.rs").unlink()
                (other / "plain/src/lib.rs").write_text(text.replace("plain1", f"plain{number}"))
                os.utime(other / "plain/src/lib.rs", ns=(made, made))
                if how[0] == "mount":
                    self.mounted(other, expected)
                elif how[0] == "tar":
                    subprocess.run(f"tar -C '{other}' -c . | tar -C '{self.root}' -x", shell=True, check=True)
                    self.answers(expected)
                elif shutil.which(how[0]):
                    force = "--ignore-times" if how[0] == "rsync" else "--remove-destination"
                    subprocess.run([*how, force, f"{other}/.", f"{self.root}/"], check=True)
                    self.answers(expected)

    def answers(self, expected):
        self.restore()
        self.build()
        self.assertEqual(self.answer(), expected)

    def mounted(self, other, expected):
        """The other sources of a package, mounted over ours while `restore` and cargo run."""
        here = self.ws.environment()
        text = (f"mount --bind '{other}/plain' '{self.root}/plain' && cd '{self.root}' && '{os.environ['CARGO_STEADY']}' restore && "
                f"'{self.ws.tool.program}' build --offline -q && target/debug/app")
        env = {**here, "PATH": f"{self.ws.tool.bin}{os.pathsep}{here['PATH']}"}
        done = subprocess.run(["unshare", "-m", "sh", "-c", text], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if "mount:" in done.stderr or "unshare:" in done.stderr:
            self.missing("bind mounts need more rights")
        self.assertEqual(done.stdout.strip(), expected, done.stderr)

    def test_linked_worktrees_share_nothing_unseen(self):
        git(self.root, "worktree", "add", "-q", str(self.tmp / "other"))
        self.assertEqual(self.restore("--dry-run")["summary"]["fresh"], 0)


class OldestWholePackage(WholePackage):
    tool = "debian"


MOVED = dict(FILES, **{
    "Cargo.toml": '[workspace]\nmembers = ["app", "plain", "script", "mac"]\nresolver = "2"\n',
    "mac/Cargo.toml": '[package]\nname = "mac"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n',
    "mac/src/lib.rs": 'extern crate proc_macro;\n#[proc_macro]\npub fn place(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n'
                      '    format!("{:?}", std::env::var("CARGO_MANIFEST_DIR").unwrap()).parse().unwrap()\n}\n',
    "app/Cargo.toml": FILES["app/Cargo.toml"] + 'mac = { path = "../mac" }\n',
    "app/src/main.rs": 'fn main() { println!("{} {} {}", plain::text(), script::text(), mac::place!()); }\n',
})


class Moved(Records):
    """DESIGN: one target directory, another copy of the sources."""

    files = MOVED

    def setUp(self):
        super().setUp()
        self.target = self.tmp / "target"
        self.ws.target = self.target

    def answer(self):
        return super().answer().replace(str(self.tmp), "")

    def test_what_holds_the_root_is_rebuilt(self):
        self.first()
        self.assertEqual(self.answer(), "plain1 data1 /ws/app")
        other = self.tmp / "other"
        self.clone(other)
        self.ws.root = other
        self.restore()
        self.assertEqual(self.build(), ["app"])
        self.assertEqual(self.answer(), "plain1 data1 /other/app")

    def test_edits_count_in_the_other_copy(self):
        self.first()
        other = self.tmp / "other"
        self.clone(other)
        self.ws.root = other
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.check_next(["app", "plain"], "plain2 data1 /other/app")
        self.save()
        self.ws.root = self.root
        self.check_next(["app", "plain"], "plain1 data1 /ws/app")


class Oldest(Basics):
    tool = "debian"


class NewLayout(Basics):
    tool = "newlayout"


if __name__ == "__main__":
    main()
