"""The program called as `cargo`: words, exit codes and signals as without it, and never a stale build."""

import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

from steadytest import E2ECase, clean_env, ephemeral_env, main, make_env, steady
from steadytest.run import steady_program

_OLD = 1153699200  # 2006, as maturin dates the files of an sdist

#: Behind the shim in place of cargo: says that it is here and waits, counting what reaches it.
_WAITING = """#!/bin/sh
trap 'echo INT >>{log}' INT
trap 'echo TERM >>{log}; exit 42' TERM
trap 'echo CONT >>{log}' CONT
echo $$ >{log}.pid.new && mv {log}.pid.new {log}.pid
while [ ! -e {log}.go ]; do sleep 0.2; done
exit 7
"""

#: The leader of a session with a terminal, as a shell is: starts the words in a group of their own and tells of each change.
_SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
out = int(sys.argv[1])
child = os.fork()
if child == 0:
    os.close(out)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[2], sys.argv[2:])
os.write(out, b"started %d\\n" % child)
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        os.write(out, b"stopped %d\\n" % os.WSTOPSIG(status))
    elif os.WIFSIGNALED(status):
        os.write(out, b"killed %d\\n" % os.WTERMSIG(status))
        break
    else:
        os.write(out, b"ended %d\\n" % os.WEXITSTATUS(status))
        break
