#!/usr/bin/env python3
"""Stories in which cargo alone, or after tools that set commit times, compiles what did not change.

Expected after `cargo steady restore`: nothing but what changed is compiled; where cargo cannot be helped, the report says why.
"""

import os
import shutil
import subprocess
import time
import venv

from scenario import ScenarioCase, commit_times
from scenario_files import manifest, script, shown, workspace
from steadytest import main


class Overbuild(ScenarioCase):
    def test_D01_fresh_clone(self):
        self.check(lambda w: w.travel(), {"txt": "one"}, [], alone="more")

    def test_D02_directory_of_directories(self):
        self.check(lambda w: w.travel(), {}, [], alone="more", by=commit_times)

    def test_D04_script_without_rerun_lines(self):
        self.check(lambda w: w.travel(), {"whole": "notes"}, [], alone="more", by=commit_times)

    def test_D04_new_file_in_the_package(self):
        def story(w):
            w.travel()
            w.write("whole/report.html", "coverage\n")
        self.check(story, {}, ["app", "whole"])

    def test_D05_times_cut_to_seconds(self):
        second = 10**9
        self.check(lambda w: w.restamp(lambda stamp: stamp // second * second), {}, [])
        self.check(lambda w: w.travel(how="seconds"), {}, [], alone="more")

    def test_D05_only_the_script_output_cut(self):
        def story(w):
            for output in w.target.glob("debug/build/scr-*/output"):
                stamp = (output.stat().st_mtime_ns // 10**9 - 5) * 10**9
                os.utime(output, ns=(stamp, stamp))
        self.check(story, {}, [], alone="more")

    def test_D07_sparse_checkout(self):
        def story(w):
            w.write("docs/manual/text.md", "text\n")
            w.commit()
            w.travel()
            w.git("sparse-checkout", "init", "--cone")
            w.git("sparse-checkout", "set", "app", "txt", "link", "dirs", "scr", "whole", "other", "mac")
        self.check(story, {}, [], alone="more")

    def test_D08_shallow_clone_newer_than_the_cache(self):
        def story(w):
            w.write("README", "text\n")
            w.commit(days=-0.01)
            w.travel(depth=1)
        self.check(story, {}, [], alone="more", by=commit_times)

    def test_D11_same_old_cache_again(self):
        world = self.world()
        world.write("txt/msg.txt", "two\n")
        world.commit()
        world.travel()
        again = world.folder / "again.tar"
        subprocess.run(["tar", "--format=pax", "-cf", str(again), "-C", str(world.root), "target"], check=True)
        for how in ("first", "second"):
            with self.subTest(how):
                world.restore()
                self.builds(world, {"txt": "two"}, ["app", "txt"])
            shutil.rmtree(world.target)
            subprocess.run(["tar", "-xf", str(again), "-C", str(world.root)], check=True)

    def test_D12_nothing_looks_old(self):
        world = self.world()
        world.travel()
        before = world.stamps()
        world.restore()
        after = world.stamps()
        self.assertEqual([path for path in before if after.get(path, 0) < before[path]], [])
        self.assertNotEqual([path for path in before if after.get(path, 0) > before[path]], [])
        self.builds(world, {"txt": "one"}, [])

    def test_D13_nothing_is_newer_than_now(self):
        world = self.world()
        for attempt in range(4):
            world.travel()
            world.restore()
            world.write("txt/msg.txt", f"edit {attempt}\n")
            world.git("-c", "core.fsync=none", "add", "-A")
            now = time.time_ns()
            self.assertEqual([path for path, stamp in world.stamps().items() if stamp > now], [])
            self.builds(world, {"txt": f"edit {attempt}"}, ["app", "txt"])
            self.builds(world, {"txt": f"edit {attempt}"}, [])
            world.save()
            world.commit()

    def test_D14_check_again_and_again(self):
        for how in ("pax", "tar-m"):
            world = self.world()
            world.restore()
            world.build(command="check")
            world.save()
            world.travel(how=how)
            world.restore()
            for _ in range(2):
                self.assertEqual(world.build(command="check").compiled, [], how)

    def test_D15_unrelated_commit(self):
        def story(w):
            w.write("README", "text\n")
            w.commit()
            w.travel()
        self.check(story, {}, [], alone="more")

    def test_D17_mode_only(self):
        def story(w):
            os.chmod(w.root / "txt/msg.txt", 0o755)
            w.commit()
            w.travel()
        self.check(story, {"txt": "one"}, [], alone="more")


class MissingPath(ScenarioCase):
    """A script that watches a file that is not there runs on every build."""

    files = {**workspace(["env", "other"]), "txt/msg.txt": "",
             "env/Cargo.toml": manifest("env"), "env/build.rs": script([".env"], '"env".to_string()'),
             "env/src/lib.rs": shown('"env"'),
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def test_D03_missing_rerun_path(self):
        world = self.world()
        world.travel()
        said = world.restore()
        self.assertIn(".env", said.stdout + said.stderr)
        self.builds(world, {}, ["app", "env"])


class Generated(ScenarioCase):
    """A source that a step before cargo writes and git ignores."""

    files = {**workspace(["ver", "other"]), ".gitignore": "/target\n/ver/src/version.rs\n", "txt/msg.txt": "",
             "ver/Cargo.toml": manifest("ver"), "ver/src/lib.rs": "mod version;\n" + shown("version::V"),
             "ver/src/version.rs": 'pub const V: &str = "1";\n',
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def test_D16_generated_source(self):
        for said, compiled in (("1", []), ("2", ["app", "ver"])):
            def story(w, said=said):
                w.travel()
                w.write("ver/src/version.rs", f'pub const V: &str = "{said}";\n')
            self.check(story, {"ver": said}, compiled, alone="more")


class Submodule(ScenarioCase):
    """A package in a submodule."""

    files = {**workspace(["sub", "other"]), "txt/msg.txt": "",
             "sub/Cargo.toml": manifest("sub"), "sub/src/lib.rs": shown('"sub 1"'),
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    @staticmethod
    def history(w):
        upstream = w.folder / "sub-upstream"
        (w.root / "sub").rename(upstream)
        w.git("init", "-q", cwd=upstream)
        w.git("add", "-A", cwd=upstream)
        w.git("commit", "-q", "-m", "sub", days=9, cwd=upstream)
        w.git("submodule", "--quiet", "add", f"file://{upstream}", "sub")
        w.commit("first", days=3)

    def test_D06_submodule(self):
        self.check(lambda w: w.travel(clone=("--recurse-submodules",)), {"sub": "sub 1"}, [], alone="more", by=commit_times)

        def story(w):
            w.travel(clone=("--recurse-submodules",))
            w.write("sub/src/lib.rs", shown('"sub 2"'), stamp=10**18)
        self.check(story, {"sub": "sub 2"}, ["app", "sub"], alone="stale", by=commit_times)


class GitHead(ScenarioCase):
    """A script that watches .git/HEAD."""

    files = {**workspace(["head", "other"]), "txt/msg.txt": "",
             "head/Cargo.toml": manifest("head"),
             "head/build.rs": script(["../.git/HEAD"], 'String::from_utf8(std::process::Command::new("git")'
                                     '.args(["rev-parse", "HEAD"]).output().unwrap().stdout).unwrap()'),
             "head/src/lib.rs": shown('include_str!(concat!(env!("OUT_DIR"), "/made.txt")).trim()'),
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def test_D09_rerun_if_git_head_changed(self):
        self.check(lambda w: w.travel(), {}, [], alone="more")

        def story(w):
            w.commit("empty")
            w.travel()
        world = self.check(story, {}, ["app", "head"])
        self.assertEqual(world.says()["head"], world.git("rev-parse", "HEAD"))


class Environment(ScenarioCase):
    """A script that watches a file of a virtual environment which every job makes anew."""

    files = {**workspace(["py", "other"]), "txt/msg.txt": "",
             "py/Cargo.toml": manifest("py"),
             "py/build.rs": """fn main() {
    println!("cargo:rerun-if-env-changed=VIRTUAL_ENV");
    if let Ok(dir) = std::env::var("VIRTUAL_ENV") {
        println!("cargo:rerun-if-changed={dir}/pyvenv.cfg");
        println!("cargo:rustc-env=CFG={}", std::fs::read_to_string(dir + "/pyvenv.cfg").unwrap().lines().count());
    }
}
""",
             "py/src/lib.rs": shown('option_env!("CFG").unwrap_or("none")'),
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def _environment(self, w, line=""):
        place = w.folder / "venv"
        shutil.rmtree(place, ignore_errors=True)
        venv.create(place, with_pip=False, symlinks=True)
        with open(place / "pyvenv.cfg", "a") as file:
            file.write(line)
        w.variables["VIRTUAL_ENV"] = str(place)

    def test_D10_pyvenv_cfg(self):
        def begin(w):
            self._environment(w)
            w.restore()
            w.build()
            w.save()

        def same(w):
            begin(w)
            self._environment(w)
            w.travel()
        self.check(same, {}, [], alone="more")

        def different(w):
            begin(w)
            self._environment(w, "more = 1\n")
            os.utime(w.folder / "venv/pyvenv.cfg", ns=(10**18, 10**18))
            w.travel()
        self.check(different, {}, ["app", "py"])


if __name__ == "__main__":
    main()
