#!/usr/bin/env python3
"""Stories that leave a stale program behind cargo alone, or behind tools that set commit times or keep lists of hashes.

Expected each time after `cargo steady restore`: the program says what the sources say, and only what changed is compiled.
"""

import os
import shutil
import subprocess
import threading
import time

from scenario import ScenarioCase, commit_times, date_sources
from scenario_files import BASE, LIBRARIES, manifest, script, shown, workspace
from steadytest import main

OLD = 1577836800 * 10**9
TXT = ["app", "txt"]


class Stale(ScenarioCase):
    def test_S01_older_branch_on_newer_cache(self):
        self.check(lambda w: w.travel("old"), {"txt": "zero"}, TXT, alone="stale", by=commit_times)

    def test_S02_ordinary_merge_on_main(self):
        def story(w):
            w.git("checkout", "-q", "-b", "feature", "old")
            w.write("txt/src/part.rs", "pub const PART: u32 = 2;\n")
            w.write("scr/inputs/x.txt", "x2\n")
            w.commit("feature", days=2)
            w.git("checkout", "-q", "main")
            w.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
            w.travel()
        self.check(story, {"txt": "one", "scr": "x2"}, ["app", "scr", "txt"], alone="stale", by=commit_times)

    def _feature(self, w):
        w.git("checkout", "-q", "-b", "feature", "old")
        w.write("scr/inputs/x.txt", "x2\n")
        w.commit("feature", days=2)

    def test_S03_rebase(self):
        def story(w):
            self._feature(w)
            w.git("rebase", "-q", "main")
            w.git("branch", "-f", "main", "feature")
            w.travel()
        self.check(story, {"txt": "one", "scr": "x2"}, ["app", "scr"], alone="stale", by=commit_times)

    def test_S03_cherry_pick(self):
        def story(w):
            self._feature(w)
            w.git("checkout", "-q", "main")
            w.git("cherry-pick", "feature", author=2)
            w.travel()
        self.check(story, {"scr": "x2"}, ["app", "scr"], alone="stale", by=commit_times)

    def test_S04_reset_and_force_push(self):
        def story(w):
            w.git("reset", "-q", "--hard", "old")
            w.travel()
        self.check(story, {"txt": "zero"}, TXT, alone="stale", by=commit_times)

    def test_S05_there_and_back_again(self):
        def story(w):
            first = (w.root / "txt/msg.txt").stat().st_mtime_ns
            w.write("txt/msg.txt", "two\n")
            w.restore()
            w.build()
            w.save()
            w.write("txt/msg.txt", "one\n", stamp=first)
        self.check(story, {"txt": "one"}, TXT, alone="stale")

    def _partial(self, *build):
        def story(w):
            w.write("txt/msg.txt", "two\n")
            w.write("other/src/lib.rs", BASE["other/src/lib.rs"] + "// two\n")
            w.commit()
            w.restore()
            w.build(*build)
            w.save()
            w.travel()
        return story

    def test_S06_partial_build(self):
        self.check(self._partial("-p", "other"), {"txt": "two"}, TXT, alone="stale", by=date_sources)

    def test_S06_other_profile(self):
        self.check(self._partial("--release"), {"txt": "two"}, ["app", "other", "txt"], alone="stale", by=date_sources)

    def test_S06_failed_build(self):
        def story(w):
            w.write("txt/msg.txt", "two\n")
            w.write("other/src/lib.rs", "not Rust\n")
            w.restore()
            w.build("-p", "other", check=False)
            w.save()
            w.write("other/src/lib.rs", BASE["other/src/lib.rs"])
            w.commit()
            w.travel()
        self.check(story, {"txt": "two"}, ["app", "other", "txt"], alone="stale", by=date_sources)

    def test_S07_records_of_another_cache_entry(self):
        def story(w):
            w.write("txt/msg.txt", "two\n")
            aside = w.folder / "aside"
            shutil.rmtree(aside, ignore_errors=True)
            subprocess.run(["cp", "-a", str(w.target), str(aside)], check=True)
            w.restore()
            w.build()
            w.save()
            for record in w.target.glob("debug/.fingerprint/*/steady-*"):
                shutil.copy2(record, aside / record.relative_to(w.target))
            shutil.rmtree(w.target)
            aside.rename(w.target)
            w.commit()
            w.travel()
        self.check(story, {"txt": "two"}, TXT, alone="stale", by=date_sources)

    def test_S08_wrong_base_of_a_difference(self):
        def story(w):
            w.git("checkout", "-q", "-b", "stack1")
            w.write("txt/msg.txt", "two\n")
            w.commit()
            w.git("checkout", "-q", "-b", "stack2")
            w.write("scr/inputs/x.txt", "x2\n")
            w.commit()
            w.travel("stack2")

        def touch_difference(w):
            date_sources(w)
            os.utime(w.root / "scr/inputs/x.txt")
        self.check(story, {"txt": "two", "scr": "x2"}, ["app", "scr", "txt"], alone="stale", by=touch_difference)

    def test_S09_clock_an_hour_ahead(self):
        def story(w):
            w.write("txt/msg.txt", "two\n")
            w.commit()
            w.travel()
            w.restamp(lambda stamp: stamp + 3600 * 10**9)
        self.check(story, {"txt": "two"}, TXT, alone="stale")

    def test_S10_extraction_without_times(self):
        for how in ("tar-m", "cp"):
            with self.subTest(how):
                self.check(lambda w, how=how: w.travel("old", how), {"txt": "zero"}, TXT, alone="stale")

    def test_S11_equal_mtimes(self):
        self.check(lambda w: w.write("txt/msg.txt", "two\n", stamp=w.reference("txt")), {"txt": "two"}, TXT, alone="stale")

    def test_S12_file_deleted_and_directory_dated_back(self):
        def story(w):
            folder = w.root / "dirs/assets/sub/deep"
            stamp = folder.stat().st_mtime_ns
            (folder / "b.txt").unlink()
            os.utime(folder, ns=(stamp, stamp))
        self.check(story, {"dirs": "assets/linked/p.txt:p;assets/sub/deep/a.txt:a"}, ["app", "dirs"], alone="stale")

    def test_S13_file_added_and_directory_dated_back(self):
        def story(w):
            folder = w.root / "dirs/assets/sub/deep"
            stamp = folder.stat().st_mtime_ns
            w.write("dirs/assets/sub/deep/c.txt", "c\n", stamp=stamp)
            os.utime(folder, ns=(stamp, stamp))
        said = "assets/linked/p.txt:p;assets/sub/deep/a.txt:a;assets/sub/deep/b.txt:b;assets/sub/deep/c.txt:c"
        self.check(story, {"dirs": said}, ["app", "dirs"], alone="stale")

    def test_S14_symlink_to_an_older_file(self):
        for path, target, said in (("link/data/current.txt", "v2.txt", "D2T1P1"), ("link/table.txt", "t2.txt", "D1T2P1")):
            with self.subTest(path):
                self.check(lambda w, path=path, target=target: w.write(path, ("link", target)), {"link": said},
                           ["app", "link"], alone="stale")

    def test_S15_older_file_moved_over(self):
        def story(w):
            w.write("txt/new.txt", "two\n", stamp=OLD)
            os.rename(w.root / "txt/new.txt", w.root / "txt/msg.txt")
        self.check(story, {"txt": "two"}, TXT, alone="stale")

    def test_S15_two_files_swapped(self):
        def story(w):
            for one, two in (("v1", "x"), ("v2", "v1"), ("x", "v2")):
                w.git("mv", f"link/data/{one}.txt", f"link/data/{two}.txt")
        self.check(story, {"link": "D2T1P1"}, ["app", "link"], alone="stale")

    def test_S16_end_of_line(self):
        def story(w):
            w.write(".gitattributes", "txt/*.txt eol=crlf\n")
            w.commit("crlf", days=0.5)
            w.travel()
        self.check(story, {"txt": "one\\r"}, TXT, alone="stale", by=commit_times)

    def test_S16_smudge_filter(self):
        def story(w):
            w.write(".gitattributes", "txt/msg.txt filter=shout\n")
            w.commit("filter", days=0.5)
            w.travel(clone=("-c", "filter.shout.smudge=tr a-z A-Z", "-c", "filter.shout.clean=tr A-Z a-z"))
        self.check(story, {"txt": "ONE"}, TXT, alone="stale", by=commit_times)

    def test_S17_tracked_file_edited_before_the_build(self):
        def story(w):
            w.travel()
            w.write("txt/msg.txt", "patched\n")
        self.check(story, {"txt": "patched"}, TXT, alone="stale", by=date_sources)

    def test_S19_two_worktrees_one_target_directory(self):
        def story(w):
            w.git("worktree", "add", "-q", str(w.folder / "second"), "old")
            w.write("txt/msg.txt", "two\n")
            w.restore()
            w.build()
            w.save()

        for ours in (False, True):
            world = self.world()
            shutil.rmtree(world.folder / "second", ignore_errors=True)
            story(world)
            second = world.at(world.folder / "second")
            second.target = world.target
            second.variables["CARGO_TARGET_DIR"] = str(world.target)
            if ours:
                second.restore()
            second.build()
            self.assertEqual(second.says()["txt"], "zero" if ours else "two")
        world.restore()
        world.build()
        self.assertEqual(world.says()["txt"], "two")

    def test_S19_another_tree_builds_without_restore(self):
        """The mark says that this tree is being built; what the other one left meanwhile is not taken for ours."""
        everything = ["app", *(name for name in LIBRARIES if name != "mac"), "mac"]
        for clone, built, again in ((("clone", "-q", "-b", "main"), (), everything),
                                    (("worktree", "add", "-q", "--detach"), ("-p", "txt"), ["app", "txt"])):
            with self.subTest(clone[0]):
                world = self.world()
                shutil.rmtree(world.folder / "second", ignore_errors=True)
                if clone[0] == "clone":
                    world.git(*clone, str(world.origin), str(world.folder / "second"), cwd=world.folder)
                else:
                    world.git(*clone, str(world.folder / "second"), "main")
                second = world.at(world.folder / "second")
                second.target = world.target
                second.variables["CARGO_TARGET_DIR"] = str(world.target)
                world.restore()
                second.write("txt/msg.txt", "two\n")
                second.build(*built)
                world.save()
                world.restore()
                self.builds(world, {"txt": "one"}, again)
                world.save()
                world.restore()
                self.builds(world, {"txt": "one"}, [])

    def test_S20_generated_input_of_a_script(self):
        self.check(lambda w: w.write("scr/inputs/x.txt", "x2\n", stamp=OLD), {"scr": "x2"}, ["app", "scr"], alone="stale")

    def test_S23_equal_size_and_mtime(self):
        def story(w):
            path = w.root / "txt/msg.txt"
            stamp = path.stat().st_mtime_ns
            w.write("txt/msg.txt", "two\n", stamp=stamp)
        self.check(story, {"txt": "two"}, TXT, alone="stale")
        world = self.world()
        world.restore()
        story(world)
        world.restore()
        self.builds(world, {"txt": "two"}, TXT)


