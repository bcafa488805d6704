"""Throw-away Python environments behind the shim: what a build script can see of them is never stale, whatever cargo is called
for, however many call it at once. Plain cargo is right in each story, since it sees another path each time."""

import shutil
import subprocess
import time
from pathlib import Path

from steadytest import ephemeral_env, main, make_env, purelib, steady
from steadytest.distributions import install
from test_shim import ShimCase as _ShimCase

_SCRIPT = """fn main() {
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    println!("cargo:rerun-if-changed=build.rs");
    let python = std::env::var("PYO3_PYTHON").unwrap_or("python3".into());
    let done = std::process::Command::new(python).args(["-c", "ASK"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    println!("cargo:rustc-env=VALUE={}", String::from_utf8(done.stdout).unwrap().trim());
}
"""
_MAIN = 'fn main() { println!("{}", env!("VALUE")); }\n'


class EnvironmentCase(_ShimCase):
    ask = "import helper; print(helper.VALUE)"

    def setUp(self):
        super().setUp()
        self.more = {}
        self.ws = self.project(build=_SCRIPT.replace("ASK", self.ask))
        (self.ws / "src/main.rs").write_text(_MAIN)

    def helper(self, env, value):
        install(env, "helper", "1.0", {"helper/__init__.py": f"VALUE = {value!r}\n"})

    def isolated(self, value=None):
        env = ephemeral_env(self.tmp)
        if value is not None:
            self.helper(env, value)
        return env

    def inside(self, env, **extra):
        return self.env(PYO3_PYTHON=env / "bin/python", **{**self.more, **extra})

    def compiled(self, done):
        return [line.split()[1] for line in done.stderr.splitlines() if line.split()[:1] == ["Compiling"]]

    def built(self, env, *args, **extra):
        """Builds in the environment: what the program says, and what was compiled."""
        done = self.run_shim("build", *args, env=self.inside(env, **extra))
        return self.says(), self.compiled(done)


