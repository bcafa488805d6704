"""The fault injector itself: it counts what it says, kills where it says, and leaves nothing running."""

import os
import sys
import time
import unittest
from pathlib import Path

from steadytest import E2ECase, main
from steadytest.faults import KILLED, killat, killat_program

#: Makes a, b, c (one write and one fsync each), renames c to d.
PROGRAM = """
import os
for name in "abc":
    fd = os.open(name, os.O_WRONLY | os.O_CREAT)
    os.write(fd, b"x")
    os.fsync(fd)
    os.close(fd)
os.rename("c", "d")
print("end")
"""

THREADS = """
import os, threading, subprocess, sys
def work(name):
    fd = os.open(name, os.O_WRONLY | os.O_CREAT)
    os.fsync(fd)
    while True:
        os.fsync(fd)
for name in "ab":
    threading.Thread(target=work, args=(name,), daemon=True).start()
subprocess.run([sys.executable, "-c", "import os, time; open('child', 'w').write(str(os.getpid())); time.sleep(600)"])
"""


@unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
class Killat(E2ECase):
    def run_at(self, count, program=PROGRAM, **how):
        return killat([sys.executable, "-S", "-E", "-c", program], count, cwd=self.tmp, **how)

    def files(self):
        return sorted(os.listdir(self.tmp))

    def test_counts(self):
        run = self.run_at(0, trace=True)
        self.assertEqual((run.returncode, run.calls, run.status, run.stdout), (0, 10, 0, "end\n"))
        self.assertEqual(run.trace[:3] + run.trace[-1:], ["1 openat", "2 write", "3 fsync", "10 rename"])
        self.assertEqual(self.files(), ["a", "b", "d"])

    def test_before(self):
        for count, files in ((1, []), (2, ["a"]), (4, ["a"]), (5, ["a", "b"]), (10, ["a", "b", "c"])):
            with self.subTest(count=count):
                for name in self.files():
                    os.unlink(self.tmp / name)
                run = self.run_at(count)
                self.assertEqual((run.returncode, run.calls, run.status), (KILLED, count, None))
                self.assertEqual(self.files(), files)
                self.assertEqual(run.stdout, "")

    def test_before_means_the_call_did_not_happen(self):
        self.assertEqual(self.run_at(2).killed, "write")
        self.assertEqual((self.tmp / "a").stat().st_size, 0)

    def test_after(self):
        self.assertEqual(self.run_at(2, when="--after").killed, "write")
        self.assertEqual((self.tmp / "a").stat().st_size, 1)
        self.assertEqual(self.run_at(10, when="--after").killed, "rename")
        self.assertEqual(self.files(), ["a", "b", "d"])

    def test_not_reached(self):
        run = self.run_at(11)
        self.assertEqual((run.returncode, run.calls, run.killed), (0, 10, None))

    def test_chosen_calls(self):
        run = self.run_at(2, calls="fsync,rename")
        self.assertEqual((run.killed, self.files()), ("fsync", ["a", "b"]))

    def test_fail(self):
        run = self.run_at(3, calls="write,fsync,openat", fail="ENOSPC")
        self.assertEqual((run.failed, run.status, run.returncode), ("fsync", 1, 1))
        self.assertIn("No space left on device", run.stderr)
        self.assertEqual(self.files(), ["a"])

    def test_status_of_the_program(self):
        self.assertEqual(self.run_at(0, "raise SystemExit(7)").status, 7)
        self.assertEqual(self.run_at(0, "import os; os.kill(os.getpid(), 15)").status, 128 + 15)

    def test_threads_and_children_die_too(self):
        run = self.run_at(400, THREADS, calls="fsync")
        self.assertEqual((run.returncode, run.calls), (KILLED, 400))
        child = self.tmp / "child"
        if child.exists() and child.read_text():
            self.assertTrue(self.ended(child.read_text()), "the child is still running")

    @staticmethod
    def ended(pid):
        """Gone, or dead and waiting for whoever adopted it: the first process of a container may never reap."""
        for _ in range(100):
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return True
            if state in "ZX":
                return True
            time.sleep(0.05)
        return False


if __name__ == "__main__":
    main()
