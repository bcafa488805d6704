#!/usr/bin/env python3
"""Stories about work trees that were built in place and never saved, and about ways to fool the file system's evidence.

And about damage: stamps lost, order broken, references that cannot be parsed.
"""

import os
import shutil
import subprocess
import time

from scenario import ScenarioCase, begin
from scenario_files import manifest, shown, workspace
from steadytest import E2ECase, main

OLD = 1577836800 * 10**9
_FILES = {**workspace(["txt", "other"]),
          "txt/Cargo.toml": manifest("txt"), "txt/src/lib.rs": shown('include_str!("../msg.txt").trim()'), "txt/msg.txt": "one\n",
          "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}


class InPlace(E2ECase):
    """Nothing is ever saved here."""

    def begin(self):
        """A work tree that was made a little before it is built."""
        world = begin(self, _FILES)
        time.sleep(0.05)
        return world

    def says(self, world, text: str, *args):
        world.restore()
        world.build(*args)
        self.assertEqual(world.says()["txt"], text)

    def test_X08_never_moved(self):
        world = self.begin()
        world.build()
        world.restore()
        self.assertEqual(world.build().compiled, [])
        world.write("txt/msg.txt", "two\n", stamp=OLD)
        self.says(world, "two")

    def test_X08_another_worktree_builds_into_our_target(self):
        world = self.begin()
        world.build()
        world.git("worktree", "add", "-q", str(self.tmp / "second"), "old")
        second = world.at(self.tmp / "second")
        second.variables["CARGO_TARGET_DIR"] = str(world.target)
        os.utime(second.root / "txt/msg.txt")
        second.build()
        self.says(world, "one")

    def test_X08_shared_build_directory(self):
        world = self.begin()
        world.git("clone", "-q", str(world.root), str(self.tmp / "second"), "-b", "old", cwd=self.tmp)
        second = world.at(self.tmp / "second")
        for one in (world, second):
            one.variables["CARGO_BUILD_BUILD_DIR"] = str(self.tmp / "build-dir")
        time.sleep(0.05)
        world.build()
        self.says(second, "zero")
        self.says(world, "one")

    def test_X08_two_trees_mounted_at_one_path(self):
        world = self.begin()
        world.git("clone", "-q", str(world.root), str(self.tmp / "second"), "-b", "old", cwd=self.tmp)
        place, target = self.tmp / "place", self.tmp / "shared-target"
        place.mkdir()
        target.mkdir()
        for tree in (world.root, self.tmp / "second"):
            (tree / "target").mkdir(exist_ok=True)
        time.sleep(0.05)
        steady = os.environ["CARGO_STEADY"]
        env = {**world.environment(), "PATH": f"{world.tool.bin}{os.pathsep}{os.environ['PATH']}"}

        def inside(tree, command):
            text = f"mount --bind {tree} {place} && mount --bind {target} {place}/target && cd {place} && {command}"
            return subprocess.run(["unshare", "-m", "sh", "-c", text], env=env, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)

        if inside(world.root, "true").returncode != 0:
            self.missing("bind mounts need more rights")
        for tree, said in ((world.root, "one"), (self.tmp / "second", "zero"), (world.root, "one")):
            done = inside(tree, f"{steady} restore && cargo build --offline && target/debug/app")
            self.assertEqual((done.returncode, done.stdout.split("\n")[0]), (0, "txt=" + said), done.stderr)

    def test_X08_directory_swapped(self):
        world = self.begin()
        world.write("txt/src2/lib.rs", shown('"swapped"'))
        time.sleep(0.05)
        world.build()
        os.rename(world.root / "txt/src", world.root / "txt/src.old")
        os.rename(world.root / "txt/src2", world.root / "txt/src")
        self.says(world, "swapped")

    def test_X08_directory_link_retargeted(self):
        world = self.begin()
        os.rename(world.root / "txt/src", world.root / "txt/v1")
        world.write("txt/v2/lib.rs", shown('"second"'))
        world.write("txt/src", ("link", "v1"))
        time.sleep(0.05)
        world.build()
        world.write("txt/src", ("link", "v2"))
        self.says(world, "second")

    def test_X08_our_own_rename_is_no_evidence(self):
        world = self.begin()
        world.build()
        world.write("txt/msg.txt", "two\n", stamp=OLD)
        world.commit()
        world.travel(how="tar-m")
        world.restore()
        world.restore()
        self.says(world, "two")

    def test_X08_source_archive_with_old_dates(self):
        world = self.begin()
        world.build()
        for text in ("two\n", "six\n"):
            kept = self.tmp / "kept"
            os.rename(world.target, kept)
            shutil.rmtree(world.root)
            world.git("clone", "-q", str(world.origin), str(world.root), cwd=self.tmp) if world.origin.exists() else None
            world.root.mkdir(exist_ok=True)
            for path, content in _FILES.items():
                world.write(path, content, stamp=1153704088 * 10**9)
            world.write("txt/msg.txt", text, stamp=1153704088 * 10**9)
            os.rename(kept, world.target)
            self.says(world, text.strip())


class Damage(ScenarioCase):
    files = {**_FILES, "inc/Cargo.toml": manifest("inc"),
             **workspace(["txt", "inc", "other"]),
             "inc/src/lib.rs": shown('include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/assets/x.txt")).trim()')}

    @staticmethod
    def history(w):
        ScenarioCase.history(w)
        w.write("target/assets/x.txt", "x1\n")

    def test_X09_input_in_the_target_directory(self):
        for how in ("pax", "seconds", "tar-m", "cp"):
            with self.subTest(how):
                self.check(lambda w, how=how: w.travel(how=how), {"inc": "x1"}, [])

                def story(w, how=how):
                    w.travel(how=how)
                    w.write("target/assets/x.txt", "x2\n", stamp=OLD)
                self.check(story, {"inc": "x2"}, ["app", "inc"], alone="stale" if how == "tar-m" else "")

    def test_X09_one_build_without_save_is_not_lost_stamps(self):
        def story(w):
            stamp = (w.root / "txt/msg.txt").stat().st_mtime_ns
            w.write("txt/msg.txt", "two\n")
            w.build()
            w.write("txt/msg.txt", "one\n", stamp=stamp)
            w.travel()
        self.check(story, {"txt": "one"}, ["app", "txt"])

        def touched(w):
            os.utime(w.root / "txt/msg.txt")
            w.build()
            w.write("other/src/lib.rs", shown('"changed"'), stamp=OLD)
            w.commit()
            w.travel()
        world = self.world()
        touched(world)
        world.restore()
        run = world.build()
        self.assertEqual(world.says()["other"], "changed")
        self.assertNotIn("inc", run.compiled)

    def test_reference_that_cannot_be_parsed(self):
        def story(w):
            for path in w.target.glob("debug/.fingerprint/txt-*/dep-lib-txt"):
                stamp = path.stat().st_mtime_ns
                path.write_bytes(b"\xff\xff\xff\xff" * 4)
                os.utime(path, ns=(stamp, stamp))
        self.check(story, {"txt": "one"}, ["app", "txt"])

    def test_records_cut_short(self):
        def story(w):
            for path in w.target.glob("debug/.fingerprint/*/steady-*"):
                path.write_bytes(path.read_bytes()[:40])
            w.travel()
        self.check(story, {"txt": "one"}, ["app", "inc", "other", "txt"])


if __name__ == "__main__":
    main()