class Seen(EnvironmentCase):
    """Where a script can import from."""

    def test_directory_on_PYTHONPATH(self):
        folder = self.tmp / "folder"
        folder.mkdir()
        self.more["PYTHONPATH"] = folder
        for value in ("one", "two"):
            (folder / "helper.py").write_text(f"VALUE = {value!r}\n")
            self.assertEqual(self.built(self.isolated()), (value, ["app"]))
        self.assertEqual(self.built(self.isolated()), ("two", []))

    def test_directory_that_code_adds(self):
        folder = self.tmp / "folder"
        folder.mkdir()
        for value in ("one", "two"):
            (folder / "helper.py").write_text(f"VALUE = {value!r}\n")
            env = self.isolated()
            (purelib(env) / "more.pth").write_text(f"import sys; sys.path.append('{folder}')\n")
            self.assertEqual(self.built(env), (value, ["app"]))

    def test_data_beside_the_packages(self):
        (self.ws / "build.rs").write_text(_SCRIPT.replace(
            "ASK", "import helper; print(open(helper.__path__[0] + '/../../../../share/data.txt').read())"))
        for value in ("one", "two"):
            env = self.isolated()
            (env / "share").mkdir()
            install(env, "helper", "1.0", {"helper/__init__.py": "", "../../../share/data.txt": value})
            self.assertEqual(self.built(env), (value, ["app"]))
        again = self.isolated()
        (again / "share").mkdir()
        install(again, "helper", "1.0", {"helper/__init__.py": "", "../../../share/data.txt": "two"})
        self.assertEqual(self.built(again), ("two", []))

    def test_variable_of_cargos_configuration(self):
        """A forced [env] table names another interpreter than the process."""
        fixed = self.tmp / "fixed-t"
        make_env(fixed)
        (self.ws / ".cargo").mkdir()
        (self.ws / ".cargo/config.toml").write_text(f'[env]\nPYO3_PYTHON = {{ value = "{fixed}/bin/python", force = true }}\n')
        for value in ("one", "two"):
            self.helper(fixed, value)
            self.assertEqual(self.built(self.isolated("no"))[0], value)


    def test_commit_that_a_script_asks_git_for(self):
        script = self.ws / "build.rs"
        script.write_text(script.read_text().replace("new(python)", 'new("git")').replace(
            '["-c", "import helper; print(helper.VALUE)"]', '["log", "-1", "--format=%s"]').replace("let python", "let _python"))
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run([*git, "init", "-q"], cwd=self.ws, check=True)
        for value in ("one", "two"):
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", value], cwd=self.ws, check=True)
            self.assertEqual(self.built(self.isolated()), (value, ["app"]))
        self.assertEqual(self.built(self.isolated()), ("two", []))

    def test_library_of_another_machine(self):
        """pyo3's script reads _sysconfigdata in PYO3_CROSS_LIB_DIR and registers only the variable."""
        lib = self.tmp / "cross"
        lib.mkdir()
        self.more["PYO3_CROSS_LIB_DIR"] = lib
        script = self.ws / "build.rs"
        script.write_text(script.read_text().replace("import helper; print(helper.VALUE)",
                                                     "import os; print(open(os.environ['PYO3_CROSS_LIB_DIR'] + '/data').read())"))
        for value in ("3.12", "3.13"):
            (lib / "data").write_text(value)
            self.assertEqual(self.built(self.isolated())[0], value)

    def test_configuration_that_goes(self):
        """Older cargos compare the process's variable with what they recorded, though the script got the forced one."""
        for cargo in ("debian", "path"):
            behind, config = [self.cargo(cargo).bin], self.ws / ".cargo/config.toml"
            config.parent.mkdir(exist_ok=True)
            shutil.rmtree(self.ws / "target", ignore_errors=True)
            fixed = self.tmp / "fixed-t"
            make_env(fixed)
            self.helper(fixed, "fixed")
            for value in ("fixed", "own", "fixed", "own"):
                if value == "own":
                    config.unlink()
                else:
                    config.write_text(f'[env]\nPYO3_PYTHON = {{ value = "{fixed}/bin/python", force = true }}\n')
                self.run_shim("build", env=self.env(behind, PYO3_PYTHON=self.isolated("own") / "bin/python"))
                self.assertEqual(self.says(), value, cargo)


class Paths(EnvironmentCase):
    """The interpreter's own path, compiled into the program: it leads to an interpreter that is there."""

    ask = "import sys; print(sys.executable)"

    def test_interpreter_on_PATH(self):
        script = self.ws / "build.rs"
        script.write_text(script.read_text().replace('std::env::var("PYO3_PYTHON").unwrap_or("python3".into())', '"python3"'))
        for _ in range(2):
            env = self.isolated()
            behind = [env / "bin", self.cargo("path").bin]
            self.run_shim("build", env=self.env(behind, PYO3_PYTHON=env / "bin/python"))
            self.assertEqual(self.says(), str(env / "bin/python3"))

    def test_adopted(self):
        """Recorded by `save` in an environment that is gone: the script's output can be rewritten, the program cannot."""
        env = self.isolated()
        for command in ("restore", "build", "save"):
            if command == "build":
                self.run_cargo("build", env=self.inside(env))
            else:
                steady(command, cwd=self.ws, env=self.inside(env))
        self.assertEqual(self.says(), str(env / "bin/python"))
        shutil.rmtree(env)
        for _ in range(2):
            done = self.run_shim("build", env=self.inside(self.isolated()))
            self.assertTrue(Path(self.says()).exists(), self.says())
        self.assertEqual(self.compiled(done), [])