class SlowScript(ScenarioCase):
    """A script that takes its time after reading its input."""

    files = {**workspace(["slow", "other"]),
             "slow/Cargo.toml": manifest("slow"),
             "slow/build.rs": script(["x.txt", "wait.txt"], """{
        let text = std::fs::read_to_string("x.txt").unwrap();
        let wait = std::fs::read_to_string("wait.txt").unwrap();
        std::fs::write(std::env::var("OUT_DIR").unwrap() + "/begun", "").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait.trim().parse().unwrap()));
        text
    }"""),
             "slow/src/lib.rs": shown('include_str!(concat!(env!("OUT_DIR"), "/made.txt")).trim()'),
             "slow/x.txt": "x1\n", "slow/wait.txt": "0\n", "txt/msg.txt": "", "other/Cargo.toml": manifest("other"),
             "other/src/lib.rs": shown('"other"')}

    def test_S18_input_modified_during_the_build(self):
        def story(w):
            w.write("slow/wait.txt", "1500\n")
            w.write("slow/x.txt", "x2\n")
            for begun in w.target.glob("debug/build/slow-*/out/begun"):
                begun.unlink()
            w.restore()
            thread = threading.Thread(target=w.build)
            thread.start()
            deadline = time.monotonic() + 30
            while not list(w.target.glob("debug/build/slow-*/out/begun")) and time.monotonic() < deadline:
                time.sleep(0.01)
            w.write("slow/x.txt", "x3\n")
            thread.join()
            w.save()
            w.commit()
            w.travel()
        self.check(story, {"slow": "x3", "other": "other"}, ["app", "slow"], alone="stale", by=date_sources)


class External(ScenarioCase):
    """A script that watches a file outside the repository."""

    files = {**workspace(["ext", "other"]), "txt/msg.txt": "",
             "ext/Cargo.toml": manifest("ext"),
             "ext/build.rs": """fn main() {
    let path = std::env::current_dir().unwrap().join("../../sdk/include/version.h");
    println!("cargo:rerun-if-changed={}", path.parent().unwrap().display());
    println!("cargo:rustc-env=HEADER={}", std::fs::read_to_string(path).unwrap().trim());
}
""",
             "ext/src/lib.rs": shown('env!("HEADER")'), "../sdk/include/version.h": "1\n",
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def test_S21_external_input_with_an_old_time(self):
        def story(w):
            w.travel()
            w.write("../sdk/include/version.h", "2\n", stamp=OLD)
            os.utime(w.root / "../sdk/include", ns=(OLD, OLD))
        self.check(story, {"ext": "2"}, ["app", "ext"], alone="stale", by=date_sources)
        world = self.world()
        world.write("../sdk/include/version.h", "1\n", stamp=OLD)
        world.travel()
        world.restore()
        self.builds(world, {"ext": "1"}, [])


if __name__ == "__main__":
    main()
