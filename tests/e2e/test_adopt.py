"""Adoption: a target directory that was filled in a throw-away environment, without any of our tools, is used from then on
with the interpreter's alias, by `rewrite`, `save` and `restore`."""

import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from steadytest import E2ECase, clean_env, copy_target, main, make_env, purelib, pyo3_workspace, snapshot
from steadytest import snapshot_difference, steady
from steadytest.distributions import install
from steadytest.pyo3 import install_module, msrv_allows
from steadytest.run import CargoRun, steady_program

#: The interpreter that the user's environment names.
PYTHON = getattr(sys, "_base_executable", None) or sys.executable

#: Runs in the wrong environment: its answers to PyO3's questions are edited.
_OTHER = """#!/bin/sh
{python} "$@" | sed -e 's#^executable .*#executable {env}/bin/python#' {edits}
"""


def build_env(parent, made=True) -> Path:
    """An environment where pypa/build would make one."""
    name = "".join(random.choice(string.ascii_lowercase + string.digits) for _ in range(8))
    path = Path(parent) / f"build-env-{name}"
    return make_env(path) if made else path


#: Where workspaces and environments are whose paths several tests share, and the first builds of these, by what was built.
#: Under other paths nearly all would be built again.
_SHARED = Path(os.path.realpath(tempfile.mkdtemp(prefix="steady-adopt-")))
_FIRST = {}
unittest.addModuleCleanup(shutil.rmtree, _SHARED, ignore_errors=True)


class Adoption(E2ECase):
    #: Registry crates may come from another test's build. Then the file system proves nothing.
    shared = True
    #: The environment is another one than that of the shared build.
    own_env = False

    def start(self, version="0.29", cargo="path", **how):
        """A built target; its environment `self.old` is gone."""
        tool = self.cargo(cargo)
        if not msrv_allows(tool, version):
            self.missing(f"pyo3 {version} needs a newer rustc than {tool}")
        self.home = self.tmp / "home"
        shutil.rmtree(_SHARED / "ws", ignore_errors=True)
        self.ws = pyo3_workspace(_SHARED / "ws", tool, version, **how)
        for path, text in getattr(self, "files", {}).items():
            self.ws.write(path, text)
        built = (version, cargo, str(how))
        first = _FIRST.get(built)
        if first and self.shared:
            copy_target(first[0], self.ws.target)
        self.old = make_env(first[1] if first and not self.own_env else build_env(_SHARED, made=False))
        self.prepare(self.old)
        self.first_build()
        if not first and not self.shared:
            _FIRST[built] = (copy_target(self.ws.target, _SHARED / f"first-{len(_FIRST)}"), self.old)
        self.built(self.old)
        shutil.rmtree(self.old)

    def first_build(self):
        self.build(self.old / "bin/python")

    def prepare(self, env):
        """Called before the first build, and `built` before its environment goes."""

    def built(self, env):
        pass

    def build(self, python, **more):
        return self.ws.cargo("build", env={"PYO3_PYTHON": python, **more})

    def steady(self, *args, **env):
        return steady(*args, "--format", "json", cwd=self.ws.root,
                      env=clean_env(STEADY_HOME=self.home, **{"PYO3_PYTHON": PYTHON, **env})).json

    def alias(self, report) -> Path:
        return Path((report.get("adoption") or report["summary"])["to"])

    def travel(self):
        """As after a checkout on another machine: new stamps on the sources, new inodes in the target directory."""
        kept = self.ws.target.rename(self.tmp / "kept")
        copy_target(kept, self.ws.target)
        shutil.rmtree(kept)
        now = time.time()
        for folder, names, files in os.walk(self.ws.root):
            names[:] = [name for name in names if name != "target"]
            for name in files:
                os.utime(Path(folder) / name, (now, now))

    def assert_answers(self, python, answer="42"):
        module = install_module(self.ws, self.tmp / "module")
        code = f"import sys; sys.path.insert(0, {str(module.parent)!r}); import answers; print(answers.answer())"
        done = subprocess.run([str(python), "-c", code], env=clean_env(), stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.stdout, answer + "\n")