"""


class ShimCase(E2ECase):
    def setUp(self):
        super().setUp()
        # A shell ignores these for what runs in its background, and what is ignored stays so in all that we start.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        self.shim = self.tmp / "shim"
        self.shim.mkdir()
        (self.shim / "cargo").symlink_to(steady_program())

    def env(self, behind=None, **extra):
        """PATH: the shim, then BEHIND (default: the cargo on PATH)."""
        behind = behind or [self.cargo("path").bin]
        env = clean_env(STEADY_HOME=self.tmp / "home", **extra)
        env["PATH"] = os.pathsep.join([str(self.shim), *map(str, behind), "/usr/bin", "/bin"])
        return env

    def run_shim(self, *args, cwd=None, env=None, code=0, timeout=120):
        done = subprocess.run([str(self.shim / "cargo"), *map(str, args)], cwd=cwd or self.ws, env=env or self.env(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        self.assertEqual(done.returncode, code, f"{args}:\n{done.stdout}\n{done.stderr}")
        return done

    def run_cargo(self, *args, cwd=None, env=None):
        env = env or self.env()
        return subprocess.run([str(self.cargo("path").program), *map(str, args)], cwd=cwd or self.ws, env=env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)

    def project(self, root=None, name="app", says="one", build=None, more=""):
        root = root or self.tmp / "ws"
        (root / "src").mkdir(parents=True)
        (root / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n\n'
                                         f'[profile.dev]\ndebug = 0\n{more}')
        self.say(says, root)
        if build:
            (root / "build.rs").write_text(build)
        return root

    def say(self, text, root=None, old=True):
        """Makes the program print TEXT; the file is of 2006."""
        path = (root or self.ws) / "src/main.rs"
        path.write_text(f'fn main() {{ println!("{text}"); }}\n')
        if old:
            os.utime(path, (_OLD, _OLD))

    def says(self, target=None, profile="debug"):
        program = (target or self.ws / "target") / profile / "app"
        return subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def fake(self, text, folder="fake"):
        """A cargo of ours behind the shim."""
        place = self.tmp / folder
        place.mkdir(exist_ok=True)
        program = place / "cargo"
        program.write_text(text)
        program.chmod(0o755)
        return place

    def until(self, condition, what, seconds=30):
        for _ in range(seconds * 50):
            if condition():
                return
            time.sleep(0.02)
        self.fail(f"waited {seconds} s: {what}")


class Words(ShimCase):
    """What goes in and comes out."""

    def setUp(self):
        super().setUp()
        self.ws = self.project()

    def test_nothing_built_is_cargo_itself(self):
        for args in (["--version"], ["metadata", "--format-version", "1"], ["locate-project"], ["--list"], ["tree"]):
            real, ours = self.run_cargo(*args), self.run_shim(*args)
            self.assertEqual((ours.stdout, ours.stderr), (real.stdout, real.stderr), args)
        self.assertFalse((self.ws / "target").exists())

    def test_standard_output_is_cargos(self):
        self.run_shim("build")
        args = ["build", "--message-format", "json"]
        self.assertEqual(self.run_shim(*args).stdout, self.run_cargo(*args).stdout)
        self.assertEqual(self.run_shim("-q", "build").stderr, "")

    def test_quiet(self):
        """Told so by an option, a variable or a file, we say nothing, where cargo says nothing: no verb, no warning."""
        config = self.ws / ".cargo/config.toml"
        config.parent.mkdir()
        for how in ("option", "--config", "variable", "file"):
            config.write_text("[term]\nquiet = true\n" if how == "file" else "")
            options = {"option": ["-q"], "--config": ["--config", "term.quiet=true"]}.get(how, [])
            env = self.env(CARGO_TERM_QUIET="true" if how == "variable" else None)
            ours = options if how != "--config" else ["-q"]
            with self.subTest(how=how):
                self.run_shim(*options, "build", env=env)
                os.utime(self.ws / "src/main.rs")  # Kept only by us, which it would say.
                self.assertEqual(self.run_shim(*options, "build", env=env).stderr, "")
                os.utime(self.ws / "src/main.rs")
                for command in ("save", "restore"):
                    done = subprocess.run([steady_program(), command, *ours], cwd=self.ws, env=env, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE, text=True, check=True)
                    self.assertEqual((done.stdout, done.stderr), ("", ""), command)
                kept = (self.ws / "target").rename(self.ws / "kept")
                (self.ws / "target").write_text("a file")
                ours, real = self.run_shim(*options, "build", env=env, code=101), self.run_cargo(*options, "build", env=env)
                self.assertEqual(ours.stderr, real.stderr)
                (self.ws / "target").unlink()
                kept.rename(self.ws / "target")
        os.utime(self.ws / "src/main.rs")
        self.assertIn("Restored", self.run_shim("build", env=self.env(CARGO_TERM_QUIET="false")).stderr)

    def test_nothing_is_left_of_a_wrong_call(self):
        self.run_shim("build", "--bogus", code=1)
        self.assertFalse((self.ws / "target").exists())
        self.run_shim("build", "--bogus", code=1, env=self.env(CARGO_TARGET_DIR=self.ws / "of/its own"))
        self.assertFalse((self.ws / "of/its own").exists())
        self.run_shim("build")
        self.run_shim("build", "--bogus", code=1)
        self.assertEqual(self.says(), "one")

    def test_exit_status(self):
        self.run_shim("buidl", code=101)
        (self.ws / "src/main.rs").write_text("fn main() { nonsense }\n")
        self.run_shim("build", code=101)
        self.run_shim("build", "--no-such-option", code=1)
        (self.ws / "src/main.rs").write_text("fn main() { std::process::exit(23) }\n")
        self.run_shim("run", code=23)
        (self.ws / "src/main.rs").write_text("fn main() {}\n#[test] fn fails() { panic!() }\n")
        self.run_shim("test", code=101)

    def test_outside_of_a_workspace(self):
        empty = self.tmp / "empty"
        empty.mkdir()
        ours, real = self.run_shim("build", cwd=empty, code=101), self.run_cargo("build", cwd=empty)
        self.assertEqual(ours.stderr, real.stderr)

    def test_no_cargo_at_all(self):
        env = dict(self.env(), PATH=str(self.shim))
        done = self.run_shim("build", env=env, code=127)
        self.assertIn("there is no cargo on PATH", done.stderr)
        self.assertIn("help:", done.stderr)

    def test_environment_and_words_arrive(self):
        behind = self.fake("#!/bin/sh\nenv | sort\nprintf '[%s]\\n' \"$@\"\necho \"name $0\"\n")
        shown = self.run_shim("metadata", "a b", "", "--", "c", env=self.env([behind], ONE="1 2")).stdout
        self.assertIn("[metadata]\n[a b]\n[]\n[--]\n[c]\n", shown)
        self.assertIn("ONE=1 2\n", shown)
        self.assertEqual(re.findall(r"^STEADY_\w+", shown, re.M), ["STEADY_HOME", "STEADY_SHIM_VISITED"])
        shown = self.run_shim("build", env=self.env([behind])).stdout
        self.assertEqual(re.findall(r"^(STEADY_\w+|PYO3\w+)", shown, re.M), ["STEADY_HOME", "STEADY_SHIM_VISITED"])

    def test_off(self):
        self.say("one")
        self.run_shim("build", env=self.env(STEADY_SHIM="off"))
        self.assertFalse((self.ws / "target/.cargo-steady").exists())
        self.run_shim("build")
        self.assertTrue((self.ws / "target/.cargo-steady").exists())

    def test_log(self):
        done = self.run_shim("build", env=self.env(STEADY_LOG="debug"))
        self.assertIn("steady: recorded 1 new units", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_unusable_target_directory(self):
        (self.ws / "target").write_text("a file")
        done = self.run_shim("build", code=101, env=self.env(PYO3_PYTHON="/x/builds-v0/.tmpAbCdEf/bin/python"))
        self.assertEqual(done.stderr.count("warning:"), 1, done.stderr)
        self.assertIn("cargo runs as it would without cargo-steady", done.stderr)

    def test_read_only_target_directory(self):
        """Built by somebody else, and not ours to write to: one warning, and cargo with the environment as it came."""
        self.run_shim("build")
        program = self.tmp / "program/cargo-steady"
        program.parent.mkdir()
        shutil.copy(steady_program(), program)
        (self.shim / "cargo").unlink()
        (self.shim / "cargo").symlink_to(program)
        behind = self.fake("#!/bin/sh\nenv | grep -c PYO3_PYTHON=/x/builds-v0/.tmpAbCdEf/bin/python\nexit 5\n")
        shutil.rmtree(self.tmp / "home")
        for folder in (self.tmp, *self.tmp.rglob("*")):
            if not folder.is_symlink():
                folder.chmod(0o555 if folder.is_dir() or os.access(folder, os.X_OK) else 0o444)
        self.addCleanup(lambda: [folder.chmod(0o755) for folder in (self.tmp, *self.tmp.rglob("*")) if folder.is_dir()])
        env = self.env([behind], PYO3_PYTHON="/x/builds-v0/.tmpAbCdEf/bin/python", HOME=self.tmp)
        nobody = (lambda: (os.setgid(65534), os.setuid(65534))) if os.getuid() == 0 else None
        done = subprocess.run([str(self.shim / "cargo"), "build"], cwd=self.ws, env=env, text=True, preexec_fn=nobody,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (5, "1\n"), done.stderr)
        self.assertEqual(done.stderr.count("warning:"), 1, done.stderr)

    def test_unreadable_configuration(self):
        (self.ws / ".cargo").mkdir()
        (self.ws / ".cargo/config.toml").write_text("[build\n")
        ours, real = self.run_shim("build", code=101), self.run_cargo("build")
        self.assertTrue(ours.stderr.endswith(real.stderr), ours.stderr)
        self.assertEqual(ours.stderr.count("warning:"), 1)

    def test_descriptors_of_a_jobserver_pass(self):
        behind = self.fake("#!/bin/sh\nls /proc/self/fd\necho x >&9\n")
        listed = {}
        for name, program in (("shim", self.shim / "cargo"), ("fake", behind / "cargo")):
            read, write = os.pipe()
            script = f'exec 9>&{write}; exec {program} build'
            done = subprocess.run(["sh", "-c", script], cwd=self.ws, env=self.env([behind]), pass_fds=[write], text=True,
                                  stdout=subprocess.PIPE, timeout=60)
            listed[name] = done.stdout
            self.assertEqual(os.read(read, 10), b"x\n")
            os.close(read)
            os.close(write)
        self.assertEqual(listed["shim"], listed["fake"])


class Search(ShimCase):
    """Which cargo stands behind."""

    def setUp(self):
        super().setUp()
        self.ws = self.project()

    def test_two_shims(self):
        second = self.tmp / "second"
        second.mkdir()
        shutil.copy2(steady_program(), second / "cargo")
        env = self.env([second, self.cargo("path").bin])
        self.run_shim("build", env=env)
        self.assertEqual(self.says(), "one")
        self.say("two")
        self.run_shim("build", env=env)
        self.assertEqual(self.says(), "two")

    def test_two_shims_and_no_cargo(self):
        second = self.tmp / "second"
        second.mkdir()
        shutil.copy2(steady_program(), second / "cargo")
        self.run_shim("build", env=dict(self.env(), PATH=f"{self.shim}:{second}"), code=127)

    def test_shim_named_by_a_variable(self):
        """CARGO names the shim: what crates see of it is the real cargo, as without."""
        (self.ws / "src/main.rs").write_text('fn main() { println!("{}", env!("CARGO")); }\n')
        self.run_shim("build", env=self.env(CARGO=self.shim / "cargo"))
        self.assertEqual(self.says(), str(self.cargo("path").program))
        self.assertNotIn("Compiling", self.run_shim("build").stderr)

    def test_toolchains_of_rustup(self):
        rustup = shutil.which("rustup")
        if not rustup:
            self.skipTest("rustup is not here")
        asked = subprocess.run([rustup, "toolchain", "list", "-q"], stdout=subprocess.PIPE, text=True, timeout=60)
        env = self.env([Path(rustup).parent])
        for toolchain in asked.stdout.split()[:3]:
            for args in (["--version"], ["build", "-q"]):
                real = subprocess.run([Path(rustup).parent / "cargo", f"+{toolchain}", *args], cwd=self.ws, env=env, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
                ours = self.run_shim(f"+{toolchain}", *args, env=env, code=real.returncode)
                self.assertEqual(ours.stdout, real.stdout)

    def test_wrapper_that_calls_back(self):
        wrapper = self.fake('#!/bin/sh\nexec cargo "$@"\n')
        self.run_shim("build", env=self.env([wrapper, self.cargo("path").bin]))
        self.assertEqual(self.says(), "one")
        adding = self.fake('#!/bin/sh\necho round >>"$LOG"\nexec cargo "$@" -v\n', "adding")
        self.run_shim("metadata", "--format-version=1", env=self.env([adding, self.cargo("path").bin], LOG=self.tmp / "log"))
        self.assertLess(len((self.tmp / "log").read_text().split()), 40)

    def test_installed(self):
        env = self.env(XDG_DATA_HOME=self.tmp / "data")
        place = self.tmp / "data/cargo-steady/shim"
        done = steady("shim", "install", env=env)
        self.assertEqual(done.stdout, f"{place}\n")
        self.assertTrue((place / "cargo").is_symlink())
        bare = dict(env, PATH=f"{self.cargo('path').bin}:/usr/bin:/bin")
        self.assertEqual(steady("shim", "status", env=bare, check=False).returncode, 1)
        done = steady("shim", "install", env=bare)
        for word in ("GITHUB_PATH", "GitLab", "tox", "nox", "cibuildwheel", f"export PATH={place}:"):
            self.assertIn(word, done.stderr)
        first = dict(env, PATH=f"{place}:{bare['PATH']}")
        done = steady("shim", "status", env=first)
        self.assertIn(str(self.cargo("path").program), done.stdout)
        real = self.fake("#!/bin/sh\n", "taken")
        self.assertEqual(steady("shim", "install", real, env=env, check=False).returncode, 3)
        self.assertEqual(steady("shim", "remove", real, env=env, check=False).returncode, 3)
        self.assertEqual((real / "cargo").read_text(), "#!/bin/sh\n")
        steady("shim", "remove", env=env)
        self.assertFalse(place.exists())
        steady("shim", "remove", env=env)
        self.assertEqual(steady("shim", "install", self.tmp / "a:b", env=env, check=False).returncode, 3)
        self.assertFalse((self.tmp / "a:b").exists())

    def test_copy(self):
        """As images of containers have it."""
        place = self.tmp / "copy"
        place.mkdir()
        shutil.copy(steady_program(), place / "cargo")
        env = dict(self.env(), PATH=f"{place}:{self.cargo('path').bin}:/usr/bin:/bin")
        self.assertIn(f"cargo is the shim {place}", steady("shim", "status", env=env).stdout)


class Signals(ShimCase):
    """A supervised cargo is stopped, continued and killed as one that stands alone."""

    def setUp(self):
        super().setUp()
        self.ws = self.project()
        self.log = self.tmp / "log"
        self.behind = self.fake(_WAITING.format(log=self.log))

    def started(self):
        self.until((self.tmp / "log.pid").exists, "cargo behind the shim")
        return int((self.tmp / "log.pid").read_text())

    def start(self, *args, env=None):
        child = subprocess.Popen([str(self.shim / "cargo"), *args], cwd=self.ws, env=env or self.env([self.behind]),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child

    def terminal(self, *args, env=None):
        """Starts the shim as a job of a shell with a terminal: the terminal's descriptor, and a reader of its changes."""
        read, write = os.pipe()
        pid, terminal = pty.fork()
        if pid == 0:
            os.set_inheritable(write, True)
            os.chdir(self.ws)
            os.execve(sys.executable, [sys.executable, "-c", _SHELL, str(write), str(self.shim / "cargo"), *args],
                      env or self.env([self.behind]))
        os.close(write)
        drain = threading.Thread(target=self.drain, args=(terminal,), daemon=True)
        drain.start()
        self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(lambda: os.kill(pid, signal.SIGKILL))
        changes = os.fdopen(read)
        self.addCleanup(changes.close)
        self.job = int(changes.readline().split()[1])
        return terminal, changes

    @staticmethod
    def drain(fd):
        try:
            while os.read(fd, 4096):
                pass
        except OSError:
            pass

    def test_exit_status(self):
        child = self.start("build")
        self.started()
        (self.tmp / "log.go").touch()
        self.assertEqual(child.wait(30), 7)

    def test_term_is_handed_on(self):
        child = self.start("build")
        self.started()
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(30), 42)
        self.assertEqual(self.log.read_text().split(), ["TERM"])

    def test_killed_with_its_parent(self):
        child = self.start("build")
        pid = self.started()
        child.kill()
        child.wait(30)
        self.until(lambda: self.state(pid) in ("Z", "X", None), "the child's death")

    @staticmethod
    def state(pid):
        """The letter that ps shows, None for a process that is gone."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return None

    def test_one_interrupt_for_each_ctrl_c(self):
        terminal, changes = self.terminal("build")
        self.started()
        for count in (1, 2):
            os.write(terminal, b"\x03")
            self.until(lambda: self.log.exists() and len(self.log.read_text().split()) >= count, "SIGINT")
        time.sleep(0.2)
        self.assertEqual(self.log.read_text().split(), ["INT", "INT"])
        (self.tmp / "log.go").touch()
        self.assertEqual(changes.readline(), "ended 7\n")

    def test_ctrl_z(self):
        terminal, changes = self.terminal("build")
        pid = self.started()
        os.write(terminal, b"\x1a")
        self.assertEqual(changes.readline(), f"stopped {signal.SIGTSTP.value}\n")
        self.assertEqual(self.state(pid), "T")
        os.killpg(self.job, signal.SIGCONT)
        self.until(lambda: self.log.exists() and "CONT" in self.log.read_text(), "SIGCONT")
        (self.tmp / "log.go").touch()
        self.assertEqual(changes.readline(), "ended 7\n")

    def test_stopped_and_continued_alone(self):
        """SIGTSTP and SIGCONT for the shim's process only."""
        _, changes = self.terminal("build")
        self.started()
        os.kill(self.job, signal.SIGTSTP)
        self.assertEqual(changes.readline(), f"stopped {signal.SIGTSTP.value}\n")
        os.kill(self.job, signal.SIGCONT)
        (self.tmp / "log.go").touch()
        self.assertEqual(changes.readline(), "ended 7\n")

    def test_real_cargo_dies_of_ctrl_c(self):
        gate = self.tmp / "gate"
        (self.ws / "build.rs").write_text(_GATED)
        terminal, changes = self.terminal("build", env=self.env(PROBE_GATE=gate))
        self.until(Path(f"{gate}.here").exists, "the build script")
        os.write(terminal, b"\x03")
        self.assertEqual(changes.readline(), f"killed {signal.SIGINT.value}\n")

    def test_run_is_cargo_itself(self):
        (self.ws / "src/main.rs").write_text('fn main() { println!("{}", std::process::id()); }\n')
        child = subprocess.Popen([str(self.shim / "cargo"), "run", "-q"], cwd=self.ws, env=self.env(), text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        out, _ = child.communicate(timeout=60)
        self.assertEqual((int(out), child.returncode), (child.pid, 0))


#: A build script that says that it runs and waits until it may go on.
_GATED = textwrap.dedent("""\
    use std::{env, fs, path::Path, thread, time::Duration};
    fn main() {
        println!("cargo:rerun-if-changed=build.rs");
        if let Ok(gate) = env::var("PROBE_GATE") {
            fs::write(format!("{gate}.here"), "").unwrap();
            while !Path::new(&gate).exists() { thread::sleep(Duration::from_millis(20)); }
        }
    }
    """)


class Fresh(ShimCase):
    """Never stale, and nothing built twice for nothing."""

    def setUp(self):
        super().setUp()
        self.ws = self.project()

    def compiled(self, done):
        return re.findall(r"^\s*(?:Compiling|Checking) (\S+)", done.stderr, re.M)

    def test_edit_of_2006(self):
        self.run_shim("build")
        self.say("two")
        self.assertEqual(self.compiled(self.run_cargo("build")), [], "plain cargo would notice: nothing is tested")
        self.assertEqual(self.says(), "one")
        self.assertEqual(self.compiled(self.run_shim("build")), ["app"])
        self.assertEqual(self.says(), "two")
        self.assertEqual(self.compiled(self.run_shim("build")), [])

    def test_touched_is_not_edited(self):
        self.run_shim("build")
        os.utime(self.ws / "src/main.rs")
        done = self.run_shim("build")
        self.assertEqual(self.compiled(done), [])
        self.assertIn("Restored 1 of 1 units", done.stderr)
        self.assertEqual(self.run_shim("build").stderr.count("\n"), 1)

    def test_other_ways_to_say_where(self):
        outside = self.tmp / "outside"
        (self.ws / ".cargo").mkdir()
        (self.ws / ".cargo/config.toml").write_text(f'[alias]\nbx = "build --target-dir {outside}"\nby = ["bx", "--release"]\n')
        sub = self.ws / "sub"
        sub.mkdir()
        manifest = self.ws / "Cargo.toml"
        ways = [(["bx"], self.ws, outside, "debug"), (["by"], sub, outside, "release"), (["b", "-r"], sub, None, "release"),
                (["--config", "net.offline=true", "-v", "build"], sub, None, "debug"),
                (["rustc", "--manifest-path", manifest], self.tmp, None, "debug"),
                (["-Zunstable-options", "-C", "ws", "build"], self.tmp, None, "debug"),
                (["build", "--profile", "dev", "--target-dir=t", "--manifest-path=ws/Cargo.toml"], self.tmp, self.tmp / "t", "debug")]
        env = self.env(RUSTC_BOOTSTRAP=1)
        for number, (args, cwd, target, profile) in enumerate(ways):
            for text in ("first", "second"):
                self.say(f"{text} {number}")
                self.run_shim(*args, cwd=cwd, env=env)
                self.assertEqual(self.says(target, profile), f"{text} {number}", args)
            self.assertEqual(self.compiled(self.run_shim(*args, cwd=cwd, env=env)), [], args)

    def test_run_and_tests(self):
        for target in (None, self.tmp / "outside"):
            env = self.env(CARGO_TARGET_DIR=target)
            for text in ("one", "two"):
                self.say(text)
                self.assertEqual(self.run_shim("run", "-q", env=env).stdout, text + "\n")
            # What run built is recorded by the next call.
            self.assertEqual(self.compiled(self.run_shim("run", env=env)), [])
            self.assertEqual(self.compiled(self.run_shim("build", env=env)), [])
            for code in (0, 101):
                (self.ws / "src/main.rs").write_text("fn main() {}\n#[test] fn it() { assert!(%d == 0) }\n" % code)
                os.utime(self.ws / "src/main.rs", (_OLD, _OLD))
                self.run_shim("test", code=code, env=env)
            self.assertEqual(self.compiled(self.run_shim("test", code=101, env=env)), [])

    def test_cancelled_build(self):
        """Killed in the middle in several ways, then edited: never stale."""
        gate = self.tmp / "gate"
        for number, sig in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGKILL) * 2):
            target = None if number < 3 else self.tmp / "outside"
            env = self.env(PROBE_GATE=gate, CARGO_TARGET_DIR=target)
            (self.ws / "build.rs").write_text(_GATED + f"// {number}\n")
            self.say(f"early {number}")
            Path(f"{gate}.here").unlink(missing_ok=True)
            child = subprocess.Popen([str(self.shim / "cargo"), "build", "-q"], cwd=self.ws, env=env, stdin=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, start_new_session=True)
            self.until(Path(f"{gate}.here").exists, "the build script")
            os.killpg(child.pid, sig)
            self.assertEqual(child.wait(30), -sig)
            for text in ("late", "later"):
                self.say(f"{text} {number}")
                self.run_shim("build", env=self.env(CARGO_TARGET_DIR=target))
                self.assertEqual(self.says(target), f"{text} {number}")

    def test_failed_build_is_recorded(self):
        """What was finished before the failure is kept, a script's run too; nothing but the record could prove it here."""
        (self.ws / "src/lib.rs").write_text("pub fn lib() {}\n")
        (self.ws / "build.rs").write_text('fn main() { println!("cargo:rerun-if-changed=data") }\n')
        (self.ws / "data").write_text("data\n")
        outside = self.env(CARGO_TARGET_DIR=self.tmp / "outside")
        self.run_shim("build", "--lib", env=outside)
        for again in ("script and lib", "script"):
            (self.ws / "src/main.rs").write_text("fn main() { nonsense }\n")
            if again == "script":
                (self.ws / "src/lib.rs").write_text("pub fn lib() { more_nonsense }\n")
            (self.ws / "data").write_text(f"{again}\n")
            self.run_shim("build", code=101, env=outside)
            self.say("one", old=False)
            (self.ws / "src/lib.rs").write_text("pub fn lib() {}\n")
            done = self.run_shim("build", "-v", env=outside)
            self.assertNotIn("build-script-build`", done.stderr, again)

    def test_nested_cargos(self):
        inner = self.project(self.tmp / "inner", "inner", "inner")
        (self.ws / "build.rs").write_text(textwrap.dedent("""\
            use std::{env, process::Command};
            fn main() {
                println!("cargo:rerun-if-env-changed=AGAIN");
                let out = env::var("OUT_DIR").unwrap();
                let shared = env::var("SHARED").unwrap_or(out);
                let manifest = env::var("INNER").unwrap();
                for command in [&["metadata", "--format-version=1", "-q"][..], &["build", "--release", "--target-dir", &shared]] {
                    let done = Command::new("cargo").args(command).args(["--manifest-path", &manifest])
                        .env_remove("CARGO").output().unwrap();
                    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
                }
            }
            """))
        for shared in (None, self.ws / "target", self.tmp / "outside"):
            target = None if shared == self.ws / "target" else shared
            env = self.env(INNER=inner / "Cargo.toml", SHARED=shared, CARGO_TARGET_DIR=target, AGAIN=str(shared))
            self.run_shim("build", env=env)
            self.assertEqual(self.says(target), "one")

    def test_nothing_but_the_profile_is_waited_for(self):
        """While debug is built, release can be."""
        gate = self.tmp / "gate"
        (self.ws / "build.rs").write_text(_GATED)
        env = self.env(PROBE_GATE=gate)
        slow = subprocess.Popen([str(self.shim / "cargo"), "build", "-q"], cwd=self.ws, env=env, stdin=subprocess.DEVNULL)
        self.addCleanup(slow.wait)
        self.addCleanup(gate.touch)
        self.until(Path(f"{gate}.here").exists, "the build script")
        self.run_shim("build", "--release", timeout=60)
        self.assertEqual(self.says(profile="release"), "one")
        # A program of somebody else's does not wait at all.
        self.run_shim("no-such-program", code=101, timeout=60)

    def test_user_shares_a_target_directory(self):
        """Two trees with one package in one target directory, in turn."""
        other = self.tmp / "other"
        shutil.copytree(self.ws, other)
        target = self.tmp / "outside"
        env = self.env(CARGO_TARGET_DIR=target)
        for number in range(3):
            for root, text in ((self.ws, "here"), (other, "there")):
                self.say(f"{text} {number}", root)
                self.run_shim("build", cwd=root, env=env)
                self.assertEqual(self.says(target), f"{text} {number}")
        for root, text in ((self.ws, "here"), (other, "there")):
            self.assertEqual(self.run_shim("run", "-q", cwd=root, env=env).stdout, f"{text} 2\n")

    def test_two_trees_at_once(self):
        """X18: two trees that build into one target directory at the same time; cargo itself hands out each one's program."""
        other, target = self.tmp / "other", self.tmp / "outside"
        shutil.copytree(self.ws, other)
        trees = ((self.ws, "here"), (other, "there"))
        for number in range(6):
            children = []
            for root, text in trees:
                if number % 2 == 0:
                    self.say(f"{text} {number}", root)
                out = self.tmp / f"out-{text}"
                shutil.rmtree(out / "debug", ignore_errors=True)
                argv = [str(self.shim / "cargo"), "build", "-q", "-Zunstable-options", "--artifact-dir", str(out / "debug")]
                children.append(subprocess.Popen(argv, cwd=root, env=self.env(CARGO_TARGET_DIR=target, RUSTC_BOOTSTRAP=1)))
            for child in children:
                self.assertEqual(child.wait(60), 0)
            for _, text in trees:
                self.assertEqual(self.says(self.tmp / f"out-{text}"), f"{text} {number - number % 2}")

    def test_unlocked_runs_while_another_tree_builds(self):
        """`cargo run` and `cargo test` keep nobody out, but what they build between another tree's look and build is never
        recorded as that tree's, whatever the other one does."""
        other, target = self.tmp / "other", self.tmp / "outside"
        shutil.copytree(self.ws, other)
        trees = ((self.ws, "here"), (other, "there"))
        slow = self.fake('#!/bin/sh\nsleep "$DELAY"\nPATH=${PATH#*:*:}\nexec cargo "$@"\n', "slow")
        real = self.cargo("path").bin
        env = self.env(CARGO_TARGET_DIR=target)
        stories = (("run", "build", "1.0", "2.5"), ("run", "build", "2.0", "0.2"), ("run", "run", "1.0", "1.5"),
                   ("run", "run", "2.0", "0.2"), ("test", "run", "1.0", "1.5"), ("test", "test", "2.0", "0.2"))
        for number, (first, second, early, late) in enumerate(stories):
            for root, text in trees:
                (root / "src/main.rs").write_text(f'fn main() {{ println!("{text} {number}"); }}\n'
                                                  f'#[test] fn tells() {{ println!("test {text} {number}"); }}\n')
                os.utime(root / "src/main.rs", (_OLD, _OLD))
            children = []
            for root, command, delay in ((other, first, early), (self.ws, second, late)):
                children.append(subprocess.Popen([str(self.shim / "cargo"), command, "-q"], cwd=root,
                                                 env=dict(self.env([slow, real]), CARGO_TARGET_DIR=str(target), DELAY=delay),
                                                 stdout=subprocess.DEVNULL))
                time.sleep(0.5)
            for child in children:
                self.assertEqual(child.wait(60), 0)
            for root, text in trees + trees:
                with self.subTest(first=first, second=second, text=text):
                    if "test" in (first, second):
                        told = self.run_shim("test", "--", "--nocapture", cwd=root, env=env).stdout
                        self.assertIn(f"test {text} {number}", told)
                    self.run_shim("build", cwd=root, env=env)
                    self.assertEqual(self.says(target), f"{text} {number}")

    def test_two_profiles_at_once(self):
        """Each of one tree's builds is recorded, though the other one looked in between."""
        target = self.tmp / "outside"
        slow = self.fake('#!/bin/sh\nsleep 2\nPATH=${PATH#*:*:}\nexec cargo "$@"\n', "slow")
        env = self.env(CARGO_TARGET_DIR=target)
        debug = subprocess.Popen([str(self.shim / "cargo"), "build", "-q"], cwd=self.ws,
                                 env=dict(self.env([slow, self.cargo("path").bin]), CARGO_TARGET_DIR=str(target)))
        self.until(lambda: (target / ".cargo-steady/mark-debug").exists(), "no mark")
        self.run_shim("build", "--release", env=env)
        self.assertEqual(debug.wait(60), 0)
        os.utime(self.ws / "src/main.rs")
        for options in ((), ("--release",)):
            self.assertEqual(self.compiled(self.run_shim("build", *options, env=env)), [], options)
        self.say("two")
        for profile, options in (("debug", ()), ("release", ("--release",))):
            self.run_shim("build", *options, env=env)
            self.assertEqual(self.says(target, profile), "two")

    def test_unpacked_elsewhere_each_time(self):
        """An sdist's tree, unpacked into another directory for each build: unchanged code is not compiled, edited code is."""
        target = self.tmp / "outside"
        env = self.env(CARGO_TARGET_DIR=target)
        compiled = []
        for number, text in enumerate(("one", "one", "two", "two")):
            self.say(text)
            root = self.tmp / f"unpacked-{number}"
            shutil.copytree(self.ws, root, copy_function=shutil.copy)
            for path in root.rglob("*"):
                os.utime(path, (_OLD, _OLD) if number % 2 else None)
            compiled.append(self.compiled(self.run_shim("build", cwd=root, env=env)))
            self.assertEqual(self.says(target), text)
        self.assertEqual(compiled, [["app"], [], ["app"], []])


