"""Inputs that cargo does not track, or not by their contents: whole packages, directories that macros read, the user's own
patterns, files that scripts write into the work tree, interpreters behind environments. With real cargo."""

import os
import shutil

from steadytest import main
from test_records import FILES, Records

NAP = "std::thread::sleep(std::time::Duration::from_millis(30));"
LOUD = 'println!("cargo:rerun-if-changed=build.rs");'


def with_script(script, lib='pub fn text() -> &\'static str { "s" }\n', **more):
    files = {path: text for path, text in FILES.items() if not path.startswith("script/data")}
    files["script/build.rs"] = "fn main() {\n" + script + "\n}\n"
    files["script/src/lib.rs"] = lib
    files.update(more)
    return files


class SideOutputInSources(Records):
    """A script writes src/gen.rs, which git ignores."""

    files = with_script(
        # What is built from the file starts a tick of the clock later.
        LOUD + 'std::fs::write("src/gen.rs", "pub const T: &str = \\"made\\";").unwrap();' + NAP,
        "mod gen;\npub fn text() -> &'static str { gen::T }\n", **{".gitignore": "target\ngen.rs\n"})

    def test_missing_in_a_clone(self):
        """The script runs again; it was compiled from unchanged sources, so it is not compiled."""
        self.first()
        self.assertEqual(self.answer(), "plain1 made msg1")
        self.travel()
        self.check_next(["app", "script"], "plain1 made msg1")

    def test_unchanged_where_it_is(self):
        self.first()
        self.check_next([], "plain1 made msg1")

    def test_cleaned_away_without_any_record(self):
        """As after `git clean -X` that spares the target directory."""
        self.ws.cargo("build")
        (self.root / "script/src/gen.rs").unlink()
        self.check_next(["app", "script"], "plain1 made msg1")

    def test_the_script_alone_is_recorded(self):
        """What was built from the file was edited before it could be recorded."""
        self.restore()
        self.ws.cargo("build")
        (self.root / "script/src/lib.rs").touch()
        self.save()
        self.travel()
        self.check_next(["app", "script"], "plain1 made msg1")

    def test_written_only_if_missing(self):
        self.edit("script/build.rs", "std::fs::write", 'if !std::path::Path::new("src/gen.rs").exists() { std::fs::write')
        self.edit("script/build.rs", "unwrap();", "unwrap(); }")
        self.first()
        self.edit("script/build.rs", "fn main() {", "fn main() {\n// again")
        self.restore()
        self.build()
        self.save()
        self.pack()
        (self.root / "script/src/gen.rs").unlink()
        self.check_next(["app", "script"], "plain1 made msg1")


class SideOutputElsewhere(Records):
    """A script copies web/ to dist/, which another package's macro reads."""

    files = with_script(
        'println!("cargo:rerun-if-changed=../web");'
        'std::fs::create_dir_all("../dist").unwrap();'
        'std::fs::copy("../web/a.txt", "../dist/a.txt").unwrap();' + NAP,
        **{".gitignore": "target\n/dist\n", "web/a.txt": "web1",
           "app/src/main.rs": 'fn main() { println!("{} {}", script::text(), include_str!("../../dist/a.txt")); }\n'})

    def test_missing_in_a_clone(self):
        self.first()
        self.travel()
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "s web1")
        self.assertTrue((self.root / "dist/a.txt").exists())

    def test_read_at_run_time_only(self):
        self.edit_origin("app/src/main.rs", 'include_str!("../../dist/a.txt")', '"-"')
        self.clone()
        self.first()
        self.travel()
        self.restore()
        self.build()
        self.assertTrue((self.root / "dist/a.txt").exists())

    def test_source_changed(self):
        self.first()
        self.edit_origin("web/a.txt", "web1", "web2")
        self.travel()
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "s web2")


class WholePackage(Records):
    """A script without rerun-if lines depends on its whole package."""

    files = with_script(
        'let mut all: Vec<_> = std::fs::read_dir("data").unwrap().map(|e| std::fs::read_to_string(e.unwrap().path())'
        '.unwrap()).collect(); all.sort(); println!("cargo:rustc-env=DATA={}", all.concat());',
        'pub fn text() -> &\'static str { env!("DATA") }\n', **{"script/data/a.txt": "a1", "script/data/b.txt": "b1"})

    def test_unchanged(self):
        self.first()
        self.assertEqual(self.answer(), "plain1 a1b1 msg1")
        self.travel()
        report = self.restore()
        self.assertEqual([u["reason"] for u in report["units"] if u["reason"]], [])
        self.assertEqual(self.build(), [])

    def test_changed(self):
        self.first()
        self.edit_origin("script/data/a.txt", "a1", "a2")
        self.travel()
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "plain1 a2b1 msg1")

    def test_added_deleted_and_ignored(self):
        self.first()
        (self.origin / "script/data/c.txt").write_text("c1")
        (self.origin / "script/data/a.txt").unlink()
        self.commit()
        self.travel()
        self.restore()
        self.build()
        self.assertEqual(self.answer(), "plain1 b1c1 msg1")
        self.save()
        (self.root / "target" / "x").write_text("x")
        self.assertEqual(self.restore()["summary"]["changed"], 0)


class UserPatterns(Records):
    files = dict(FILES, **{".cargo-steady": "assets/**\n", "assets/a.txt": "1", "other.txt": "1"})

    def test_pattern(self):
        self.first()
        self.travel()
        self.check_next([], "plain1 data1 msg1")
        (self.origin / "assets/b.txt").write_text("2")
        self.commit()
        self.travel()
        self.restore()
        self.assertGreaterEqual(set(self.build()), {"app", "plain", "script"})

    def test_other_patterns(self):
        self.first()
        self.travel()
        self.ws.env["STEADY_INPUTS"] = "other.txt"
        report = self.restore()
        self.assertGreater(report["summary"]["changed"], 0)
        self.build()
        self.save()
        self.check_next([], "plain1 data1 msg1")
        (self.root / "other.txt").write_text("2")
        self.assertGreater(self.restore()["summary"]["changed"], 0)

    def test_unreadable(self):
        self.first()
        (self.root / ".cargo-steady").unlink()
        os.mkfifo(self.root / ".cargo-steady")
        self.assertEqual(self.restore()["summary"]["verified"], 0)


class Interpreters(Records):
    """pyvenv.cfg is the same, the interpreter another."""

    files = with_script('println!("cargo:rerun-if-changed={}/pyvenv.cfg", std::env::var("VENV").unwrap());'
                        'println!("cargo:rustc-env=DATA={:?}", std::fs::read_link(std::env::var("VENV").unwrap()'
                        '+ "/bin/python").unwrap());',
                        'pub fn text() -> &\'static str { env!("DATA") }\n')

    def make_venv(self, program):
        base, venv = self.tmp / "base", self.tmp / "venv"
        base.mkdir(exist_ok=True)
        for name in ("python3.11", "python3.11d"):
            (base / name).write_text("x")
        shutil.rmtree(venv, ignore_errors=True)
        (venv / "bin").mkdir(parents=True)
        (venv / "pyvenv.cfg").write_text(f"home = {base}\n")
        (venv / "bin/python").symlink_to(base / program)
        self.ws.env["VENV"] = str(venv)

    def test_another_interpreter(self):
        self.make_venv("python3.11")
        self.first()
        self.travel()
        self.make_venv("python3.11")
        self.restore()
        self.assertEqual(self.build(), [])
        self.make_venv("python3.11d")
        self.restore()
        self.build()
        self.assertIn("python3.11d", self.answer())


if __name__ == "__main__":
    main()