class Cold(Adoption):
    """Without the program everything above pyo3 is built again; with it nothing, or the project's own crates."""

    shared = False

    def whole(self, version, **how):
        self.start(version, **how)
        kept = copy_target(self.ws.target, self.tmp / "first")

        saved = self.steady("save")
        alias = self.alias(saved)
        self.assertTrue(str(alias).startswith(str(self.home)), alias)
        self.assertTrue(all(env["accepted"] for env in saved["adoption"]["environments"]), saved["adoption"])
        self.assertEqual((saved["adoption"]["left"], saved["adoption"]["rerun"]), ([], []))
        self.assert_only_contents(kept, saved)
        self.assertIsNone(self.steady("save")["adoption"])
        self.travel()
        restored = self.steady("restore")
        self.assertIsNone(restored["adoption"])
        self.assertEqual(restored["summary"]["fresh"], restored["summary"]["units"])
        run = self.build(alias / "bin/python")
        self.assertTrue(run.all_fresh, run.stderr)
        self.assert_answers(alias / "bin/python")

        self.without_records(kept, alias)
        self.moved(kept, alias, knows_its_place=version != "0.29")
        self.dry(kept)
        self.plain(kept, alias)

    def use(self, target):
        shutil.rmtree(self.ws.target)
        copy_target(target, self.ws.target)

    def assert_only_contents(self, before, report):
        """Contents of the files named, and records; no stamp, no mode."""
        changes = snapshot_difference(snapshot(before), snapshot(self.ws.target))
        named = set(report["adoption"]["files"])
        for change in changes:
            path, _, what = change.partition(": ")
            if "/steady-" not in path:
                self.assertIn(path, named)
                self.assertEqual(what, "content changed")

    def without_records(self, kept, alias):
        self.use(kept)
        self.travel()
        restored = self.steady("restore")
        self.assertEqual(self.alias(restored), alias)
        run = self.build(alias / "bin/python")
        self.assertEqual(sorted(set(run.compiled)), ["answers", "helper"], run.stderr)
        self.assertTrue(self.build(alias / "bin/python").all_fresh)
        self.assert_answers(alias / "bin/python")
        self.ws.edit("helper/src/lib.rs", "42", "43")
        self.assertEqual(sorted(set(self.build(alias / "bin/python").compiled)), ["answers", "helper"])
        self.assert_answers(alias / "bin/python", "43")
        self.ws.edit("helper/src/lib.rs", "43", "42")

    def moved(self, kept, alias, knows_its_place):
        """The target directory lies elsewhere. target-lexicon includes a source of its OUT_DIR: kept. pyo3-build-config up to 0.28
        has the path of its OUT_DIR compiled in, env!("OUT_DIR"), and looks there: built again, with what hangs on it."""
        place = copy_target(kept, self.tmp / "another place")
        self.steady("restore", "--target-dir", place)
        run = self.build(alias / "bin/python", CARGO_TARGET_DIR=place)
        crates = ["pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"]
        self.assertEqual(sorted(set(run.compiled)), ["answers", "helper", *(crates if knows_its_place else [])], run.stderr)
        shutil.rmtree(place)

    def dry(self, kept):
        self.use(kept)
        before = snapshot(self.ws.target, directories=True)
        for command in ("save", "restore", "rewrite"):
            report = self.steady(command, "--dry-run")
            self.assertTrue((report.get("adoption") or report)["files"], command)
        check = steady("restore", "--check", cwd=self.ws.root, check=False, env=clean_env(STEADY_HOME=self.home))
        self.assertEqual(check.returncode, 1)
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target, directories=True)), [])

    def plain(self, kept, alias):
        """`rewrite` alone; and what cargo does with the same cache by itself."""
        self.use(kept)
        run = self.build(alias / "bin/python")
        self.assertIn("pyo3", run.compiled)
        self.use(kept)
        done = self.steady("rewrite")
        self.assertEqual(done["summary"]["to"], str(alias))
        run = self.build(alias / "bin/python")
        self.assertEqual(sorted(set(run.compiled)), ["answers", "helper"], run.stderr)
        self.assertEqual(self.steady("rewrite")["files"], [])

    def test_022(self):
        self.whole("0.22")

    def test_029(self):
        self.whole("0.29")

    def test_026_abi3_new_layout(self):
        self.whole("0.26", cargo="newlayout", abi3=True)


