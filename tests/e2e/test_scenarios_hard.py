#!/usr/bin/env python3
"""Stories in which a build, or a tool before it, fails outright."""

import os
import shutil

from scenario import ScenarioCase, commit_times, date_sources
from scenario_files import BASE, manifest, script, shown, workspace
from steadytest import main


class InTree(ScenarioCase):
    """A script that writes a source which git ignores."""

    files = {**workspace(["gen", "other"]), ".gitignore": "/target\n/gen/src/gen.rs\n", "txt/msg.txt": "",
             "gen/Cargo.toml": manifest("gen"),
             "gen/build.rs": """fn main() {
    println!("cargo:rerun-if-changed=template.txt");
    let text = std::fs::read_to_string("template.txt").unwrap();
    std::fs::write("src/gen.rs", format!("pub const T: &str = {:?};\\n", text.trim())).unwrap();
}
""",
             "gen/template.txt": "one\n", "gen/src/lib.rs": "mod gen;\n" + shown("gen::T"),
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def test_H01_generated_source_missing_in_a_clone(self):
        for how in ("pax", "seconds", "tar-m"):
            with self.subTest(how):
                self.check(lambda w, how=how: w.travel(how=how), {"gen": "one"}, ["app", "gen"],
                           alone="" if how == "tar-m" else "fails", by=date_sources)

    def test_H01_written_by_another_profile(self):
        def story(w):
            w.write("gen/template.txt", "two\n")
            w.restore()
            w.build("--release")
            w.save()
            w.git("checkout", "-q", "--", "gen/template.txt")
        world = self.check(story, {"gen": "one"}, ["app", "gen"])
        world.restore()
        world.build("--release")
        self.assertEqual(world.says("release/app")["gen"], "one")


class TrackedInTree(ScenarioCase):
    """A script that writes a source which git tracks, as it was made by somebody else or long ago."""

    files = {**InTree.files, ".gitignore": "/target\n", "gen/src/gen.rs": 'pub const T: &str = "old";\n'}

    def test_H01_tracked_source_is_not_what_the_script_writes(self):
        self.check(lambda w: w.travel(), {"gen": "one"}, ["app", "gen"])

        def again(w):
            w.git("checkout", "-q", "--", "gen/src/gen.rs")
            w.write("gen/template.txt", "two\n")
            w.commit()
            w.restore()
            w.build()
            w.save()
            w.travel()
        self.check(again, {"gen": "two"}, ["app", "gen"])

    def test_H01_tracked_source_that_is_what_the_script_writes(self):
        def story(w):
            w.commit()
            w.travel()
        self.check(story, {"gen": "one"}, [], alone="more")

    def test_H01_tracked_source_written_only_if_it_differs(self):
        """The run that counts left the file alone; the one before it had written it."""
        plain = InTree.files["gen/build.rs"]
        careful = plain.replace("    std::fs::write(", '    if !std::fs::read_to_string("src/gen.rs").unwrap().contains(text.trim()) '
                                                       "{ std::fs::write(").replace(").unwrap();\n}\n", ").unwrap(); }\n}\n")

        def story(w):
            w.write("gen/build.rs", careful)
            w.git("add", "gen/build.rs")
            w.git("commit", "-q", "-m", "careful")
            w.restore()
            w.build()
            w.save()
            w.travel()
        self.check(story, {"gen": "one"}, ["app", "gen"])


class OutsideInTree(ScenarioCase):
    """The same in a package outside the workspace."""

    place = "backend"
    files = {"backend/Cargo.toml": manifest("app", '\n[workspace]\n\n[dependencies]\ngen = { path = "../gen" }\n'),
             "backend/src/main.rs": 'fn main() { println!("gen={}", gen::text()); }\n',
             ".gitignore": "target\n/gen/src/gen.rs\n/gen/page.txt\n", "txt/msg.txt": "",
             **{path: text for path, text in InTree.files.items() if path.startswith("gen/")}}

    def test_H01_generated_source_outside_the_workspace(self):
        self.check(lambda w: w.travel(), {"gen": "one"}, ["app", "gen"], alone="fails", by=date_sources)

    def test_H01_outside_the_workspace_without_records(self):
        def story(w):
            for record in w.target.glob("debug/.fingerprint/*/steady-*"):
                record.unlink()
            w.travel()
        self.check(story, {"gen": "one"}, ["app", "gen"])

    def test_H01_what_is_read_at_run_time(self):
        def story(w):
            w.write("gen/build.rs", InTree.files["gen/build.rs"].replace("src/gen.rs", "page.txt"))
            w.write("gen/src/lib.rs", shown('std::fs::read_to_string("../gen/page.txt").unwrap_or_default().split(\'"\').nth(1).unwrap_or("none")'))
            w.commit()
            w.restore()
            w.build()
            w.save()
            w.travel()
        self.check(story, {"gen": "one"}, ["app", "gen"], alone="stale", by=date_sources)


class OutDir(ScenarioCase):
    """A cache that lacks what scripts left in OUT_DIR. cargo alone runs every script of a fresh clone."""

    files = {**workspace(["made", "nat", "other"]), "txt/msg.txt": "",
             "made/Cargo.toml": manifest("made"), "made/build.rs": script(["x.txt"], 'std::fs::read_to_string("x.txt").unwrap()'),
             "made/x.txt": "x1\n", "made/src/lib.rs": shown('include_str!(concat!(env!("OUT_DIR"), "/made.txt")).trim()'),
             "nat/Cargo.toml": manifest("nat"), "nat/csrc/one.c": "int one(void) { return 1; }\n",
             "nat/build.rs": """fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    println!("cargo:rerun-if-changed=csrc");
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=one");
    let line = format!("cc -c csrc/one.c -o {out}/one.o && ar crs {out}/libone.a {out}/one.o");
    assert!(std::process::Command::new("sh").args(["-c", &line]).status().unwrap().success());
}
""",
             "nat/src/lib.rs": 'extern "C" { fn one() -> i32; }\npub fn text() -> String { unsafe { one() }.to_string() }\n',
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def test_file_that_was_compiled_in_is_lost(self):
        def story(w):
            for path in w.target.glob("debug/build/made-*/out/made.txt"):
                path.unlink()
            w.travel()
        self.check(story, {"made": "x1", "nat": "1"}, ["app", "made"])

    def test_library_is_lost(self):
        def story(w):
            for path in w.target.glob("debug/build/nat-*/out/libone.a"):
                path.unlink()
            w.travel()
        self.check(story, {"nat": "1"}, [])

        def edited(w):
            story(w)
            w.write("nat/src/lib.rs", self.files["nat/src/lib.rs"].replace("to_string()", "to_string() + \"!\""))
        self.check(edited, {"nat": "1!"}, ["app", "nat"])


class Hard(ScenarioCase):
    files = {**BASE, "dirs/assets/only/one.txt": "only\n"}

    def test_H02_deleted_files_stay_deleted(self):
        world = self.world()
        world.git("rm", "-q", "dirs/assets/sub/deep/b.txt")
        world.commit()
        world.travel()
        world.restore()
        self.assertFalse((world.root / "dirs/assets/sub/deep/b.txt").exists())
        self.assertEqual(world.git("status", "--porcelain"), "")
        self.builds(world, {}, ["app", "dirs"])

    def test_H03_last_file_of_a_directory_deleted(self):
        world = self.world()
        assets = world.root / "dirs/assets"
        shutil.rmtree(assets / "only")
        os.utime(assets, (1, 1))
        self.assertEqual(world.restore().returncode, 0)
        self.builds(world, {}, ["app", "dirs"])
        world.save()
        shutil.rmtree(assets / "sub")
        (assets / "linked").unlink()
        os.utime(assets, (1, 1))
        self.assertEqual(world.restore().returncode, 0)
        self.builds(world, {"dirs": ""}, ["app", "dirs"])

    def test_H04_strange_names(self):
        name = os.fsencode(self.world().root) + b"/dirs/assets/sub/a \xff\n\"name\".txt"

        def begin(w):
            with open(name, "wb") as file:
                file.write(b"1\n")
            w.write("dirs/assets/with space/tab\t.txt", "2\n")
            w.commit()
            w.restore()
            w.build()
            w.save()
            w.travel()
        self.check(begin, {}, [], alone="more")

        def changed(w):
            begin(w)
            with open(name, "wb") as file:
                file.write(b"3\n")
            os.utime(name, ns=(10**18, 10**18))
        self.check(changed, {}, ["app", "dirs"])

    def test_H05_git_sees_no_difference(self):
        world = self.world()
        world.travel()
        commit_times(world)
        self.assertNotEqual(world.git("diff-index", "HEAD"), "", "other tools leave the index stale")
        world.travel()
        world.git("update-index", "--refresh")
        paths = [world.root / path for path in world.git("ls-files").split("\n")]
        before = [(path, path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in paths]
        world.restore()
        self.assertEqual(world.git("diff-index", "HEAD"), "")
        self.assertEqual([(path, path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in paths], before)
        self.builds(world, {}, [])


if __name__ == "__main__":
    main()
