"""Build scripts that see the Python environment: what is installed there is one of their inputs.

Each story is told with cargo alone, where it shows what goes wrong, and with the program.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from steadytest import E2ECase, Workspace, main, make_env, purelib
from steadytest.distributions import install
from steadytest.run import steady

#: Runs the interpreter for a value and bakes it into the program.
_ASK = """pub fn ask(code: &str) -> String {
    let python = std::env::var("PYO3_PYTHON").unwrap_or("python3".into());
    let out = std::process::Command::new(python).args(["-c", code]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_string()
}
"""

_SCRIPT = _ASK + """fn main() {
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=VALUE={}", ask("import helper; print(helper.VALUE)"));
}
"""

_MAIN = 'fn main() { println!("{}", env!("VALUE")); }\n'
_APP = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n'

#: The script registers the variable itself.
REGISTERS = {"Cargo.toml": _APP, "build.rs": _SCRIPT, "src/main.rs": _MAIN}

#: It asks a build dependency, whose own script registers the variable.
ASKS = {
    "Cargo.toml": _APP + '[build-dependencies]\nasker = { path = "asker" }\n[workspace]\nmembers = ["asker"]\n',
    "build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
                '    println!("cargo:rustc-env=VALUE={}", asker::ask("import helper; print(helper.VALUE)"));\n}\n',
    "src/main.rs": _MAIN,
    "asker/Cargo.toml": _APP.replace("app", "asker"),
    "asker/build.rs": 'fn main() { println!("cargo:rerun-if-env-changed=PYO3_PYTHON"); }\n',
    "asker/src/lib.rs": _ASK,
}


class PyenvCase(E2ECase):
    def setUp(self):
        super().setUp()
        self.tool = self.cargo("path")
        self.env = make_env(self.tmp / "venv")
        self.helper("1.0", 1)

    def helper(self, version: str, value, env=None, **how):
        install(env or self.env, "helper", version, {"helper/__init__.py": f"VALUE = {value!r}\n"}, **how)

    def workspace(self, files: dict) -> Workspace:
        return Workspace(self.tmp / "ws", self.tool, files, env={"PYO3_PYTHON": self.env / "bin" / "python"})

    def build(self, ws) -> tuple:
        """What the program says, and what was compiled."""
        run = ws.cargo("build", "-v")
        self.assertEqual(run.returncode, 0, run.stderr)
        said = subprocess.run([str(ws.target / "debug" / "app")], stdout=subprocess.PIPE, text=True, check=True)
        return said.stdout.strip(), run.compiled

    def steady(self, ws, *args) -> str:
        run = steady(*args, cwd=ws.root, env=ws.environment())
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stderr

    def built(self, files: dict, save: bool = True) -> Workspace:
        """A workspace that was built, with a record of it."""
        ws = self.workspace(files)
        self.steady(ws, "restore")
        self.assertEqual(self.build(ws)[0], "1")
        if save:
            self.steady(ws, "save", "-v")
        return ws

    def restored(self, ws) -> tuple:
        """What restore says, what the program says after a build, and what was compiled."""
        words = self.steady(ws, "restore", "-v")
        return (words,) + self.build(ws)


class UpgradeInPlace(PyenvCase):
    """The environment stays where it is: for cargo nothing has changed."""

    def upgraded(self, files, expected):
        ws = self.built(files)
        self.helper("2.0", 2)
        self.assertEqual(self.build(ws), ("1", []), "cargo alone is stale")
        words, value, compiled = self.restored(ws)
        self.assertEqual(value, "2", words)
        self.assertIn("helper 1.0 -> 2.0 in the Python environment", words)
        self.assertEqual(compiled, expected)
        self.assertEqual(self.restored(ws)[2], [])

    def test_script_that_registers_the_variable(self):
        self.upgraded(REGISTERS, ["app"])

    def test_script_that_asks_a_build_dependency(self):
        self.upgraded(ASKS, ["asker", "app"])

    def test_other_bytes_under_the_same_version(self):
        ws = self.built(REGISTERS)
        self.helper("1.0", 2)
        self.assertEqual(self.build(ws), ("1", []), "cargo alone is stale")
        words, value, _ = self.restored(ws)
        self.assertEqual(value, "2", words)
        self.assertIn("helper 1.0 in the Python environment has other contents", words)

    def test_without_a_record_the_file_system_speaks(self):
        ws = self.built(REGISTERS, save=False)
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        self.helper("2.0", 2)
        self.assertEqual(self.restored(ws)[1:], ("2", ["app"]))

    def test_file_without_a_distribution(self):
        install(self.env, "helper", "1.0", {"helper.py": "VALUE = 1\n"})
        site = next((self.env / "lib").glob("python3*/site-packages"))
        for path in [*site.glob("helper-*.dist-info"), site / "helper"]:
            shutil.rmtree(path, ignore_errors=True)
        ws = self.built(REGISTERS)
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        # Of another size: Python takes its compiled file for current if the size and the second are the same.
        (site / "helper.py").write_text("VALUE = 2  # now\n")
        words, value, _ = self.restored(ws)
        self.assertEqual(value, "2", words)
        self.assertIn("helper.py in the Python environment has changed", words)

    def test_new_and_removed_packages(self):
        ws = self.built(REGISTERS)
        install(self.env, "other", "3.1", {"other.py": ""})
        words, value, compiled = self.restored(ws)
        self.assertIn("other 3.1 is new in the Python environment", words)
        self.assertEqual((value, compiled), ("1", ["app"]))


class MadeAnew(PyenvCase):
    """The environment is deleted and made again at its path, as nox does and a CI job."""

    def make_again(self, **how):
        shutil.rmtree(self.env)
        make_env(self.env)
        self.helper("1.0", 1, **how)

    def test_same_packages_are_fresh(self):
        ws = self.built(REGISTERS)
        self.make_again()
        self.assertEqual(self.restored(ws)[1:], ("1", []))

    def test_same_packages_by_another_installer_are_fresh(self):
        ws = self.built(ASKS)
        self.make_again(installer="uv")
        self.assertEqual(self.restored(ws)[1:], ("1", []))

    def test_empty_directory_that_only_one_installer_makes(self):
        """cffi 1.17.1 comes with an empty directory cffi.libs: uv makes it, pip does not."""
        ws = self.built(REGISTERS)
        self.make_again()
        libraries = next((self.env / "lib").glob("python3*/site-packages")) / "helper.libs"
        libraries.mkdir()
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        (libraries / "libhelper.so").write_text("")
        words, _, compiled = self.restored(ws)
        self.assertIn("helper.libs is new in the Python environment", words)
        self.assertEqual(compiled, ["app"])

    def test_environment_that_is_gone(self):
        ws = self.built(REGISTERS)
        shutil.rmtree(self.env)
        words = self.steady(ws, "restore", "-v")
        self.assertIn("the Python environment cannot be told", words)
        make_env(self.env)
        self.helper("1.0", 1)
        self.assertEqual(self.restored(ws)[1:], ("1", []), "the record puts it back")


class Editable(PyenvCase):
    """The files that an editable installation leads to count byte by byte; where they cannot be told it is equal to nothing."""

    def editable(self, source: Path, files=None):
        site = next((self.env / "lib").glob("python3*/site-packages"))
        install(self.env, "helper", "1.0", files or {"__editable__.helper.pth": f"{source}\n"},
                url={"url": source.as_uri(), "dir_info": {"editable": True}})
        shutil.rmtree(site / "helper", ignore_errors=True)

    def source(self) -> Path:
        source = self.tmp / "member/src"
        (source / "helper").mkdir(parents=True)
        (source / "helper/__init__.py").write_text("from .value import VALUE\n")
        (source / "helper/value.py").write_text("VALUE = 1\n")
        return source

    def counts(self, ws, source):
        """The first import made __pycache__ in the package, which says nothing of what the script saw."""
        self.assertTrue((source / "helper/__pycache__").exists())
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        os.utime(source / "helper/value.py")
        (source / ".git").mkdir()
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        # Of another size: .pyc files go by that and by whole seconds.
        (source / "helper/value.py").write_text("VALUE = 2  # now\n")
        self.assertEqual(self.build(ws), ("1", []), "cargo alone is stale")
        words, value, compiled = self.restored(ws)
        self.assertEqual((value, compiled), ("2", ["app"]), words)
        self.assertIn("in the Python environment has changed", words)
        self.steady(ws, "save")
        (source / "helper/value").mkdir()
        (source / "helper/value/__init__.py").write_text("VALUE = 3\n")
        self.assertEqual(self.restored(ws)[1:], ("3", ["app"]))

    def test_directory(self):
        source = self.source()
        self.editable(source)
        self.counts(self.built(REGISTERS), source)

    def test_finder(self):
        source = self.source()
        finder = "__editable___helper_1_0_finder"
        body = (f"import sys\nMAPPING: dict[str, str] = {{'helper': {str(source / 'helper')!r}}}\n"
                "from importlib.util import spec_from_file_location\n\n\nclass Finder:\n"
                "    def find_spec(fullname, path=None, target=None):\n        if fullname in MAPPING:\n"
                "            return spec_from_file_location(fullname, MAPPING[fullname] + '/__init__.py')\n\n\n"
                "def install():\n    sys.meta_path.append(Finder)\n")
        self.editable(source, {f"{finder}.py": body, "__editable__.helper.pth": f"import {finder}; {finder}.install()\n"})
        self.counts(self.built(REGISTERS), source)

    def test_code_that_leads_anywhere(self):
        """A hook of a kind that is not known: the script runs every time."""
        source = self.source()
        self.editable(source, {"_editable_impl_helper.py": f"import sys\nsys.path.append({str(source)!r})\n",
                               "helper.pth": "import _editable_impl_helper\n"})
        ws = self.built(REGISTERS)
        (source / "helper/value.py").write_text("VALUE = 2  # now\n")
        self.assertEqual(self.build(ws), ("1", []), "cargo alone is stale")
        words, value, _ = self.restored(ws)
        self.assertEqual(value, "2", words)
        self.assertIn("whose editable installation is code", words)

    def test_member_of_the_workspace(self):
        """As uv leaves the members of its workspace: one in Python, whose module a script of the other one uses. The other one
        is what is built, and its build writes a module into its own package."""
        ws = self.workspace(dict(REGISTERS, **{
            "pyproject.toml": '[build-system]\nbuild-backend = "maturin"\n',
            "python/app/__init__.py": "", "tool/pyproject.toml": '[build-system]\nbuild-backend = "uv_build"\n',
            "tool/src/helper/__init__.py": "VALUE = 1\n"}))
        site = purelib(self.env)
        install(self.env, "app", "1.0", {"app.pth": f"{ws.root}/python\n"},
                url={"url": ws.root.as_uri(), "dir_info": {"editable": True}})
        shutil.rmtree(site / "app", ignore_errors=True)
        self.editable(ws.root / "tool", {"helper.pth": f"{ws.root}/tool/src\n"})
        self.steady(ws, "restore")
        self.assertEqual(self.build(ws)[0], "1")
        (ws.root / "python/app/app.abi3.so").write_text("one")
        self.steady(ws, "save")
        (ws.root / "python/app/app.abi3.so").write_text("two")
        (ws.root / "python/app/__init__.py").write_text("# edited\n")
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        ws.write("tool/src/helper/__init__.py", "VALUE = 2  # now\n")
        self.assertEqual(self.restored(ws)[1:], ("2", ["app"]))

    def test_the_project_itself_does_not_count(self):
        ws = self.workspace(REGISTERS)
        install(self.env, "project", "1.0", {"__editable__.project.pth": f"{ws.root}/python\n"},
                url={"url": ws.root.as_uri(), "dir_info": {"editable": True}})
        (ws.root / "python").mkdir()
        ws = self.built(REGISTERS)
        install(self.env, "project", "1.1", {"__editable__.project.pth": f"{ws.root}/python\n"},
                url={"url": ws.root.as_uri(), "dir_info": {"editable": True}})
        self.assertEqual(self.restored(ws)[1:], ("1", []))

    def test_the_project_installed_into_its_environment(self):
        """`pip install .` after each build: that is what was built, not what it was built from."""
        ws = self.workspace(REGISTERS)
        url = {"url": ws.root.as_uri(), "dir_info": {}}
        install(self.env, "project", "1.0", {"project/__init__.py": "one\n"}, url=url)
        ws = self.built(REGISTERS)
        install(self.env, "project", "1.0", {"project/__init__.py": "two\n"}, url=url)
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        # A package that lies in the workspace is something else.
        install(self.env, "helper", "1.0", {"helper/__init__.py": "VALUE = 2\n"},
                url={"url": (ws.root / "helper").as_uri(), "dir_info": {}})
        self.assertEqual(self.restored(ws)[1:], ("2", ["app"]))


#: A script that notes where its package lies.
_NOTES = _SCRIPT.replace("import helper; print(helper.VALUE)", "import helper; print(helper.__path__[0])")
#: One that reads a file it says nothing of.
_READS = _SCRIPT.replace('ask("import helper; print(helper.VALUE)")', 'std::fs::read_to_string("table.txt").unwrap().trim()')


class UnderAnAlias(PyenvCase):
    """The path of the interpreter stays, and each build has an environment of its own behind it."""

    def setUp(self):
        super().setUp()
        run = steady("env", env={**os.environ, "PYO3_PYTHON": str(self.env / "bin" / "python"),
                                 "STEADY_HOME": str(self.tmp / "home")})
        self.alias = re.search(r"PYO3_PYTHON=[\"']?([^\"'\n;]+)", run.stdout).group(1)
        self.first, self.second = self.isolated("first"), self.isolated("second", installer="uv")

    def isolated(self, name: str, version="1.0", value=1, **how) -> Path:
        env = make_env(self.tmp / name)
        self.helper(version, value, env, **how)
        return env

    def workspace(self, files):
        ws = super().workspace(files)
        ws.env.update(PYO3_PYTHON=self.alias, STEADY_HOME=self.tmp / "home", PYTHONDONTWRITEBYTECODE="1")
        self.inside(ws, self.first)
        return ws

    def inside(self, ws, env):
        ws.env["STEADY_SITE"] = purelib(env)

    def test_the_same_packages_are_fresh(self):
        ws = self.built(ASKS)
        self.inside(ws, self.second)
        self.assertEqual(self.restored(ws)[1:], ("1", []))
        ws.env["PYO3_PYTHON"] = self.second / "bin" / "python"
        self.assertEqual(self.build(ws)[1], ["asker", "app"], "cargo alone sees another path")

    def test_other_packages_are_not(self):
        for name, version in (("upgraded", "2.0"), ("rebuilt", "1.0")):
            with self.subTest(name):
                shutil.rmtree(self.tmp / "ws", ignore_errors=True)
                ws = self.built(ASKS)
                self.inside(ws, self.isolated(name, version, 2))
                self.assertEqual(self.build(ws), ("1", []), "cargo alone is stale")
                self.assertEqual(self.restored(ws)[1:], ("2", ["asker", "app"]))

    def test_file_dropped_into_a_distribution(self):
        """No RECORD names it, and it is imported all the same."""
        def drop(env, value):
            (purelib(env) / "helper" / "more.py").write_text(f"VALUE = {value}\n")
        drop(self.first, 1)
        drop(self.second, 1)
        third = self.isolated("third")
        drop(third, 2)
        ws = self.built({**REGISTERS, "build.rs": _SCRIPT.replace("import helper; print(helper.VALUE)",
                                                                 "import helper.more; print(helper.more.VALUE)")})
        self.inside(ws, self.second)
        self.assertEqual(self.restored(ws)[1:], ("1", []), "the same file")
        self.inside(ws, third)
        self.assertEqual(self.build(ws), ("1", []), "cargo alone is stale")
        words, value, compiled = self.restored(ws)
        self.assertEqual((value, compiled), ("2", ["app"]), words)

    def test_restore_outside_of_any_environment(self):
        """What it invalidates comes back where the build's environment is known."""
        ws = self.built(REGISTERS)
        del ws.env["STEADY_SITE"], ws.env["PYO3_PYTHON"]
        self.steady(ws, "restore")
        ws.env["PYO3_PYTHON"] = self.alias
        self.inside(ws, self.second)
        self.assertEqual(self.restored(ws)[1:], ("1", []))

    def test_record_is_of_the_environment_of_the_build(self):
        """Both environments are older than the build: only the mark says in which of them it ran."""
        other = self.isolated("other", "2.0", 2)
        ws = self.built(REGISTERS, save=False)
        self.inside(ws, other)
        self.assertIn("nothing shows in which Python environment it ran", self.steady(ws, "save", "-v"))
        self.assertEqual(self.restored(ws)[1:], ("2", ["app"]))

    def test_noted_path(self):
        """Only in the environment whose path it is the output is kept."""
        ws = self.workspace({**REGISTERS, "build.rs": _NOTES})
        self.steady(ws, "restore")
        self.assertIn("/first/", self.build(ws)[0])
        self.steady(ws, "save")
        self.assertEqual(self.restored(ws)[2], [])
        self.inside(ws, self.second)
        self.assertIn("/first/", self.build(ws)[0], "cargo alone is stale")
        words, value, compiled = self.restored(ws)
        self.assertIn("/second/", value, words)
        self.assertEqual(compiled, ["app"])

    def test_file_beside_the_script(self):
        """Each new path ran the script, and so it read the file again."""
        ws = self.built({**REGISTERS, "build.rs": _READS, "table.txt": "1\n"})
        ws.write("table.txt", "2\n")
        self.assertEqual(self.build(ws), ("1", []), "cargo alone is stale")
        words, value, _ = self.restored(ws)
        self.assertEqual(value, "2", words)
        self.steady(ws, "save")
        ws.write("dist/app.whl", "")
        self.assertEqual(self.restored(ws)[1:], ("2", []), "what build tools leave there is none of it")

    def test_file_beside_the_script_under_a_lasting_path(self):
        """cargo never ran it for that, and neither do we."""
        ws = self.workspace({**REGISTERS, "build.rs": _READS, "table.txt": "1\n"})
        ws.env["PYO3_PYTHON"] = self.env / "bin" / "python"
        self.steady(ws, "restore")
        self.build(ws)
        self.steady(ws, "save")
        ws.write("table.txt", "2\n")
        self.assertEqual(self.restored(ws)[1:], ("1", []))


class WithoutPython(E2ECase):
    def test_other_scripts_take_no_notice(self):
        tool = self.cargo("path")
        files = {"Cargo.toml": _APP, "src/main.rs": "fn main() {}\n",
                 "build.rs": 'fn main() { println!("cargo:rerun-if-env-changed=HOME"); }\n'}
        ws = Workspace(self.tmp / "ws", tool, files)
        env = make_env(self.tmp / "venv")
        steady("restore", cwd=ws.root, env=ws.environment())
        self.assertEqual(ws.cargo("build", "-v").compiled, ["app"])
        steady("save", cwd=ws.root, env=ws.environment())
        install(env, "helper", "1.0", {"helper.py": ""})
        steady("restore", cwd=ws.root, env=ws.environment(VIRTUAL_ENV=env))
        self.assertEqual(ws.cargo("build", "-v").compiled, [])


if __name__ == "__main__":
    main()
