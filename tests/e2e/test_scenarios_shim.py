"""Stories about the `cargo` on PATH: X18, X20 to X22, X27 and X28. Each is told with cargo alone and with the shim."""

import fcntl
import os
import pty
import select
import shutil
import signal
import subprocess
import termios
import time
from pathlib import Path

from steadytest import main
from steadytest.pycase import PyCase
from steadytest.pytools import make_wheel
from steadytest.pyworld import ASKS_MYGEN, PLAIN, SHIM, PyWorld, asking_files
from steadytest.run import steady_program

ABOVE = ["app", "generated"]
NOTHING = 'let says = "nothing";'
OLD = 1153699200  # what maturin dates the files of an sdist


def date(root: Path, stamp: int = OLD) -> None:
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name != "target"]
        for name in files + names:
            os.utime(os.path.join(folder, name), (stamp, stamp))


def wait_for(what, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.02)


class ShimCase(PyCase):
    def world(self, how: str, files: dict = None, name: str = None) -> PyWorld:
        return PyWorld(self.tmp / (name or how), how, self.tool, self.tools, files or asking_files(NOTHING))


class AtOnce(ShimCase):
    """X18: two builds at once."""

    def mygen(self, word: str) -> Path:
        return make_wheel(self.tmp / word, "mygen", "1.0", {"mygen.py": f"WORD = {word!r}\n"})

    def test_X18_other_environments_and_target_directories(self):
        """Two environments of one interpreter have one alias; each script sees its own environment."""
        for how in (PLAIN, SHIM):
            worlds = [self.world(how, asking_files(ASKS_MYGEN), f"{how}-{word}") for word in ("one", "two")]
            for world in worlds:
                world.seen.home = self.tmp / "home"
            for _ in range(3):
                for world, word in zip(worlds, ("one", "two")):
                    world.isolated(self.mygen(word))
                    world.ws.edit("generated/build.rs", "fn main", "// again\nfn main")
                started = [world.start("build", "--offline") for world in worlds]
                for world, process, word in zip(worlds, started, ("one", "two")):
                    said, _ = process.communicate(timeout=300)
                    self.assertEqual((process.returncode, world.says()), (0, f"42 {word}"), said)
            for world, word in zip(worlds, ("one", "two")):
                world.seen.take()
                world.isolated(self.mygen(word))
                self.assertEqual(sorted(world.build().compiled), ABOVE if how == PLAIN else [])

    def trees(self, how: str):
        """Two trees of the same packages, as sdists of two commits are unpacked, with one target directory."""
        worlds = []
        for number in (42, 43):
            world = self.world(how, name=f"{how}-{number}")
            world.ws.edit("helper/src/lib.rs", "42", str(number))
            date(world.ws.root)
            world.seen.home = self.tmp / "home"
            world.ws.target = self.tmp / how / "target"
            world.variables["CARGO_TARGET_DIR"] = world.ws.target
            worlds.append(world)
        return worlds

    def test_X18_one_target_directory_plain(self):
        first, second = self.trees(PLAIN)
        first.build()
        second.build()
        self.assertEqual(second.says(), "42 nothing", "cargo alone is right here")

    def test_X18_one_target_directory(self):
        """The second one must not judge while the first one builds, nor may the first one's record hide the second one's build."""
        worlds = self.trees(SHIM)
        for _ in range(2):
            running = []
            for world in worlds:
                world.seen.take()
                running.append((world, world.start("build", "--offline", SEEN_HOLD=world.seen.hold())))
                if world is worlds[0]:
                    wait_for(world.seen.calls)
            time.sleep(1)
            self.assertEqual(worlds[1].seen.calls(), [], "the second one started cargo while the first one built")
            for (world, process), number in zip(running, (42, 43)):
                world.seen.release()
                said, _ = process.communicate(timeout=300)
                self.assertEqual((process.returncode, world.says()), (0, f"{number} nothing"), said)
        for world, number in zip(worlds, (42, 43)):
            world.seen.take()
            self.assertEqual(sorted(world.build().compiled), ["app", "helper"])
            self.assertEqual(world.build().compiled, [])
            self.assertEqual(world.says(), f"{number} nothing")


_PROGRAM = """
use std::io::Write;

fn main() {
    println!("pid {}", std::process::id());
    std::io::stdout().flush().unwrap();
    loop { std::thread::sleep(std::time::Duration::from_millis(50)); }
}
"""


