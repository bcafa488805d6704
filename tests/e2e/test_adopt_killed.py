"""Adoption is killed at every system call that writes, in `rewrite`, `save`, `restore` and the shim: each state that is left
is as before, as after, or built again, and the next run finishes."""

import os
import shutil
import subprocess
import sys
import time
import unittest

from steadytest import E2ECase, Workspace, clean_env, copy_target, ephemeral_env, main, purelib, snapshot, steady
from steadytest.distributions import install
from steadytest.faults import each_kill, killat, killat_program, state_of
from steadytest.run import steady_program

#: Else each second state is looked at, and `restore` stands for `rewrite` and the shim, which do the same.
ALL = "--all" in sys.argv

#: What is run after a command that was killed.
_NEXT = {"rewrite": ("rewrite", "restore"), "restore": ("restore",), "save": ("save",), "shim": ("restore",)}

#: Everything is written under a name of its own first, so only these can make another state (test_crash.py has all).
CALLS = "renameat,renameat2,unlinkat,utimensat"

_PACKAGE = '[package]\nname = "{0}"\nversion = "0.1.0"\nedition = "2021"\n'

FILES = {
    "Cargo.toml": '[workspace]\nmembers = ["app", "native", "other"]\nresolver = "2"\n',
    "app/Cargo.toml": _PACKAGE.format("app") + '[dependencies]\nnative = { path = "../native" }\n'
                                               'other = { path = "../other" }\n',
    "app/src/main.rs": 'fn main() { println!("{} {}", native::HELPER, other::HELPER); }\n',
}
_SCRIPT = r'''
use std::{env, fs, process::Command};

const QUESTION: &str = "import helper, sys, sysconfig; v = sysconfig.get_config_var; \
print(helper.VALUE, f'{sys.version_info[0]}.{sys.version_info[1]}', v('LIBDIR'))";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    let python = env::var("PYO3_PYTHON").unwrap();
    let said = Command::new(&python).args(["-c", QUESTION]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let word: Vec<&str> = said.split_whitespace().collect();
    println!("cargo:rustc-env=HELPER={}", word[0]);
    let config = format!("implementation=CPython\nversion={}\nshared=true\nabi3=false\nlib_dir={}\n\
        executable={python}\npointer_width=64\nbuild_flags=\nsuppress_build_script_link_lines=false\n", word[1], word[2]);
    fs::write(env::var("OUT_DIR").unwrap() + "/pyo3-build-config.txt", &config).unwrap();
    let hex: String = config.bytes().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo:PYO3_CONFIG={hex}");
}
'''
for _name in ("native", "other"):
    FILES[_name + "/Cargo.toml"] = _PACKAGE.format(_name) + f'links = "{_name}"\n'
    FILES[_name + "/src/lib.rs"] = 'pub const HELPER: &str = env!("HELPER");\n'
    FILES[_name + "/build.rs"] = _SCRIPT


def _counts(path) -> bool:
    """Of a change that is being prepared it matters whether it was decided (test_crash.py has the rest)."""
    return not path.startswith(".cargo-steady/") or os.path.basename(path) == "list"


@unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
class AdoptionKilled(E2ECase):
    def setUp(self):
        super().setUp()
        self.ws = Workspace(self.tmp / "ws", self.cargo("path"), FILES)
        self.home = self.tmp / "home"
        # No shim between killat and the end: the real cargo does nothing, and makes no calls that would be counted.
        self.bin = self.tmp / "bin"
        self.bin.mkdir()
        (self.bin / "cargo").symlink_to(shutil.which("true"))
        self.shim = self.tmp / "shim"
        self.shim.mkdir()
        (self.shim / "cargo").symlink_to(steady_program())
        self.old = self.environment("1.0")
        self.program("restore", self.old)
        self.cargo_in(self.old / "bin/python")

    def environment(self, version):
        env = ephemeral_env(self.tmp / "uv")
        install(env, "helper", version, {"helper/__init__.py": f"VALUE = {version!r}\n"})
        return env

    def variables(self, env, **more):
        return self.ws.environment(PYO3_PYTHON=env / "bin/python", STEADY_HOME=self.home, **more)

    def program(self, command, env, *more):
        return steady(command, "--format", "json", *more, cwd=self.ws.root, env=self.variables(env)).json

    def cargo_in(self, python, site=None, target=None):
        return self.ws.cargo("build", env={"PYO3_PYTHON": python, "STEADY_SITE": site, "STEADY_HOME": self.home,
                                           "CARGO_TARGET_DIR": target or self.ws.target})

    def killed(self, command, env, count):
        for path in self.home.iterdir():  # Each run must make the same calls: no digests from the one before.
            if path.name not in self.kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if command == "shim":
            search = os.pathsep.join([str(self.shim), str(self.bin), os.environ["PATH"]])
            return killat([str(self.shim / "cargo"), "build"], count, calls=CALLS, cwd=self.ws.root,
                          env=self.variables(env, PATH=search))
        return killat([str(steady_program()), command], count, calls=CALLS, cwd=self.ws.root, env=self.variables(env))

    def reset(self, source):
        """Only what differs is written: a mark that was copied is none."""
        now, then = snapshot(self.ws.target), snapshot(source)
        for path in now.keys() | then.keys():
            if path not in then:
                (self.ws.target / path).unlink()
            elif now.get(path) != then[path]:
                (self.ws.target / path).parent.mkdir(exist_ok=True)
                shutil.copy2(source / path, self.ws.target / path)
        for path in (".cargo-steady/journal", ".cargo-steady"):
            if not (source / path).exists():
                shutil.rmtree(self.ws.target / path, ignore_errors=True)

    def record(self):
        """With no interpreter to be found nothing is adopted."""
        steady("save", cwd=self.ws.root, env=self.ws.environment(STEADY_HOME=self.home, PATH=self.bin))

    def travel(self):
        """As after a checkout on another machine: new stamps on the sources, new inodes in the target directory."""
        kept = self.ws.target.rename(self.tmp / "kept")
        copy_target(kept, self.ws.target)
        shutil.rmtree(kept)
        now = time.time()
        for path in FILES:
            os.utime(self.ws.root / path, (now, now))

    def built(self, alias, env, answer):
        """What cargo makes of a copy: the place where save looks must not be touched."""
        shutil.rmtree(self.tmp / "copy", ignore_errors=True)
        copy = copy_target(self.ws.target, self.tmp / "copy")
        made = self.cargo_in(alias + "/bin/python", purelib(env), copy)
        said = subprocess.run([str(copy / "debug/app")], stdout=subprocess.PIPE, text=True).stdout.strip()
        self.assertEqual(said, answer, made.stderr)
        return made

    def is_killed(self, commands, env, answer, rebuilt):
        """Runs each command in ENV, killed before its first call, its second... until it is through. In each new state cargo
        alone is right, and after the next run it builds what it must, and no more."""
        alias = self.program("rewrite", env, "--dry-run")["summary"]["to"]
        self.kept = {path.name for path in self.home.iterdir() if path.name.startswith(("python-alias", "interpreters"))}
        self.assertIn("python-alias", self.kept)
        pristine, seen = copy_target(self.ws.target, self.tmp / "pristine"), set()
        for command in commands:
            def attempt(count):
                self.reset(pristine)
                return self.killed(command, env, count)

            for run in each_kill(self, attempt):
                state = state_of(self.ws.target, _counts)
                if state in seen:
                    continue
                seen.add(state)
                if not ALL and len(seen) % 2 == 0:
                    continue
                with self.subTest(call=f"{command}: {run.calls}, {run.killed}"):
                    self.built(alias, env, answer)
                    for again in _NEXT[command]:
                        self.program(again, env)
                    made = self.built(alias, env, answer)
                    self.assertEqual(sorted(set(made.compiled)), rebuilt, made.stderr)
        self.assertGreater(len(seen), 10)

    def test_adopted_from_elsewhere(self):
        """A record vouches for one script, and none for the other, which runs once more."""
        self.record()
        for record in (self.ws.target / "debug/.fingerprint").glob("other-*/steady-run-*"):
            record.unlink()
        self.travel()
        self.is_killed(("restore", "rewrite", "shim") if ALL else ("restore",), self.environment("1.0"), "1.0 1.0", ["app", "other"])

    def test_adopted_in_place(self):
        self.is_killed(("save",), self.old, "1.0 1.0", [])

    def test_with_commit_times(self):
        """Adopted before anything is judged, as without --mtimes: no record speaks for an environment that is gone."""
        self.record()
        self.ws.write(".gitignore", "target\n")
        for args in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "one"]):
            subprocess.run(["git", *args], cwd=self.ws.root, env=clean_env(), check=True)
        self.travel()
        shutil.rmtree(self.old)
        env = self.environment("1.0")
        restored = self.program("restore", env, "--mtimes")
        self.assertGreater(len(restored["adoption"]["files"]), 5)
        self.assertEqual(self.built(restored["adoption"]["to"], env, "1.0 1.0").compiled, [])


if __name__ == "__main__":
    sys.argv = [word for word in sys.argv if word != "--all"]
    main()
