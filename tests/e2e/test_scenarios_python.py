"""Stories about Python environments: X16 to X19 and X23 to X26. Each is told with cargo alone, with the interpreter's path
pinned and nothing else (an alias without the rest of the shim), and with the shim."""

import os
import shutil
import subprocess

from steadytest import main
from steadytest.debs import Unavailable
from steadytest.pycase import PyCase
from steadytest.pyo3 import locked_pyo3
from steadytest.pytools import base_python, other_pythons, pypy
from steadytest.pyworld import ASKS_MYGEN, PINNED, PLAIN, REGISTERED, SHIM, PyWorld, asking_files

ABOVE = ["app", "generated"]


def mygen(world: PyWorld, version: str, word: str, folder: str = "wheels"):
    return world.wheel("mygen", version, {"mygen/__init__.py": f"WORD = {word!r}\n"}, folder)


class Environments(PyCase):
    def world(self, how: str, files: dict, lock: str = None, name: str = None) -> PyWorld:
        return PyWorld(self.tmp / (name or how), how, self.tool, self.tools, files, lock)

    def check(self, files: dict, before, change, expected: str, stale: str, lock: str = None, compiled=ABOVE) -> None:
        """BEFORE(world) makes the first environment; it is made again, which compiles nothing with the shim. After
        CHANGE(world) the program says EXPECTED; with the path pinned and nothing else it says STALE."""
        for how, says in ((PLAIN, expected), (PINNED, stale), (SHIM, expected)):
            with self.subTest(how=how):
                world = self.world(how, files, lock)
                before(world)
                world.build()
                before(world)
                run = world.build()
                if how == SHIM:
                    self.assertEqual(sorted(run.compiled), [], run.reasons)
                change(world)
                run = world.build()
                self.assertEqual(world.says(), says)
                if how == SHIM:
                    self.assertEqual(sorted(run.compiled), sorted(compiled), run.reasons)

    def test_X16_build_dependency_upgraded_under_run_python_script(self):
        """pyo3-build-config registers what it reads; the script that asks it registers nothing."""
        files = asking_files('let says = pyo3_build_config::get().run_python_script("import mygen; print(mygen.WORD)").unwrap();'
                             ' let says = says.trim().to_string();', 'println!("cargo:rerun-if-changed=build.rs");')
        files["generated/Cargo.toml"] += '[build-dependencies]\npyo3-build-config = { version = "0.22", features = ["resolve-config"] }\n'
        self.check(files, lambda w: w.isolated(mygen(w, "1.0", "one")), lambda w: w.isolated(mygen(w, "2.0", "two")),
                   "42 two", "42 one", lock=locked_pyo3("0.22"))

    def test_X16_build_dependency_edited_under_the_same_version(self):
        self.check(asking_files(ASKS_MYGEN), lambda w: w.isolated(mygen(w, "1.0", "one")),
                   lambda w: w.isolated(mygen(w, "1.0", "two", "edited")), "42 two", "42 one")

    def test_X16_a_file_beside_the_script(self):
        files = asking_files('let says = fs::read_to_string("table.txt").unwrap();', REGISTERED)
        files["generated/table.txt"] = "one"

        def change(world):
            world.isolated()
            world.ws.write("generated/table.txt", "two")
        self.check(files, lambda w: w.isolated(), change, "42 two", "42 one")

    def test_X17_the_path_of_the_environment_in_what_a_script_says(self):
        """The script runs again in each environment; with the path pinned the crate's next compilation does not find the library."""
        files = asking_files(
            'let says = "linked"; let folder = ask("import clib; print(clib.__path__[0])");'
            'println!("cargo:rustc-link-search=native={folder}"); println!("cargo:rustc-link-lib=static=clib");')
        files["generated/src/lib.rs"] += ('extern "C" { fn number() -> i32; }\npub fn linked() -> i32 { unsafe { number() } }\n')
        files["app/src/main.rs"] = 'fn main() { println!("{} {}", generated::linked(), generated::SAYS); }\n'
        source = self.tmp / "clib.c"
        source.write_text("int number(void) { return 7; }\n")
        subprocess.run(["cc", "-c", str(source), "-o", str(self.tmp / "clib.o")], check=True)
        subprocess.run(["ar", "rcs", str(self.tmp / "libclib.a"), str(self.tmp / "clib.o")], check=True)
        content = {"clib/__init__.py": "", "clib/libclib.a": (self.tmp / "libclib.a").read_bytes()}
        for how in (PLAIN, PINNED, SHIM):
            with self.subTest(how=how):
                world = self.world(how, files)
                wheel = world.wheel("clib", "1.0", content)
                world.isolated(wheel)
                world.build()
                world.isolated(wheel)
                world.ws.edit("generated/src/lib.rs", "number() }", "number() + 1 }")
                run = world.build(check=False)
                if how == PINNED:
                    self.assertNotEqual(run.returncode, 0, "a missing library is found")
                    continue
                self.assertEqual((run.returncode, world.says()), (0, "8 linked"), run.output)
                self.assertEqual(sorted(run.compiled), ABOVE)

    def test_X19_equal_pyvenv_cfg_other_interpreter(self):
        """One `home` with two interpreters: the environments of both have the same pyvenv.cfg, byte for byte."""
        others = other_pythons()
        if not others:
            self.missing("a second CPython on PATH")
        home = self.tmp / "home"
        home.mkdir()
        for name, path in (("one", base_python()), ("two", others[0][1])):
            (home / name).symlink_to(path)
        watched = ('let venv = env::var("VIRTUAL_ENV").unwrap(); println!("cargo:rerun-if-env-changed=VIRTUAL_ENV");'
                   'println!("cargo:rerun-if-changed={venv}/pyvenv.cfg");')
        files = asking_files('let python = format!("{venv}/bin/python"); let done = Command::new(&python).args(["-I", "-S", "-c",'
                             ' "import sys; print(sys.version_info[:2])"]).output().unwrap();'
                             'let says = String::from_utf8(done.stdout).unwrap().trim().to_string();', watched)

        def session(world, name, stamp):
            env = world.folder / "session"
            shutil.rmtree(env, ignore_errors=True)
            (env / "bin").mkdir(parents=True)
            (env / "pyvenv.cfg").write_text(f"home = {home}\n")
            (env / "bin/python").symlink_to(home / name)
            if stamp:
                os.utime(env / "pyvenv.cfg", ns=(stamp, stamp))
            world.variables.update(VIRTUAL_ENV=env, PYO3_PYTHON=None)
            return os.stat(env / "pyvenv.cfg").st_mtime_ns

        # PINNED stands here for a tool that trusts equal bytes: the file's time is put back.
        for how in (PLAIN, PINNED, SHIM):
            with self.subTest(how=how):
                world = self.world(how, files)
                stamp = session(world, "one", None)
                world.build()
                first = world.says()
                session(world, "one", None)
                self.assertEqual(sorted(world.build().compiled), [] if how == SHIM else ABOVE)
                session(world, "two", stamp if how == PINNED else None)
                world.build()
                (self.assertEqual if how == PINNED else self.assertNotEqual)(world.says(), first)

    def test_X23_inner_and_outer_environment(self):
        """PYO3_PYTHON names the throw-away environment, VIRTUAL_ENV the user's own: the two are never mixed."""
        files = asking_files(
            'let outer = Command::new(format!("{}/bin/python", env::var("VIRTUAL_ENV").unwrap())).args(["-c", "import mygen;'
            ' print(mygen.WORD)"]).output().unwrap(); let outer = String::from_utf8(outer.stdout).unwrap();'
            'let says = format!("{} {}", ask("import mygen; print(mygen.WORD)"), outer.trim());')
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world = self.world(how, files)
                inner = mygen(world, "1.0", "inner")
                world.variables["VIRTUAL_ENV"] = world.venv(world.folder / "mine", mygen(world, "1.0", "outer", "outer"))
                for compiled in (None, ABOVE if how == PLAIN else []):
                    world.isolated(inner)
                    run = world.build()
                    self.assertEqual(world.says(), "42 inner outer")
                    if compiled is not None:
                        self.assertEqual(sorted(run.compiled), compiled, run.reasons)

    def test_X24_packages_installed_into_an_alias(self):
        """What pip or uv put into the path that all builds share reaches none of them."""
        asks = 'let says = ask("try:\\n import mygen\\nexcept ImportError:\\n print(\'none\')\\nelse:\\n print(mygen.WORD)");'
        for how, says in ((PINNED, "42 stray"), (SHIM, "42 none")):
            with self.subTest(how=how):
                world = self.world(how, asking_files(asks))
                world.isolated()
                world.build()
                self.assertEqual(world.says(), "42 none")
                shared = world.seen.pin if how == PINNED else world.aliases()[0]
                try:
                    world.uv("pip", "install", "-q", "--python", shared / "bin/python", mygen(world, "1.0", "stray"))
                except AssertionError:
                    self.assertNotEqual(os.getuid(), 0)
                world.isolated()
                world.ws.edit("generated/build.rs", "fn main", "// again\nfn main")
                self.assertIn("generated", world.build().compiled)
                self.assertEqual(world.says(), says)

    def test_X25_pypy(self):
        """An interpreter whose site-packages lies elsewhere: it works, with an alias or without."""
        try:
            python, libraries = pypy()
        except Unavailable as error:
            self.missing(str(error))
        files = asking_files('let says = ask("import mygen, sys; print(mygen.WORD, sys.implementation.name)");')
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world = self.world(how, files)
                world.variables["LD_LIBRARY_PATH"] = libraries
                for version, word, compiled in (("1.0", "one", ABOVE), ("1.0", "one", [] if how == SHIM else ABOVE),
                                                ("2.0", "two", ABOVE)):
                    world.isolated(mygen(world, version, word), python=python)
                    run = world.build()
                    self.assertEqual(world.says(), f"42 {word} pypy")
                    self.assertLessEqual(set(compiled), set(run.compiled))
                    if world.aliases() and not compiled:
                        self.assertEqual(run.compiled, [], run.reasons)

    def test_X26_another_home(self):
        """A container and its host share the target directory, but each has its own home with an alias of its own."""
        for how in (PINNED, SHIM):
            with self.subTest(how=how):
                world = self.world(how, asking_files(ASKS_MYGEN))
                wheel = mygen(world, "1.0", "one")
                world.isolated(wheel)
                world.build()
                first = world.aliases()[0] if how == SHIM else None
                world.seen.pin = world.seen.folder / "other-pin"
                world.seen.home = world.folder / "other-home"
                world.isolated(wheel)
                run = world.build()
                self.assertEqual(sorted(run.compiled), [] if how == SHIM else ABOVE, run.reasons)
                if how == SHIM:
                    run = world.build(PYO3_PYTHON=first / "bin/python", STEADY_SITE=world.site())
                    self.assertEqual(sorted(run.compiled), [], run.reasons)
                self.assertEqual(world.says(), "42 one")


if __name__ == "__main__":
    main()