class Processes(ShimCase):
    """X20: the terminal's signals, stops and deaths are the same through the shim."""

    def running(self, how: str, argv: list, held: bool) -> tuple:
        """(world, process, its terminal): ARGV in a session of its own, once the real cargo was called; HELD: it waits."""
        files = asking_files(NOTHING)
        files["app/src/main.rs"] = _PROGRAM
        world = self.world(how, files, f"{how}-{len(os.listdir(self.tmp))}")
        world.build()
        hold = world.seen.hold() if held else ""
        terminal, other = pty.openpty()
        process = subprocess.Popen(argv, cwd=world.ws.root, env=world.environment(SEEN_HOLD=hold), stdin=other, stdout=other,
                                   stderr=other, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(other)
        self.addCleanup(os.close, terminal)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        wait_for(world.seen.calls)
        return world, process, terminal

    def read_until(self, terminal: int, wanted: str) -> str:
        said = ""
        while wanted not in said:
            if not select.select([terminal], [], [], 60)[0]:
                raise AssertionError(f"waited for {wanted!r}, got {said!r}")
            said += os.read(terminal, 4096).decode()
        return said

    def test_X20_run_becomes_the_program(self):
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                _, process, terminal = self.running(how, ["cargo", "run", "--offline"], held=False)
                self.read_until(terminal, f"pid {process.pid}\r\n")
                os.write(terminal, b"\x03")
                self.assertEqual(process.wait(30), -signal.SIGINT)

    def test_X20_ctrl_c_while_building(self):
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                _, process, terminal = self.running(how, ["cargo", "build", "--offline"], held=True)
                os.write(terminal, b"\x03")
                self.assertEqual(process.wait(30), -signal.SIGINT)

    def test_X20_stopped_and_continued(self):
        """Ctrl-Z under a shell with job control: it sees its job stopped, and can go on with it."""
        script = 'cargo build --offline; echo "first $?"; fg >/dev/null; echo "second $?"'
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world, process, terminal = self.running(how, ["bash", "-m", "-c", script], held=True)
                os.write(terminal, b"\x1a")
                self.read_until(terminal, f"first {128 + signal.SIGTSTP}\r\n")
                world.seen.release()
                self.read_until(terminal, "second 0\r\n")
                self.assertEqual(process.wait(60), 0)

    def test_X20_killed(self):
        """When the shim is killed, no cargo stays behind; SIGTERM reaches cargo."""
        for how in (PLAIN, SHIM):
            for number in (signal.SIGTERM, signal.SIGKILL):
                with self.subTest(how=how, signal=number):
                    world, process, terminal = self.running(how, ["cargo", "build", "--offline"], held=True)
                    (pid,) = [path.stem for path in world.seen.logs.glob("*.call")]
                    os.kill(process.pid, number)
                    self.assertEqual(process.wait(30), -number)
                    wait_for(lambda: not _alive(int(pid)), 10)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Commands(ShimCase):
    def test_X21_shims_toolchains_options_and_aliases(self):
        """Two programs and two links of the shim on PATH, and cargo called in many ways: the real one is called once, with
        the same words, and builds what the sources say."""
        calls = (["--config", "build.jobs=2", "build"], ["b"], ["-q", "b"], ["make"], ["--offline", "rustc", "-p", "app"])
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world = self.world(how)
                world.ws.write(".cargo/config.toml", '[alias]\nmake = "build --offline"\n')
                if how == SHIM:
                    (world.folder / "other").mkdir()
                    shutil.copy(steady_program(), world.folder / "other/cargo")
                    world.seen.more = [world.folder / "other", world.first(), world.folder / "other"]
                for answer, words in enumerate(calls, 42):
                    world.ws.edit("helper/src/lib.rs", f"{answer}", f"{answer + 1}")
                    world.cargo(*words)
                    self.assertEqual(world.says(), f"{answer + 1} nothing", words)
                    self.assertEqual([call[1:] for call in world.calls], [words])

    def test_X21_toolchain(self):
        """`+toolchain` is rustup's; a cargo that is no proxy refuses it, as before."""
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world = self.world(how)
                run = world.cargo("+nosuch", "build", check=False)
                self.assertEqual([call[1:] for call in world.calls], [["+nosuch", "build"]])
                self.assertEqual(run.returncode, 101)

    def test_X21_cargo_within_cargo(self):
        """A build script that calls cargo for a workspace of its own, and one that asks cargo for metadata."""
        nested = ('let done = Command::new("cargo").args(["build", "--offline", "--manifest-path", "../inner/Cargo.toml"])'
                  '.env("CARGO_TARGET_DIR", format!("{out}/inner")).status().unwrap(); assert!(done.success());'
                  'let done = Command::new("cargo").args(["metadata", "--offline", "--no-deps"]).output().unwrap();'
                  'assert!(done.status.success());'
                  'let done = Command::new(format!("{out}/inner/debug/inner")).output().unwrap();'
                  'let says = String::from_utf8(done.stdout).unwrap().trim().to_string();')
        files = asking_files(nested, 'println!("cargo:rerun-if-changed=../inner/src");')
        files.update({"inner/Cargo.toml": '[package]\nname = "inner"\nversion = "0.1.0"\n\n[workspace]\n',
                      "inner/src/main.rs": 'fn main() { println!("one"); }\n'})
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world = self.world(how, files)
                world.ws.target = world.folder / "outside"
                world.variables["CARGO_TARGET_DIR"] = world.ws.target
                world.build()
                self.assertEqual(world.says(), "42 one")
                world.ws.edit("inner/src/main.rs", "one", "two")
                world.build()
                self.assertEqual(world.says(), "42 two")

    def test_X22_run_with_an_environment(self):
        """`uv run` gives the program a throw-away environment, which it uses itself."""
        program = ('use std::{env, process::Command};\nfn main() {\n'
                   '    let python = format!("{}/bin/python3", env::var("VIRTUAL_ENV").unwrap());\n'
                   '    let done = Command::new(python).args(["-c", "import mygen; print(mygen.WORD)"]).output().unwrap();\n'
                   '    print!("{}", String::from_utf8(done.stdout).unwrap());\n}\n')
        files = asking_files(NOTHING)
        files["app/src/main.rs"] = program
        wheel = make_wheel(self.tmp / "wheels", "mygen", "1.0", {"mygen.py": "WORD = 'inside'\n"})
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world = self.world(how, files)
                env = dict(world.environment(), UV_CACHE_DIR=str(world.folder / "uv-cache"), **world.tools.variables())
                argv = [str(world.tools.program("uv")), "run", "-q", "--no-project", "--isolated", "--with", str(wheel), "--",
                        "cargo", "run", "-q", "--offline"]
                for _ in range(2):
                    done = subprocess.run(argv, env=env, cwd=world.ws.root, text=True, capture_output=True)
                    self.assertEqual(done.stdout.strip(), "inside", done.stderr)


class Untrusted(ShimCase):
    def test_X27_fifo_and_device_as_input(self):
        files = asking_files('let says = fs::read_dir("watched").unwrap().count().to_string();',
                             'println!("cargo:rerun-if-changed=watched");')
        for how in (PLAIN, SHIM):
            with self.subTest(how=how):
                world = self.world(how, files)
                watched = world.ws.root / "generated/watched"
                watched.mkdir()
                os.mkfifo(watched / "fifo")
                (watched / "zero").symlink_to("/dev/zero")
                for count in (2, 3):
                    self.assertEqual(world.build().returncode, 0)
                    self.assertEqual(world.says(), f"42 {count}")
                    (watched / "more").write_text("")

    def test_X28_nothing_of_the_project_is_run_before_cargo(self):
        """What a rust-toolchain.toml or `[build] rustc` names is for cargo to run, or for rustup; not for the shim."""
        world = self.world(SHIM)
        world.build()
        world.seen.take()
        marker, evil = world.folder / "executed", world.folder / "evil"
        evil.mkdir()
        for name in ("cargo", "rustc"):
            (evil / name).write_text(f"#!/bin/sh\necho $0 >>{marker}\nexec false\n")
            (evil / name).chmod(0o755)
        world.ws.write("rust-toolchain.toml", f'[toolchain]\npath = "{evil}"\n')
        world.ws.write(".cargo/config.toml", f'[build]\nrustc = "{evil}/rustc"\n')
        process = world.start("build", "--offline", SEEN_HOLD=world.seen.hold())
        wait_for(world.seen.calls)
        self.assertFalse(marker.exists(), "the shim executed something of the project")
        world.seen.release()
        said, _ = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0, said)
        self.assertTrue(marker.exists(), "cargo did not use it: this test's reason is gone")


if __name__ == "__main__":
    main()