class Elsewhere(EnvironmentCase):
    """cargo builds in another place than the shim has looked at."""

    def test_program_of_somebody_else(self):
        tools = self.tmp / "tools"
        tools.mkdir()
        (tools / "cargo-elsewhere").write_text('#!/bin/sh\nexec "$CARGO" build -q --target-dir elsewhere\n')
        (tools / "cargo-elsewhere").chmod(0o755)
        behind = [tools, self.cargo("path").bin]
        self.run_shim("build", env=self.inside(self.isolated("zero")))
        for value in ("one", "two"):
            env = self.env(behind, PYO3_PYTHON=self.isolated(value) / "bin/python")
            self.run_shim("elsewhere", env=env)
            self.assertEqual(self.says(self.ws / "elsewhere"), value)

    def test_install_takes_the_configuration_of_the_package(self):
        here = self.tmp / "here"
        (here / ".cargo").mkdir(parents=True)
        (here / ".cargo/config.toml").write_text(f'[build]\ntarget-dir = "{self.tmp}/not-there"\n')
        for value in ("one", "two"):
            self.run_shim("install", "-q", "--debug", "--force", "--path", self.ws, "--root", self.tmp / "root", cwd=here,
                          env=self.inside(self.isolated(value)))
            said = subprocess.run([str(self.tmp / "root/bin/app")], stdout=subprocess.PIPE, text=True, check=True)
            self.assertEqual(said.stdout.strip(), value)
            self.assertFalse((self.tmp / "not-there").exists())


class Unswapped(EnvironmentCase):
    """Where the environment's own path stays, what was built in it stays as well, as with cargo alone."""

    def test_same_environment_twice(self):
        env = self.isolated("one")
        (self.ws / "build.rs").write_text(_SCRIPT.replace("ASK", self.ask).replace("PYO3_PYTHON", "VIRTUAL_ENV").replace(
            'unwrap_or("python3".into())', 'map(|e| e + "/bin/python").unwrap()'))
        variables = self.env(VIRTUAL_ENV=env)
        self.run_shim("test", env=variables)
        for words in (["test"], ["run"], ["test"]):
            done = self.run_shim(*words, env=variables)
            if words != ["run"]:
                self.assertEqual(self.compiled(done), [])
        self.run_shim("build", env=variables)
        self.assertEqual(self.says(), "one")


class AtOnce(EnvironmentCase):
    """Others build between our look and our build."""

    def slow(self):
        """A cargo that waits DELAY seconds and then is the real one."""
        return self.fake('#!/bin/sh\nsleep "$DELAY"\nPATH=${PATH#*:*:}\nexec cargo "$@"\n', "slow")

    def start(self, *args, cwd=None, delay="0", **extra):
        env = self.env([self.slow(), self.cargo("path").bin], DELAY=delay, **extra)
        child = subprocess.Popen([str(self.shim / "cargo"), *args], cwd=cwd or self.ws, env=env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child

    def finish(self, child):
        said, _ = child.communicate(timeout=120)
        self.assertEqual(child.returncode, 0, said)
        return said

    def test_two_environments_in_one_tree(self):
        """The second one looks before the first one builds, and builds after it."""
        envs = [self.isolated(value) for value in ("one", "two")]
        for how in ("build", "rustc"):
            first = self.start(how, delay="2", PYO3_PYTHON=envs[0] / "bin/python")
            time.sleep(0.7)
            second = self.start(how, delay="3", PYO3_PYTHON=envs[1] / "bin/python")
            self.finish(first)
            self.finish(second)
            self.assertEqual(self.says(), "two")
            for env, value in ((envs[1], "two"), (envs[0], "one")):
                self.assertEqual(self.built(env)[0], value)

    def test_two_trees_and_two_profiles(self):
        """What one tree builds in one profile is not taken for the other's, which left its mark for another profile."""
        other, target = self.tmp / "other", self.tmp / "outside"
        (self.ws / "build.rs").unlink()
        shutil.copytree(self.ws, other)
        self.say("here")
        self.say("there", other)
        first = self.start("build", delay="3", CARGO_TARGET_DIR=target)
        time.sleep(1)
        self.finish(self.start("run", "--release", cwd=other, CARGO_TARGET_DIR=target))
        self.finish(first)
        self.assertEqual(self.says(target), "here")
        self.run_shim("build", cwd=other, env=self.env(CARGO_TARGET_DIR=target))
        self.assertEqual(self.says(target), "there")


if __name__ == "__main__":
    main()
