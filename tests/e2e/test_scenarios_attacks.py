#!/usr/bin/env python3
"""Stories that were told to break the design: each runs a real cargo and expects the sources' own answer.

Those about work trees that never moved, and about damage, are in test_scenarios_inplace.py.
"""

import os
import random
import shutil
import subprocess
import threading
import time

from scenario import ScenarioCase, date_sources
from scenario_files import manifest, script, shown, workspace
from steadytest import main

OLD = 1577836800 * 10**9
OTHER = {"other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"'), "txt/msg.txt": ""}
TXT = ["app", "txt"]


class Attacks(ScenarioCase):
    def test_X01_another_target_directory(self):
        world = self.world()
        second = world.at(world.root)
        second.target = world.folder / "second"
        second.variables["CARGO_TARGET_DIR"] = str(second.target)
        world.git("checkout", "-q", "old")
        second.build()
        world.git("checkout", "-q", "main")
        world.restore()
        second.build()
        self.assertEqual(second.says()["txt"], "one")
        self.builds(world, {"txt": "one"}, [])

    def test_X06_symlink_in_the_package_retargeted(self):
        def story(w):
            w.write("link/src/p", ("link", "../variants/two"))
            w.write("link/data/current.txt", ("link", "v2.txt"))
        self.check(story, {"link": "D2T1P2"}, ["app", "link"], alone="stale")

        def travelled(w):
            story(w)
            w.commit()
            w.travel()
        self.check(travelled, {"link": "D2T1P2"}, ["app", "link"], alone="stale", by=date_sources)

    def test_X07_symlinks_in_a_watched_directory(self):
        self.check(lambda w: w.travel(), {}, [], alone="more")
        said = "assets/linked/p.txt:changed;assets/sub/deep/a.txt:a;assets/sub/deep/b.txt:b"
        self.check(lambda w: w.write("dirs/pool/p.txt", "changed\n", stamp=OLD), {"dirs": said}, ["app", "dirs"], alone="stale")

    def test_X12_edit_while_restore_runs(self):
        world = self.world()
        for number in range(5):
            world.write(f"dirs/assets/big{number}.txt", b"x" * 20_000_000)
        world.write("dirs/build.rs", script(["assets"], '"big".to_string()'))
        world.restore()
        world.build()
        world.save()
        chance = random.Random(12)
        for attempt in range(8):
            world.write("txt/msg.txt", f"before {attempt}\n")
            world.restore()
            world.build()
            world.save()
            world.travel()
            world.write("txt/msg.txt", f"before {attempt}\n")
            thread = threading.Thread(target=world.restore)
            thread.start()
            time.sleep(chance.random() * 0.06)
            world.write("txt/msg.txt", f"during {attempt}\n")
            thread.join()
            world.build()
            self.assertEqual(world.says()["txt"], f"during {attempt}")

    def test_X13_output_stripped_after_save(self):
        def story(w):
            subprocess.run(["strip", str(w.target / "debug/app")], check=True)
            w.travel()
        self.check(story, {"txt": "one"}, [], alone="more")

    def test_X14_clock_ahead_then_edited(self):
        def story(w):
            w.travel()
            w.restamp(lambda stamp: stamp + 3600 * 10**9)

        def edit(w):
            w.write("txt/msg.txt", "two\n")
        self.check(lambda w: (story(w), edit(w)), {"txt": "two"}, TXT, alone="stale")
        world = self.world()
        story(world)
        world.restore()
        edit(world)
        self.builds(world, {"txt": "two"}, TXT)

    def test_X15_restamped_edit(self):
        for options in ((), ("--mtimes",)):
            with self.subTest(options):
                world = self.world()
                world.git("config", "core.checkStat", "minimal")
                stamp = (world.root / "txt/msg.txt").stat().st_mtime_ns
                world.write("txt/msg.txt", "two\n")
                edited = (world.root / "txt/msg.txt").stat().st_mtime_ns
                world.restore(*options)
                self.assertEqual((world.root / "txt/msg.txt").stat().st_mtime_ns, edited)
                self.assertNotEqual(stamp, edited)
                world.git("checkout", "-q", "-B", "main", check=False)
                self.assertEqual((world.root / "txt/msg.txt").read_text(), "two\n")
                self.builds(world, {"txt": "two"}, TXT)

    def test_X15_other_tools_stamp_edits(self):
        """What the program does not do: the commit's time on an edited file, and git puts the old bytes over it."""
        world = self.world()
        world.git("config", "core.checkStat", "minimal")
        path = world.root / "txt/msg.txt"
        os.utime(path, (int(path.stat().st_mtime), int(path.stat().st_mtime)))
        world.git("update-index", "--refresh")
        stamp = path.stat().st_mtime_ns
        world.write("txt/msg.txt", "two\n", stamp=stamp)
        world.git("checkout", "-q", "old")
        self.assertEqual(path.read_text(), "zero\n")

    def test_X27_fifo_and_device_as_input(self):
        world = self.world()
        os.mkfifo(world.root / "dirs/assets/fifo")
        world.write("dirs/assets/zero", ("link", "/dev/zero"))
        world.restore()
        self.builds(world, {}, ["app", "dirs"])
        world.save()
        world.restore()
        (world.root / "txt/msg.txt").unlink()
        os.mkfifo(world.root / "txt/msg.txt")
        world.restore()
        (world.root / "txt/msg.txt").unlink()
        world.write("txt/msg.txt", "two\n")
        world.restore()
        world.build()
        self.assertEqual(world.says()["txt"], "two")

    def test_X28_nothing_of_the_project_is_run(self):
        world = self.world()
        marker = world.folder / "executed"
        evil = f"#!/bin/sh\necho $0 >>{marker}\nexec false\n"
        for path in ("evil/bin/cargo", "evil/bin/rustc", "evil/bin/rustdoc", "evil/git", "evil/fsmonitor"):
            os.chmod(world.write(path, evil), 0o755)
        world.write("rust-toolchain.toml", f'[toolchain]\npath = "{world.root}/evil"\n')
        world.write(".cargo/config.toml", f'[build]\nrustc = "{world.root}/evil/bin/rustc"\n'
                                          f'rustc-wrapper = "{world.root}/evil/bin/rustc"\n[env]\nPATH = "{world.root}/evil"\n')
        for command in ("restore", "save"):
            getattr(world, command)()
        self.assertFalse(marker.exists(), "something was executed")
        world.build(check=False)
        self.assertTrue(marker.exists(), "cargo executes nothing of it either: the test shows nothing")


class PathOutside(ScenarioCase):
    """backend/ depends on shared/ beside it; there is no common workspace."""

    place = "backend"
    files = {"backend/Cargo.toml": manifest("app", '\n[workspace]\n\n[dependencies]\nshared = { path = "../shared" }\n'),
             "backend/src/main.rs": 'fn main() { println!("shared={}", shared::text()); }\n', ".gitignore": "target\n",
             "shared/Cargo.toml": manifest("shared"), "shared/src/lib.rs": shown('include_str!("../text.txt").trim()'),
             "shared/text.txt": "one\n", "txt/msg.txt": ""}

    def test_X10_path_dependency_outside_the_workspace(self):
        self.check(lambda w: w.travel(), {"shared": "one"}, [], alone="more")

        def story(w):
            w.write("shared/text.txt", "two\n")
            w.commit(days=2)
            w.travel()
        self.check(story, {"shared": "two"}, ["app", "shared"], alone="stale", by=date_sources)


class Make(ScenarioCase):
    """A script that lets make work in OUT_DIR."""

    commands = (("build",), ("build", "--release"))
    files = {**workspace(["nat", "other"]), **OTHER,
             "nat/Cargo.toml": manifest("nat"),
             "nat/build.rs": """fn main() {
    println!("cargo:rerun-if-changed=csrc");
    let out = format!("OUT={}", std::env::var("OUT_DIR").unwrap());
    assert!(std::process::Command::new("make").args(["-s", "-f", "csrc/Makefile", &out]).status().unwrap().success());
}
""",
             "nat/csrc/Makefile": "$(OUT)/made.txt: csrc/text.c\n"
                                  "\ttest -z '$(KILLED)' || { printf half > $(OUT)/made.txt; kill -9 $$PPID; }\n"
                                  "\tcp csrc/text.c $(OUT)/made.txt\n",
             "nat/csrc/text.c": "one\n",
             "nat/src/lib.rs": shown('include_str!(concat!(env!("OUT_DIR"), "/made.txt")).trim()')}

    @staticmethod
    def history(w):
        w.write("nat/csrc/text.c", "zero\n")
        w.commit("first", days=3)
        w.git("branch", "old")
        w.write("nat/csrc/text.c", "one\n")
        w.commit("second", days=1)

    def test_X02_make_in_out_dir_of_another_profile(self):
        world = self.world()
        stamp = (world.root / "nat/csrc/text.c").stat().st_mtime_ns
        world.write("nat/csrc/text.c", "two\n")
        world.restore()
        world.build("--release")
        world.save()
        self.assertEqual(world.says("release/app")["nat"], "two")
        world.write("nat/csrc/text.c", "one\n", stamp=stamp)
        world.restore()
        self.builds(world, {"nat": "one"}, [])
        world.build("--release")
        self.assertEqual(world.says("release/app")["nat"], "one")

    def test_X02_clone_older_than_the_cache(self):
        for how in ("pax", "seconds", "tar-m", "cp"):
            with self.subTest(how):
                def story(w, how=how):
                    w.travel("old", how)
                    date_sources(w)
                self.check(story, {"nat": "zero"}, ["app", "nat"], alone="stale")


    def test_X09_killed_make(self):
        """Half a file, as young as any: make takes it for made."""
        for how in ("pax", "tar-m", "cp"):
            with self.subTest(how):
                def story(w, how=how):
                    w.write("nat/csrc/text.c", "two\n")
                    w.commit()
                    w.restore()
                    w.variables["KILLED"] = "1"
                    self.assertNotEqual(w.build(check=False).returncode, 0)
                    del w.variables["KILLED"]
                    w.save()
                    w.travel(how=how)
                self.check(story, {"nat": "two"}, ["app", "nat"], alone="" if how == "pax" else "stale")


class SideOutputs(ScenarioCase):
    """A script that copies web/ to dist/, which git ignores: a macro of another package and the program read it."""

    files = {**workspace(["web", "page", "other"]), **OTHER, ".gitignore": "/target\n/dist\n",
             "web/Cargo.toml": manifest("web"),
             "web/build.rs": """fn main() {
    println!("cargo:rerun-if-changed=web");
    std::fs::create_dir_all("../dist").unwrap();
    for name in ["page.txt", "read.txt"] {
        std::fs::copy(format!("web/{name}"), format!("../dist/{name}")).unwrap();
    }
}
""",
             "web/web/page.txt": "page\n", "web/web/read.txt": "read\n",
             "web/src/lib.rs": "pub fn text() -> String {\n    let read = std::fs::read_to_string(\"dist/read.txt\");\n"
                               '    read.unwrap_or("missing".to_string()).trim().to_string()\n}\n',
             "page/Cargo.toml": manifest("page", '\n[dependencies]\nweb = { path = "../web" }\n'),
             "page/src/lib.rs": shown('include_str!("../../dist/page.txt").trim()')}

    def test_X05_side_outputs_missing_in_a_clone(self):
        self.check(lambda w: w.travel(), {"page": "page", "web": "read"}, ["app", "page", "web"])

    def test_X05_only_what_is_read_at_run_time_is_missing(self):
        def story(w):
            dist = w.folder / "dist"
            shutil.rmtree(dist, ignore_errors=True)
            shutil.copytree(w.root / "dist", dist)
            w.travel()
            (w.root / "dist").mkdir()
            shutil.copy2(dist / "page.txt", w.root / "dist/page.txt")
        self.check(story, {"page": "page", "web": "read"}, ["app", "page", "web"], alone="stale", by=date_sources)

    def test_X05_side_outputs_that_came_along(self):
        def story(w):
            dist = w.folder / "dist"
            shutil.rmtree(dist, ignore_errors=True)
            shutil.copytree(w.root / "dist", dist)
            w.travel()
            shutil.copytree(dist, w.root / "dist")
        self.check(story, {"page": "page", "web": "read"}, [], alone="more")


if __name__ == "__main__":
    main()