class VirtualEnv(Adoption):
    """pyo3 0.29 found the interpreter through VIRTUAL_ENV, and so watches its pyvenv.cfg."""

    def first_build(self):
        self.ws.cargo("build", env={"VIRTUAL_ENV": self.old})

    def test_virtual_env(self):
        self.start("0.29")
        self.travel()
        alias = self.alias(self.steady("restore"))
        run = self.ws.cargo("build", env={"VIRTUAL_ENV": alias})
        self.assertEqual(sorted(set(run.compiled)), ["answers", "helper"], run.stderr)
        self.assert_answers(alias / "bin/python")
        self.steady("save")
        self.travel()
        self.steady("restore", VIRTUAL_ENV=alias, PYO3_PYTHON=None)
        self.assertTrue(self.ws.cargo("build", env={"VIRTUAL_ENV": alias}).all_fresh)


class Shimmed(Adoption):
    """A cache that was filled without the shim: its first build adopts it, and one by `save` and `restore` is warm at once."""

    def shimmed(self):
        """A build called as front ends call it, from an environment of its own."""
        shim, env = self.tmp / "shim", build_env(self.tmp)
        shim.mkdir(exist_ok=True)
        if not (shim / "cargo").exists():
            (shim / "cargo").symlink_to(steady_program())
        variables = self.ws.environment(PYO3_PYTHON=env / "bin/python", STEADY_HOME=self.home, **self.ws.tool.env)
        variables["PATH"] = os.pathsep.join([str(shim), str(self.ws.tool.bin), variables["PATH"]])
        done = subprocess.run([str(shim / "cargo"), "build", "-v", "--locked"], cwd=self.ws.root, env=variables,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        shutil.rmtree(env)
        return CargoRun.parse([], 0, done.stdout, done.stderr)

    def test_first_build(self):
        self.start()
        first = copy_target(self.ws.target, self.tmp / "first")
        self.travel()
        run = self.shimmed()
        self.assertEqual(sorted(set(run.compiled)), ["answers", "helper"], run.stderr)
        self.assertTrue(self.shimmed().all_fresh)
        self.assert_answers(PYTHON)

        shutil.rmtree(self.ws.target)
        first.rename(self.ws.target)
        self.steady("restore")
        self.shimmed()
        self.steady("save")
        self.travel()
        self.steady("restore")
        run = self.shimmed()
        self.assertTrue(run.all_fresh, run.stderr)
        self.assert_answers(PYTHON)


class OtherInterpreter(Adoption):
    """What was built for another Python is left alone, and built again."""

    edits = {"version": ("s/^version_minor .*/version_minor 9/",),
             "ABI": ("s/^version_minor .*/version_minor 14/", "s/^gil_disabled .*/gil_disabled 1/")}
    word = "version"
    own_env = True

    def prepare(self, env):
        for name in (env / "bin").glob("python*"):
            name.unlink()
        (env / "bin/python").write_text(_OTHER.format(
            python=PYTHON, env=env, edits=" ".join(f"-e '{edit}'" for edit in self.edits[self.word])))
        (env / "bin/python").chmod(0o755)

    def refused(self):
        before = snapshot(self.ws.target)
        for command in ("rewrite", "save", "restore"):
            report = self.steady(command)
            adoption = report.get("adoption") or report
            self.assertEqual((adoption["files"], adoption["environments"][0]["accepted"]), ([], False))
            self.assertIn(self.word, adoption["environments"][0]["reason"])
            if command == "rewrite":
                self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        alias = self.alias(self.steady("restore", "--dry-run"))
        run = self.build(alias / "bin/python")
        self.assertLessEqual({"pyo3-ffi", "pyo3", "answers"}, set(run.compiled))
        self.assert_answers(alias / "bin/python")

    def test_version_and_free_threaded(self):
        self.start()
        self.refused()
        self.word, self.old = "ABI", make_env(self.tmp / "build-env-second_1")
        self.prepare(self.old)
        self.build(self.old / "bin/python")
        shutil.rmtree(self.old)
        self.refused()


#: Asks the interpreter for what is installed, as cryptography-cffi's does.
_SCRIPT = """
fn main() {
    REGISTER
    println!("cargo:rerun-if-changed=build.rs");
    let python = std::env::var("PYO3_PYTHON").unwrap();
    let said = std::process::Command::new(python).arg("-c")
        .arg("import os; print(os.environ.get('INSTALLED', 'nothing'))").output().unwrap();
    println!("cargo:rustc-env=INSTALLED={}", String::from_utf8(said.stdout).unwrap().trim());
}
"""

_MODULE = """
use pyo3::prelude::*;

#[pyfunction]
fn answer() -> String { format!("{} {}", helper::answer(), env!("INSTALLED")) }

#[pymodule]
fn answers(m: &Bound<'_, PyModule>) -> PyResult<()> { m.add_function(wrap_pyfunction!(answer, m)?) }
"""


class ThirdParty(Adoption):
    """A script that ran the interpreter saw what was installed beside it: it runs once more, and only once."""

    def runs_again(self):
        first = copy_target(self.ws.target, self.tmp / "first")
        for commands in (("rewrite",), ("save",), ("save", "restore"), ("restore",)):
            with self.subTest(commands=commands):
                shutil.rmtree(self.ws.target)
                copy_target(first, self.ws.target)
                for command in commands:
                    self.steady(command)
                alias = self.alias(self.steady("rewrite", "--dry-run"))
                run = self.build(alias / "bin/python", INSTALLED="another")
                self.assertIn("answers", run.compiled)
                self.assertFalse({"pyo3", "pyo3-ffi"} & set(run.compiled), run.stderr)
                self.assert_answers(alias / "bin/python", "42 another")
                self.assertTrue(self.build(alias / "bin/python", INSTALLED="another").all_fresh)
                self.assertEqual(self.steady("rewrite")["files"], [])
        shutil.rmtree(first)

    def test_script_of_another_crate(self):
        """One that registers nothing (cargo ran it because pyo3's ran), and one that registers the variable."""
        self.files = {"build.rs": _SCRIPT.replace("REGISTER", ""), "src/lib.rs": _MODULE}
        self.start()
        self.runs_again()
        self.ws.write("build.rs", _SCRIPT.replace("REGISTER", 'println!("cargo:rerun-if-env-changed=PYO3_PYTHON");'))
        self.old = build_env(self.tmp)
        self.build(self.old / "bin/python")
        shutil.rmtree(self.old)
        self.runs_again()


class CompiledIn(Adoption):
    """Before 0.29 the interpreter's path is compiled into scripts that link pyo3-build-config. One that runs it, and is run
    once more, would run a path that is gone: everything it links is built again."""

    files = {"build.rs": """
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let python = pyo3_build_config::get().executable.clone().unwrap();
    let said = std::process::Command::new(python).arg("-c").arg("print('ran')").output().unwrap();
    println!("cargo:rustc-env=INSTALLED={}", String::from_utf8(said.stdout).unwrap().trim());
}
""", "src/lib.rs": _MODULE}

    def prepare(self, env):
        manifest, lock = self.ws.root / "Cargo.toml", self.ws.root / "Cargo.lock"
        manifest.write_text(manifest.read_text() + '[build-dependencies]\npyo3-build-config = "0.22"\n')
        lock.write_text(lock.read_text().replace(' "pyo3",\n]', ' "pyo3",\n "pyo3-build-config",\n]'))

    def test_path_in_the_script(self):
        self.start("0.22")
        report = self.steady("restore")
        left = {left["package"]: left["reason"] for left in report["adoption"]["left"]}
        self.assertIn("compiled into it", left["pyo3-build-config"])
        self.assertFalse([path for path in report["adoption"]["files"] if "pyo3-build-config" in path])
        alias = self.alias(report)
        run = self.build(alias / "bin/python")
        self.assertIn("pyo3-build-config", run.compiled)
        self.assert_answers(alias / "bin/python", "42 ran")
        self.ws.edit("build.rs", "print('ran')", "print('again')")
        self.steady("restore")
        self.assertEqual(sorted(set(self.build(alias / "bin/python").compiled)), ["answers"])
        self.assert_answers(alias / "bin/python", "42 again")


class Recorded(Adoption):
    """A record says what the environment held: the script stays, until another environment holds something else."""

    files = {"build.rs": _SCRIPT.replace("REGISTER", 'println!("cargo:rerun-if-env-changed=PYO3_PYTHON");')
             .replace("import os; print(os.environ.get('INSTALLED', 'nothing'))", "import helper; print(helper.VALUE)"),
             "src/lib.rs": _MODULE}

    def environment(self, version) -> Path:
        env = build_env(self.tmp)
        self.prepare(env, version)
        return env

    def prepare(self, env, version="1.0"):
        install(env, "helper", version, {"helper/__init__.py": f"VALUE = {version!r}\n"})
        if env == self.old:
            self.steady("restore", PYO3_PYTHON=env / "bin/python")

    def built(self, env):
        saved = self.steady("save", PYO3_PYTHON=env / "bin/python")
        self.assertEqual((saved["adoption"]["left"], len(saved["adoption"]["values"])), ([], 2), saved)

    def build_in(self, env):
        restored = self.steady("restore", PYO3_PYTHON=env / "bin/python")
        alias = self.alias(self.steady("rewrite", "--dry-run"))
        return restored, self.build(alias / "bin/python", STEADY_SITE=purelib(env)), alias / "bin/python"

    def test_record(self):
        self.start()
        same, other = self.environment("1.0"), self.environment("2.0")
        _, run, python = self.build_in(same)
        self.assertTrue(run.all_fresh, run.stderr)
        self.assert_answers(python, "42 1.0")
        self.in_another_home(same, "42 1.0")
        _, run, python = self.build_in(other)
        self.assertEqual(sorted(set(run.compiled)), ["answers"], run.stderr)
        self.assert_answers(python, "42 2.0")

    def in_another_home(self, env, answer):
        """There the alias has another path, which counts as thrown away."""
        before, self.home = self.home, self.tmp / "another"
        restored, run, python = self.build_in(env)
        self.assertEqual(restored["adoption"]["left"], [])
        self.assertEqual([Path(env["path"]).parent for env in restored["adoption"]["environments"]],
                         [before / "python-alias"])
        self.assertTrue(str(python).startswith(str(self.home)))
        self.assertTrue(run.all_fresh, run.stderr)
        self.assert_answers(python, answer)


class Hostile(Adoption):
    def recorded_paths_are_never_run(self):
        """The recorded interpreter is a program, in its old place and in the target directory."""
        mark = self.tmp / "mark"
        for parent in (self.old.parent, self.ws.target):
            python = parent / self.old.name / "bin/python"
            python.parent.mkdir(parents=True)
            python.write_text(f"#!/bin/sh\ntouch {mark}\n")
            python.chmod(0o755)
        for old in (self.old, self.ws.target / self.old.name):
            steady("rewrite", "--target-dir", self.ws.target, "--from", self.old, "--to", old, "--force-identity")
            for command in ("scan", "rewrite", "save", "restore"):
                self.steady(command)
            steady("rewrite", "--target-dir", self.ws.target, "--from", self.home / "python-alias/*", "--to", self.old,
                   "--force-identity")
        self.assertFalse(mark.exists())
        shutil.rmtree(self.old)

    def damaged_unit(self):
        """One hash of the chain does not follow from its JSON: the chain is left alone, and cargo builds it."""
        lib = next(path for path in (self.ws.target / "debug/.fingerprint").glob("pyo3-*/lib-pyo3") if path.is_file())
        lib.write_text("0123456789abcdef")
        report = self.steady("restore")
        self.assertEqual(report["adoption"]["files"], [])
        self.assertTrue(any("does not follow" in left["reason"] for left in report["adoption"]["left"]), report["adoption"])
        alias = self.alias(report)
        self.assertIn("pyo3", self.build(alias / "bin/python").compiled)
        self.assert_answers(alias / "bin/python")

    def no_interpreter(self):
        """Nothing is adopted, which is an error for `rewrite` alone."""
        before = snapshot(self.ws.target)
        env = clean_env(STEADY_HOME=self.home, PYO3_PYTHON=self.tmp / "gone/bin/python")
        done = steady("rewrite", cwd=self.ws.root, env=env, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("PYO3_PYTHON", done.stderr)
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        report = self.steady("restore", PYO3_PYTHON=self.tmp / "gone/bin/python")
        self.assertIsNone(report["adoption"]["to"])
        self.assertIn("names no interpreter", report["adoption"]["reason"])

    def test_hostile(self):
        self.start()
        first = copy_target(self.ws.target, self.tmp / "first")
        for test in (self.no_interpreter, self.recorded_paths_are_never_run, self.damaged_unit):
            with self.subTest(test=test.__name__):
                shutil.rmtree(self.ws.target)
                copy_target(first, self.ws.target)
                test()


if __name__ == "__main__":
    main()