class Histories(ShimCase):
    """Random histories of two work trees, in their own target directories and in a shared one. After each build through the
    shim the program says what the sources say, and a second one has nothing to do. STEADY_TEST_SEEDS, STEADY_TEST_STEPS: how many, how long."""

    def make_tree(self, root):
        self.project(root, more='\n[dependencies]\npart = { path = "part" }\n', build=textwrap.dedent("""\
            fn main() {
                println!("cargo:rerun-if-changed=data");
                println!("cargo:rustc-env=DATA={}", std::fs::read_to_string("data/one.txt").unwrap().trim());
            }
            """))
        (root / "part/src").mkdir(parents=True)
        (root / "part/Cargo.toml").write_text('[package]\nname = "part"\nversion = "0.1.0"\nedition = "2021"\n')
        (root / "data").mkdir()
        for name in ("main", "part", "data"):
            self.edit(root, name, "first")

    def edit(self, root, name, text):
        path, content = {
            "main": ("src/main.rs", 'fn main() { println!("%s {} {}", part::TEXT, env!("DATA")); }\n#[test] fn it() {}\n'),
            "part": ("part/src/lib.rs", 'pub const TEXT: &str = "%s";\n'),
            "data": ("data/one.txt", "%s\n"),
        }[name]
        self.texts[root][name] = text
        (root / path).write_text(content % text)
        when = self.random.choice((None, _OLD, _OLD + 1, time.time() - 3600))
        if when:
            os.utime(root / path, (when, when))
            os.utime((root / path).parent, (when, when))

    def kill_one(self, root, env):
        child = subprocess.Popen([str(self.shim / "cargo"), "build", "-q"], cwd=root, env=env, stdin=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(self.random.random() * 0.4)
        os.killpg(child.pid, self.random.choice((signal.SIGINT, signal.SIGKILL, signal.SIGTERM)))
        child.wait(30)

    def move_tree(self, root):
        """The tree is replaced by a copy, its times kept or not, as checkouts and caches do."""
        copy = root.with_name(root.name + ".copy")
        shutil.copytree(root, copy, copy_function=self.random.choice((shutil.copy, shutil.copy2)), symlinks=True)
        shutil.rmtree(root)
        copy.rename(root)

    def step(self, root, shared):
        env = self.env(CARGO_TARGET_DIR=self.tmp / "outside" if shared else None)
        action = self.random.choice(("edit", "edit", "edit", "build", "build", "run", "test", "check", "release", "kill", "plain",
                                     "move"))
        if action == "edit":
            self.edit(root, self.random.choice(("main", "part", "data")), f"t{self.random.randrange(3)}")
        elif action == "kill":
            self.kill_one(root, env)
        elif action == "move":
            self.move_tree(root)
        elif action == "plain" and not shared:
            self.run_cargo("build", "-q", cwd=root, env=env)
        elif action in ("test", "check"):
            self.run_shim(action, "-q", cwd=root, env=env)
        else:
            words = ["--release"] if action == "release" else []
            self.run_shim("run" if action == "run" else "build", *words, cwd=root, env=env)
            done = self.run_shim("run", *words, cwd=root, env=env)
            texts = self.texts[root]
            self.assertEqual(done.stdout, f"{texts['main']} {texts['part']} {texts['data']}\n")
            self.assertNotIn("Compiling", done.stderr)
        return action

    def test_random(self):
        for seed in range(int(os.environ.get("STEADY_TEST_SEEDS", "3"))):
            self.random = random.Random(seed)
            self.texts = {self.tmp / f"{seed}-{name}": {} for name in "ab"}
            for root in self.texts:
                self.make_tree(root)
            history = []
            shared = seed % 3 != 0
            for _ in range(int(os.environ.get("STEADY_TEST_STEPS", "25"))):
                root = self.random.choice(list(self.texts))
                with self.subTest(seed=seed, history=history):
                    history.append((root.name, self.step(root, shared)))


#: Registers PYO3_PYTHON, and tells what it sees.
_PYTHONIC = textwrap.dedent("""\
    use std::{env, fs};
    fn main() {
        println!("cargo:rerun-if-changed=build.rs");
        println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
        fs::write(env::var("SEEN").unwrap(), env::var("PYO3_PYTHON").unwrap_or_default()).unwrap();
    }
    """)


class Environments(ShimCase):
    """Throw-away environments are replaced where builds see them."""

    def setUp(self):
        super().setUp()
        self.ws = self.project(build=_PYTHONIC)
        self.seen = self.tmp / "seen"

    def test_second_environment_compiles_nothing(self):
        lines = []
        for number in range(2):
            env = ephemeral_env(self.tmp / "uv")
            done = self.run_shim("build", env=self.env(PYO3_PYTHON=env / "bin/python", VIRTUAL_ENV=env, SEEN=self.seen))
            lines.append(done.stderr.count("Compiling"))
            shutil.rmtree(env)
        self.assertEqual(lines, [1, 0])
        self.assertTrue(self.seen.read_text().startswith(str(self.tmp / "home")), self.seen.read_text())

    def test_off(self):
        env = ephemeral_env(self.tmp / "uv")
        self.run_shim("build", env=self.env(PYO3_PYTHON=env / "bin/python", SEEN=self.seen, STEADY_SHIM="off"))
        self.assertEqual(self.seen.read_text(), str(env / "bin/python"))

    def test_program_sees_its_environment(self):
        """X22: `uv run` with a throw-away VIRTUAL_ENV that the program itself uses."""
        (self.ws / "src/main.rs").write_text('fn main() { println!("{}", std::env::var("VIRTUAL_ENV").unwrap()); }\n')
        env = ephemeral_env(self.tmp / "uv")
        done = self.run_shim("run", "-q", env=self.env(VIRTUAL_ENV=env, SEEN=self.seen))
        self.assertEqual(done.stdout, f"{env}\n")

    def test_own_environment_stays(self):
        env = make_env(self.tmp / "venv")
        self.run_shim("build", env=self.env(PYO3_PYTHON=env / "bin/python", SEEN=self.seen))
        self.assertEqual(self.seen.read_text(), str(env / "bin/python"))


if __name__ == "__main__":
    main()
