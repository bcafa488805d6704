"""`rewrite` and real cargos on one target directory: each waits for the other and says so; no deadlock, nothing lost. And what
works where there is no cargo, or nothing may be written."""

import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from steadytest import E2ECase, ephemeral_env, main, make_env, snapshot, snapshot_difference, steady
from steadytest.run import clean_env, steady_program
from steadytest.scripted import scripted_workspace

#: A build script's last lines: says that it runs, and waits until it may go on.
_SLOW = """if let Ok(gate) = env::var("PROBE_GATE") {
        fs::write(format!("{gate}.here"), "").unwrap();
        while !Path::new(&gate).exists() { std::thread::sleep(std::time::Duration::from_millis(20)); }
    }"""
_MESSAGE = "Blocking waiting for file lock on"


class Locks(E2ECase):
    def prepare(self, cargo):
        self.ws = scripted_workspace(self.tmp / "ws", self.cargo(cargo), _SLOW)
        self.old, self.new = ephemeral_env(self.tmp / "uv"), make_env(self.tmp / "stable")
        self.build(self.old)

    def build(self, env, **more):
        return self.ws.cargo("build", env={"PYO3_PYTHON": env / "bin/python", **more})

    def start(self, argv, **env):
        child = subprocess.Popen(list(map(str, argv)), cwd=self.ws.root, env=self.ws.environment(**env), text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: child.poll() is None and child.kill())
        return child

    def arguments(self, *more):
        return [steady_program(), "rewrite", "--target-dir", self.ws.target, "--to", self.new, *more]

    def until(self, condition, what):
        for _ in range(1500):
            if condition():
                return
            time.sleep(0.02)
        self.fail(f"waited 30 s: {what}")

    def build_up_to_the_gate(self):
        """A build that holds cargo's locks, with its script running, until the file returned is touched; and its thread."""
        gate = self.tmp / "gate"
        slow = threading.Thread(target=lambda: self.build(self.new, PROBE_GATE=gate))
        slow.start()
        self.addCleanup(slow.join)
        self.addCleanup(gate.touch)
        self.until((self.tmp / "gate.here").exists, "the build script")
        return gate, slow

    def waits_for_cargo(self, cargo):
        self.prepare(cargo)
        gate, slow = self.build_up_to_the_gate()
        before = snapshot(self.ws.target)
        child = self.start(self.arguments())
        line = child.stderr.readline()
        self.assertIn(f"{_MESSAGE} build directory", line)
        time.sleep(0.5)
        self.assertIsNone(child.poll())
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        gate.touch()
        slow.join(60)
        _, rest = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0, rest)
        self.assertTrue(self.build(self.new).all_fresh)

    def test_rewrite_waits_for_cargo(self):
        self.waits_for_cargo("path")

    def test_rewrite_waits_for_cargo_of_three_locks(self):
        self.waits_for_cargo("debian-web")

    def test_restore_and_save_wait_for_cargo(self):
        self.prepare("path")
        gate, slow = self.build_up_to_the_gate()
        before = snapshot(self.ws.target)
        children = {}
        for command in ("restore", "save"):
            children[command] = self.start([steady_program(), command])
            self.assertIn(f"{_MESSAGE} build directory", children[command].stderr.readline())
        time.sleep(0.5)
        self.assertEqual([child.poll() for child in children.values()], [None, None])
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        for args in (("explain",), ("restore", "--dry-run"), ("save", "--dry-run")):
            reading = subprocess.run([steady_program(), *args], cwd=self.ws.root, env=self.ws.environment(), capture_output=True,
                                     text=True, timeout=30)
            self.assertEqual((args, reading.returncode), (args, 0), reading.stderr)
        gate.touch()
        slow.join(60)
        for command, child in children.items():
            _, rest = child.communicate(timeout=60)
            self.assertEqual((command, child.returncode), (command, 0), rest)

    def cargo_waits(self, cargo):
        """The interpreter of --to is asked under the locks: one that is slow to answer holds them."""
        self.prepare(cargo)
        here, gate = self.tmp / "asked", self.tmp / "answer"
        python = self.new / "bin/python"
        real = python.resolve()
        for name in (self.new / "bin").glob("python*"):
            name.unlink()
        python.write_text(f'#!/bin/sh\ntouch "{here}"\nwhile [ ! -e "{gate}" ]; do sleep 0.05; done\nexec "{real}" "$@"\n')
        python.chmod(0o755)
        rewriting = self.start(self.arguments())
        self.until(here.exists, "the interpreter")
        env = {"PYO3_PYTHON": str(python), "PATH": f"{self.ws.tool.bin}{os.pathsep}{os.environ['PATH']}"}
        building = self.start([self.ws.tool.program, "build", "-v"], **env)
        self.assertIn(_MESSAGE, building.stderr.readline())
        gate.touch()
        _, said = rewriting.communicate(timeout=60)
        self.assertEqual(rewriting.returncode, 0, said)
        _, said = building.communicate(timeout=60)
        self.assertEqual(building.returncode, 0, said)
        self.assertNotIn("Compiling", said)

    def test_cargo_waits_for_rewrite(self):
        self.cargo_waits("path")

    def test_cargo_of_three_locks_waits_for_rewrite(self):
        self.cargo_waits("debian-web")

    def test_no_deadlock(self):
        """Builds of both kinds of cargo and rewrites there and back, all at once: all end, and the programs are right."""
        self.prepare("path")
        other = self.cargo("debian-web")
        deadline = time.monotonic() + 6

        def again(argv, **env):
            while time.monotonic() < deadline:
                child = self.start(argv, **env)
                _, said = child.communicate(timeout=60)
                self.assertEqual(child.returncode, 0, said)

        failures = []

        def guarded(argv, **env):
            try:
                again(argv, **env)
            except BaseException as error:  # a thread's failure must fail the test
                failures.append(error)

        jobs = [(self.arguments("--from", self.old), {}),
                ([steady_program(), "rewrite", "--target-dir", self.ws.target, "--from", self.new, "--to", self.old], {})]
        for tool, profile in ((self.ws.tool, []), (other, []), (other, ["--release"])):
            jobs.append(([tool.program, "build", *profile],
                         {"PYO3_PYTHON": self.old / "bin/python", "PATH": f"{tool.bin}{os.pathsep}{os.environ['PATH']}"}))
        threads = [threading.Thread(target=guarded, args=(argv,), kwargs=env) for argv, env in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
            self.assertFalse(thread.is_alive())
        self.assertEqual(failures, [])
        self.build(self.old)
        out = subprocess.run([str(self.ws.target / "debug/app")], stdout=subprocess.PIPE, text=True).stdout
        self.assertRegex(out, r"^\d\.\d+ 42\n$")
        self.assertTrue(self.build(self.old).all_fresh)
        self.assertFalse((self.ws.target / ".cargo-steady").exists())

    def test_interrupted_while_it_waits(self):
        self.prepare("path")
        self.build_up_to_the_gate()
        child = self.start(self.arguments())
        child.stderr.readline()
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)
        self.assertNotEqual(child.returncode, 0)

    def test_dry_run_and_scan_do_not_wait(self):
        self.prepare("path")
        self.build_up_to_the_gate()
        for argv in (["scan", "--target-dir", self.ws.target], self.arguments("--dry-run")[1:]):
            self.assertNotIn(_MESSAGE, steady(*argv, timeout=30).stderr)

    def test_without_cargo(self):
        self.prepare("path")
        env = clean_env(PATH="/nonexistent", HOME=self.tmp)
        self.assertIn("ephemeral", steady("scan", "--target-dir", self.ws.target, env=env).stdout)
        self.assertEqual(steady(*self.arguments()[1:], "--format", "json", env=env).json["left"], [])
        self.assertTrue(self.build(self.new).all_fresh)

    @unittest.skipUnless(shutil.which("setpriv") or os.geteuid() != 0, "root may write anywhere, and there is no setpriv")
    def test_read_only(self):
        self.prepare("path")
        os.chmod(self.tmp, 0o755)
        program = shutil.copy(steady_program(), self.tmp / "cargo-steady")
        subprocess.run(["chmod", "-R", "a+rX,a-w", str(self.ws.target)], check=True)
        self.addCleanup(subprocess.run, ["chmod", "-R", "u+w", str(self.ws.target)])
        before = snapshot(self.ws.target, directories=True)
        drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []

        def run(*args):
            return subprocess.run([*drop, program, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=clean_env(HOME="/nonexistent"), timeout=60, cwd=self.tmp)

        scanned = run("scan", "--target-dir", self.ws.target)
        self.assertEqual((scanned.returncode, scanned.stderr), (0, ""))
        planned = run("rewrite", "--target-dir", self.ws.target, "--to", self.new, "--dry-run")
        self.assertEqual(planned.returncode, 0, planned.stderr)
        done = run("rewrite", "--target-dir", self.ws.target, "--to", self.new)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, r"^error: .*debug/\.cargo-.*Permission denied")
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target, directories=True)), [])

    def test_no_descriptor_reaches_the_interpreter(self):
        """What we have open (locks among it) is not handed on."""
        self.prepare("path")
        python, log = self.new / "bin/python", self.tmp / "fds"
        real = python.resolve()
        for name in (self.new / "bin").glob("python*"):
            name.unlink()
        python.write_text(f'#!/bin/sh\nfor fd in /proc/$$/fd/*; do echo "${{fd##*/}} $(readlink "$fd")"; done > "{log}"\n'
                          f'exec "{real}" "$@"\n')
        python.chmod(0o755)
        steady(*self.arguments()[1:])
        leaked = [line for line in log.read_text().splitlines() if str(self.ws.target) in line]
        self.assertEqual(leaked, [])


if __name__ == "__main__":
    main()
